//! One style in every label or cluster: rows of codes, columns of labels.

use aae_data::Split;
use aae_ops::stream::Stream;
use aae_viz::{GridLabels, Images, grid};
use candle_core::Tensor;

use super::{Drawing, Subject, Told, decode, drawn_from};

/// `n` styles drawn from the prior, one a row, each decoded with every label.
pub(crate) fn random_styles(
    subject: &Subject<'_>,
    n: usize,
    rng: &mut Stream,
) -> anyhow::Result<Drawing> {
    let dim = subject.autoencoder.latent_dim();
    let codes = subject.config.prior.sample(n, dim, rng);
    let subtitle = format!("{} · {}", subject.caption, drawn_from(subject));
    let label = subject.label_name();
    let title = format!("A style in each row, a {label} in each column");
    rows(subject, &codes, None, title, &subtitle)
}

/// The styles of the test images at `positions`, one a row: the image itself, then its style with every label.
pub(crate) fn styles_of(
    subject: &Subject<'_>,
    test: &Split,
    positions: &[u32],
) -> anyhow::Result<Drawing> {
    let images = test.batch(positions, subject.autoencoder.device())?;
    let codes = subject.autoencoder.encode(&images)?.style;
    let codes: Vec<f32> = codes.flatten_all()?.to_vec1()?;
    let title = format!("The style of an image, in every {}", subject.label_name());
    rows(subject, &codes, Some(&images), title, subject.caption)
}

fn rows(
    subject: &Subject<'_>,
    codes: &[f32],
    originals: Option<&Tensor>,
    title: String,
    subtitle: &str,
) -> anyhow::Result<Drawing> {
    let autoencoder = subject.autoencoder;
    let (dim, ways) = (autoencoder.latent_dim(), autoencoder.categories());
    let (repeated, labels) = in_every_label(codes, dim, ways);
    let decoded = decode(autoencoder, &repeated, Told::Labels(&labels))?;
    let image = autoencoder.image();
    let mut names: Vec<String> = (0..ways).map(|label| label.to_string()).collect();
    let (mut pixels, mut columns) = (decoded, ways);
    if let Some(originals) = originals {
        let originals: Vec<f32> = originals.flatten_all()?.to_vec1()?;
        let row = ways * image.pixels();
        let beside = originals
            .chunks_exact(image.pixels())
            .zip(pixels.chunks_exact(row));
        pixels = beside
            .flat_map(|(original, row)| [original, row].concat())
            .collect();
        names.insert(0, "image".to_owned());
        columns += 1;
    }
    let subtitle = subtitle.to_owned();
    Ok(Box::new(move || {
        let labels = GridLabels {
            title: &title,
            subtitle: &subtitle,
            columns: &names,
            ..GridLabels::default()
        };
        let images = Images::new(&pixels, image.height, image.width)?;
        Ok(grid(&images, columns, &labels)?)
    }))
}

/// Each of `codes` `[n, dim]` once for each of `ways` labels, and these labels: a code after the other, the labels in turn.
fn in_every_label(codes: &[f32], dim: usize, ways: usize) -> (Vec<f32>, Vec<u8>) {
    let each = codes
        .chunks_exact(dim)
        .flat_map(|code| std::iter::repeat_n(code, ways));
    let labels = (0..codes.len() / dim).flat_map(|_| 0..ways as u8);
    (each.flatten().copied().collect(), labels.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_one_style_and_a_column_one_label() {
        let (codes, labels) = in_every_label(&[1.0, 2.0, 3.0, 4.0], 2, 3);
        let rows = [
            [1.0, 2.0],
            [1.0, 2.0],
            [1.0, 2.0],
            [3.0, 4.0],
            [3.0, 4.0],
            [3.0, 4.0],
        ];
        assert_eq!(codes, rows.concat());
        assert_eq!(labels, [0, 1, 2, 0, 1, 2]);
    }
}
