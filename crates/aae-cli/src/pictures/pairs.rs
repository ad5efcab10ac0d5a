//! Test images above what a model makes of them, or several models.

use aae_data::Split;
use aae_eval::{EvalError, given_labels};
use aae_models::Autoencoder;
use aae_train::corruption::Corruption;
use aae_viz::{GridLabels, Images, Row};
use candle_core::Tensor;

use super::{BATCH, COLUMNS, Drawing, Subject};

/// Examples of each class.
const EXAMPLES: usize = 3;

/// Three test images of each class, each above its reconstruction.
pub(crate) fn pairs(subject: &Subject<'_>, test: &Split) -> anyhow::Result<Drawing> {
    let (positions, columns) = examples(&test.labels());
    reconstructed(subject, test, &positions, columns)
}

/// The same of the test images at `positions`, in rows of `columns`.
pub(crate) fn reconstructed(
    subject: &Subject<'_>,
    test: &Split,
    positions: &[u32],
    columns: usize,
) -> anyhow::Result<Drawing> {
    comparison(
        "Test images and their reconstructions",
        subject.caption,
        test,
        positions,
        columns,
        &[("reconstruction".to_owned(), subject.autoencoder)],
    )
}

/// The test images at `positions` in rows of `columns`, each above what every named model makes of it.
pub(crate) fn comparison(
    title: &'static str,
    subtitle: &str,
    test: &Split,
    positions: &[u32],
    columns: usize,
    models: &[(String, &Autoencoder)],
) -> anyhow::Result<Drawing> {
    let mut rows = vec![("original".to_owned(), originals(test, positions))];
    for (name, autoencoder) in models {
        rows.push((
            name.clone(),
            reconstruct(autoencoder, test, positions, |images, _| Ok(images))?,
        ));
    }
    Ok(beneath_each_other(title, subtitle, test, columns, rows))
}

/// Three test images of each class, what the encoder sees of them when they are corrupted as in training, and what the decoder
/// makes of that.
pub(crate) fn restorations(subject: &Subject<'_>, test: &Split) -> anyhow::Result<Drawing> {
    let (positions, columns) = examples(&test.labels());
    restored(subject, test, &positions, columns)
}

/// The same of the test images at `positions`, in rows of `columns`.
pub(crate) fn restored(
    subject: &Subject<'_>,
    test: &Split,
    positions: &[u32],
    columns: usize,
) -> anyhow::Result<Drawing> {
    let (autoencoder, config) = (subject.autoencoder, subject.config);
    let corruption = Corruption::new(config.corruption, config.seed);
    let mut seen = Vec::new();
    let made = reconstruct(autoencoder, test, positions, |images, batch| {
        let images = corruption.apply(&images, "evaluation", batch)?;
        seen.extend(images.flatten_all()?.to_vec1::<f32>()?);
        Ok(images)
    })?;
    let rows = [
        ("original", originals(test, positions)),
        ("corrupted", seen),
        ("restored", made),
    ];
    Ok(beneath_each_other(
        "Corrupted test images, restored",
        subject.caption,
        test,
        columns,
        rows.map(|(name, pixels)| (name.to_owned(), pixels)).into(),
    ))
}

fn originals(test: &Split, positions: &[u32]) -> Vec<f32> {
    let mut pixels = Vec::new();
    test.gather(positions, &mut pixels);
    pixels
}

/// Rows of images, each with its name, in bands of `columns`.
fn beneath_each_other(
    title: &'static str,
    subtitle: &str,
    test: &Split,
    columns: usize,
    rows: Vec<(String, Vec<f32>)>,
) -> Drawing {
    let (height, width) = (test.dataset().height(), test.dataset().width());
    let subtitle = subtitle.to_owned();
    Box::new(move || {
        let mut shown = Vec::new();
        for (name, pixels) in &rows {
            shown.push(Row {
                name,
                images: Images::new(pixels, height, width)?,
            });
        }
        let labels = GridLabels {
            title,
            subtitle: &subtitle,
            ..GridLabels::default()
        };
        Ok(aae_viz::comparison(&shown, columns, &labels)?)
    })
}

/// What a model makes of the images at `positions`: `[n, pixels]` in `[0, 1]`, row-major. Of each batch of images it sees what
/// `seen` returns, which is told the batch's number.
fn reconstruct(
    autoencoder: &Autoencoder,
    test: &Split,
    positions: &[u32],
    mut seen: impl FnMut(Tensor, u64) -> candle_core::Result<Tensor>,
) -> Result<Vec<f32>, EvalError> {
    let mut pixels = Vec::new();
    for (number, positions) in (0..).zip(positions.chunks(BATCH)) {
        let images = seen(test.batch(positions, autoencoder.device())?, number)?;
        let labels = given_labels(autoencoder, test, positions)?;
        pixels.extend(
            autoencoder
                .reconstruct(&images, labels.as_ref())?
                .flatten_all()?
                .to_vec1::<f32>()?,
        );
    }
    Ok(pixels)
}

/// Positions of the first examples of each class, round by round, and how many classes each round has, at most ten.
fn examples(labels: &[u8]) -> (Vec<u32>, usize) {
    let mut classes: Vec<u8> = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    classes.truncate(COLUMNS);
    let of_class = |class: u8| -> Vec<u32> {
        let positions = labels
            .iter()
            .enumerate()
            .filter(|(_, label)| **label == class);
        positions
            .map(|(position, _)| position as u32)
            .take(EXAMPLES)
            .collect()
    };
    let found: Vec<Vec<u32>> = classes.iter().map(|class| of_class(*class)).collect();
    // Whole rounds only, so that a column is a class.
    let rounds = found.iter().map(Vec::len).min().unwrap_or(0);
    let positions =
        (0..rounds).flat_map(|round| found.iter().map(move |positions| positions[round]));
    (positions.collect(), classes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_has_each_class_once_in_order() {
        let labels = [2, 0, 2, 1, 0, 1, 1];
        assert_eq!(examples(&labels), (vec![1, 3, 0, 4, 5, 2], 3));
    }

    #[test]
    fn of_many_classes_ten_are_shown() {
        let labels: Vec<u8> = (0..=255).collect();
        let (positions, classes) = examples(&labels);
        assert_eq!((positions.len(), classes), (10, 10));
    }
}
