//! Images made from codes: draws from the prior, or codes that somebody chose.

use aae_ops::stream::Stream;
use aae_viz::{GridLabels, Images, grid};

use super::{COLUMNS, Drawing, Subject, Told, columns, decode, drawn_from};

/// `n` images decoded from draws of the prior, in rows of ten or tens: all of `label`, or without it of each of the model's labels in
/// turn.
pub(crate) fn samples(
    subject: &Subject<'_>,
    n: usize,
    label: Option<u8>,
    rng: &mut Stream,
) -> anyhow::Result<Drawing> {
    let labels = match label {
        Some(label) => vec![label; n],
        None => subject.in_turn(n),
    };
    let codes = subject.draw(&labels, rng)?;
    let subtitle = format!("{} · {}", subject.caption, drawn_from(subject));
    let title = match label {
        Some(label) => format!("Random samples of {} {label}", subject.label_name()),
        None => "Random samples".to_owned(),
    };
    // Where a row has each label equally often, a column is a label.
    let heads = match label.is_none() && subject.labels() == COLUMNS {
        true => {
            let columns = 0..columns(n).min(n);
            columns.map(|c| (c % COLUMNS).to_string()).collect()
        }
        false => Vec::new(),
    };
    let told = Told::Labels(&labels);
    draw(subject, &codes, told, title, subtitle, heads)
}

/// The image of each of the codes `[n, latent_dim]`, of `label` or what stands for it.
pub(crate) fn points(
    subject: &Subject<'_>,
    codes: &[f32],
    label: Option<u8>,
) -> anyhow::Result<Drawing> {
    let dim = subject.autoencoder.latent_dim();
    let text = |code: &[f32]| {
        let numbers: Vec<String> = code.iter().map(f32::to_string).collect();
        format!("({})", numbers.join(", "))
    };
    let title = match codes.len() / dim {
        1 => format!("z = {}", text(codes)),
        n => format!("{n} codes, decoded"),
    };
    // Each above its image, where there is one row.
    let names = match codes.len() / dim {
        2..=COLUMNS => codes.chunks_exact(dim).map(text).collect(),
        _ => Vec::new(),
    };
    let told = subject.told_of_codes(label);
    let subtitle = subject.caption_with(told);
    draw(subject, codes, told, title, subtitle, names)
}

fn draw(
    subject: &Subject<'_>,
    codes: &[f32],
    told: Told<'_>,
    title: String,
    subtitle: String,
    heads: Vec<String>,
) -> anyhow::Result<Drawing> {
    let pixels = decode(subject.autoencoder, codes, told)?;
    let image = subject.autoencoder.image();
    Ok(Box::new(move || {
        let labels = GridLabels {
            title: &title,
            subtitle: &subtitle,
            columns: &heads,
            ..GridLabels::default()
        };
        let images = Images::new(&pixels, image.height, image.width)?;
        Ok(grid(&images, columns(images.len()), &labels)?)
    }))
}
