//! Images made from codes: draws from the prior, or codes that somebody chose.

use aae_ops::stream::Stream;
use aae_viz::{GridLabels, Images, Picture, grid};

use super::{Subject, Told, decode, drawn_from, in_turn};

const COLUMNS: usize = 10;

/// `n` images decoded from draws of the prior, in rows of ten. A decoder with labels is told `label` for all, or without it
/// each of its labels in turn.
pub(crate) fn samples(
    subject: &Subject<'_>,
    n: usize,
    label: Option<u8>,
    rng: &mut Stream,
) -> anyhow::Result<Picture> {
    let codes = subject
        .prior
        .sample(n, subject.autoencoder.latent_dim(), rng);
    let subtitle = format!("{} · {}", subject.caption, drawn_from(subject.prior));
    let labels = GridLabels {
        title: "Random samples",
        subtitle: &subtitle,
        ..GridLabels::default()
    };
    let told = match label {
        Some(label) => vec![label; n],
        None => in_turn(subject.autoencoder, n),
    };
    draw(subject, &codes, &told, &labels)
}

/// The image of each of the codes `[n, latent_dim]`; a decoder with labels is told `label`.
pub(crate) fn points(subject: &Subject<'_>, codes: &[f32], label: u8) -> anyhow::Result<Picture> {
    let dim = subject.autoencoder.latent_dim();
    let text = |code: &[f32]| {
        let numbers: Vec<String> = code.iter().map(f32::to_string).collect();
        format!("z = ({})", numbers.join(", "))
    };
    let title = match codes.len() / dim {
        1 => text(codes),
        n => format!("{n} codes, decoded"),
    };
    let labels = GridLabels {
        title: &title,
        subtitle: subject.caption,
        ..GridLabels::default()
    };
    draw(subject, codes, &vec![label; codes.len() / dim], &labels)
}

fn draw(
    subject: &Subject<'_>,
    codes: &[f32],
    told: &[u8],
    labels: &GridLabels<'_>,
) -> anyhow::Result<Picture> {
    let pixels = decode(subject.autoencoder, codes, Told::Labels(told))?;
    let image = subject.autoencoder.image();
    let images = Images::new(&pixels, image.height, image.width)?;
    Ok(grid(&images, COLUMNS, labels)?)
}
