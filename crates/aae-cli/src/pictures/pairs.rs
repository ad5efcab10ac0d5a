//! Test images above what a model makes of them, or several models.

use aae_data::Split;
use aae_eval::{EvalError, given_labels};
use aae_models::Autoencoder;
use aae_viz::{GridLabels, Images, Row};

use super::{BATCH, Drawing, Subject};

const COLUMNS: usize = 10;
/// Examples of each class.
const EXAMPLES: usize = 3;

/// Three test images of each class, each above its reconstruction.
pub(crate) fn pairs(subject: &Subject<'_>, test: &Split) -> anyhow::Result<Drawing> {
    let (positions, columns) = examples(&test.labels());
    let names = [("reconstruction".to_owned(), subject.autoencoder)];
    comparison(
        "Test images and their reconstructions",
        subject.caption,
        test,
        &positions,
        columns.len(),
        &names,
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
    let mut originals = Vec::new();
    test.gather(positions, &mut originals);
    let mut made = Vec::new();
    for (name, autoencoder) in models {
        made.push((name.clone(), reconstruct(autoencoder, test, positions)?));
    }
    let (height, width) = (test.dataset().height(), test.dataset().width());
    let subtitle = subtitle.to_owned();
    Ok(Box::new(move || {
        let mut rows = vec![Row {
            name: "original",
            images: Images::new(&originals, height, width)?,
        }];
        for (name, pixels) in &made {
            rows.push(Row {
                name,
                images: Images::new(pixels, height, width)?,
            });
        }
        let labels = GridLabels {
            title,
            subtitle: &subtitle,
            ..GridLabels::default()
        };
        Ok(aae_viz::comparison(&rows, columns, &labels)?)
    }))
}

/// What a model makes of the images at `positions`: `[n, pixels]` in `[0, 1]`, row-major.
fn reconstruct(
    autoencoder: &Autoencoder,
    test: &Split,
    positions: &[u32],
) -> Result<Vec<f32>, EvalError> {
    let mut pixels = Vec::new();
    for positions in positions.chunks(BATCH) {
        let images = test.batch(positions, autoencoder.device())?;
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

/// Positions of the first examples of each class, round by round, and the classes that each round has, at most ten of them.
fn examples(labels: &[u8]) -> (Vec<u32>, Vec<u8>) {
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
    (positions.collect(), classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_has_each_class_once_in_order() {
        let labels = [2, 0, 2, 1, 0, 1, 1];
        assert_eq!(examples(&labels), (vec![1, 3, 0, 4, 5, 2], vec![0, 1, 2]));
    }

    #[test]
    fn of_many_classes_ten_are_shown() {
        let labels: Vec<u8> = (0..=255).collect();
        let (positions, classes) = examples(&labels);
        assert_eq!((positions.len(), classes.len()), (10, 10));
    }
}
