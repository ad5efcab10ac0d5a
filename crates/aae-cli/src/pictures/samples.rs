//! Images made from codes: draws from the prior, or codes that somebody chose.

use aae_ops::stream::Stream;
use aae_viz::{GridLabels, Images, grid};

use super::{COLUMNS, Drawing, Subject, Told, columns, columns_of, decode, drawn_from};

/// Most labels of which each has a column of its own.
const MOST_LABELS: usize = 30;

/// `n` images decoded from draws of the prior, in rows of about ten or tens: all of `label`, or without it of each of the model's labels
/// in turn, one a column.
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
    let (columns, heads) = match label {
        Some(_) => (columns(n), Vec::new()),
        None => in_columns(subject.labels(), n),
    };
    let told = Told::Labels(&labels);
    draw(subject, &codes, told, title, subtitle, columns, heads)
}

/// Columns in which `n` samples of so many labels in turn have a label each, and their heads; as [`columns`] and without heads, if there
/// are no labels or too many.
fn in_columns(labels: usize, n: usize) -> (usize, Vec<String>) {
    if !(1..=MOST_LABELS).contains(&labels) {
        return (columns(n), Vec::new());
    }
    // A row has each label equally often.
    let columns = columns_of(labels * (COLUMNS / labels).max(1), n);
    let heads = 0..columns.min(n);
    let heads = heads.map(|column| (column % labels).to_string()).collect();
    (columns, heads)
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
    let columns = columns(codes.len() / dim);
    draw(subject, codes, told, title, subtitle, columns, names)
}

fn draw(
    subject: &Subject<'_>,
    codes: &[f32],
    told: Told<'_>,
    title: String,
    subtitle: String,
    columns: usize,
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
        Ok(grid(&images, columns, &labels)?)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_of_samples_is_a_label_and_says_which() {
        let heads = |labels, n| {
            let (columns, heads) = in_columns(labels, n);
            (columns, heads.join(" "))
        };
        assert_eq!(heads(10, 100), (10, "0 1 2 3 4 5 6 7 8 9".to_owned()));
        assert_eq!(heads(5, 100), (10, "0 1 2 3 4 0 1 2 3 4".to_owned()));
        assert_eq!(heads(3, 100), (9, "0 1 2 0 1 2 0 1 2".to_owned()));
        assert_eq!(heads(16, 4), (16, "0 1 2 3".to_owned()));
        for labels in 1..=MOST_LABELS {
            let (columns, heads) = in_columns(labels, 2_000);
            assert_eq!((columns % labels, heads.len()), (0, columns));
        }
        for labels in [0, 31, 255] {
            assert_eq!(heads(labels, 100), (10, String::new()));
        }
    }
}
