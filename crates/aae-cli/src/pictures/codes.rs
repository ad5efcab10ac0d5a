//! Codes in the plane, coloured by label, under the outline of the prior.

use aae_models::LabelUse;
use aae_models::prior::PriorConfig;
use aae_ops::stream::stream;
use aae_viz::{Scatter, scatter};

use super::{Drawing, Subject};

/// Height of a strip of one-dimensional codes, as a share of its length.
const STRIP: f32 = 0.3;

/// The codes `[n, latent_dim]` of images with these labels: their first two dimensions; one dimension becomes a strip.
pub(crate) fn codes(subject: &Subject<'_>, codes: &[f32], labels: &[u8]) -> Drawing {
    let dim = subject.autoencoder.latent_dim();
    let points = match dim {
        1 => strip(codes),
        _ => codes
            .chunks_exact(dim)
            .map(|code| [code[0], code[1]])
            .collect(),
    };
    let labels: Vec<usize> = labels.iter().copied().map(usize::from).collect();
    let (title, axes) = match dim {
        1 => ("Test codes by class", ["z", ""]),
        2 => ("Test codes by class", ["z₁", "z₂"]),
        _ => ("Test codes by class: z₁ and z₂", ["z₁", "z₂"]),
    };
    let subtitle = match dim {
        1 => format!("{} · spread upwards at random", subject.caption),
        2 => subject.caption.to_owned(),
        _ => format!("{} · {} dimensions not shown", subject.caption, dim - 2),
    };
    // With cluster heads the codes lie around those, not around the prior.
    let outline = match subject.autoencoder.label_use() {
        LabelUse::Heads => Vec::new(),
        _ if dim == 1 => Vec::new(),
        _ => subject.config.prior.outline(),
    };
    let outline_name = outline_name(subject);
    Box::new(move || {
        Ok(scatter(&Scatter {
            points: &points,
            labels: &labels,
            // A class is called by its number.
            classes: &[],
            outline: &outline,
            outline_name: &outline_name,
            axes,
            title,
            subtitle: &subtitle,
        })?)
    })
}

/// The prior, and where its curves lie.
fn outline_name(subject: &Subject<'_>) -> String {
    let (prior, purpose) = (subject.config.prior.describe(), subject.purpose());
    match &subject.config.prior {
        PriorConfig::Gaussian { .. } => format!("prior {prior} at 1, 2, 3 σ{purpose}"),
        PriorConfig::GaussianMixture { .. } => format!("prior: {prior}, each at 2 σ{purpose}"),
        // With a smaller shape the peak is infinite, and the outline the edge of the support.
        PriorConfig::Gamma { shape, .. } if *shape < 1.0 => format!("prior: {prior}{purpose}"),
        PriorConfig::Gamma { .. } | PriorConfig::Laplace { .. } => {
            format!("prior: {prior} at 61, 14, 1 % of its peak{purpose}")
        }
        PriorConfig::Uniform { .. } | PriorConfig::SwissRoll { .. } => {
            format!("prior: {prior}{purpose}")
        }
    }
}

/// One-dimensional codes at random heights, the same ones each time.
fn strip(codes: &[f32]) -> Vec<[f32; 2]> {
    let mut finite: Vec<f32> = codes
        .iter()
        .copied()
        .filter(|code| code.is_finite())
        .collect();
    finite.sort_unstable_by(f32::total_cmp);
    // Without the farthest hundredth at either end, which the picture may leave out.
    let beyond = finite.len() / 100;
    let ends = [finite.get(beyond), finite.iter().rev().nth(beyond)];
    let [low, high] = ends.map(|end| end.copied().unwrap_or(0.0));
    let length = high - low;
    let height = STRIP
        * if length > 0.0 && length.is_finite() {
            length
        } else {
            1.0
        };
    let uniform = PriorConfig::Uniform {
        low: -0.5,
        high: 0.5,
    };
    let heights = uniform.sample(codes.len(), 1, &mut stream(0, "figures.strip", 0));
    codes
        .iter()
        .zip(heights)
        .map(|(code, share)| [*code, height * share])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trained::tiny;

    #[test]
    fn the_outline_says_which_curves_it_has_and_what_it_is_for() {
        for (preset, expected) in [
            ("aae", "prior N(0, 5²) at 1, 2, 3 σ"),
            ("ae", "prior N(0, 5²) at 1, 2, 3 σ, for comparison"),
            (
                "aae-gamma",
                "prior: Gamma(shape 2, scale 2) at 61, 14, 1 % of its peak",
            ),
            (
                "aae-mixture",
                "prior: 10 Gaussians on a ring of radius 10, each at 2 σ",
            ),
            ("aae-uniform", "prior: uniform on [-10, 10]"),
        ] {
            assert_eq!(outline_name(&tiny::untrained(preset).subject()), expected);
        }
    }

    #[test]
    fn a_far_code_does_not_make_a_strip_high() {
        let mut codes: Vec<f32> = (0..1000).map(|i| (i % 7) as f32 - 3.0).collect();
        codes.push(1000.0);
        let points = strip(&codes);
        assert!(points.iter().all(|point| point[1].abs() <= 0.9));
    }

    #[test]
    fn a_strip_is_flat_whatever_the_codes_are() {
        for codes in [
            vec![],
            vec![1.0],
            vec![0.0, 10.0],
            vec![f32::NAN, f32::MAX, f32::MIN],
        ] {
            let points = strip(&codes);
            assert_eq!(points.len(), codes.len());
            assert!(
                points.iter().all(|point| point[1].abs() <= 1.5),
                "{codes:?}"
            );
        }
    }
}
