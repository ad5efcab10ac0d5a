//! The log-likelihood of the test images under a Parzen window on samples of the model (paper §3, table 1).

use aae_data::Split;
use aae_eval::{PARZEN_WINDOWS, ParzenStream, choose_window, window_grid};
use aae_ops::stream::stream;
use aae_train::data::Splits;
use anyhow::Context;

use super::Metrics;
use crate::evaluate::CHOICES;
use crate::pictures::generate;
use crate::trained::Trained;

const MEAN: &str = "log_likelihood";
const ERROR: &str = "log_likelihood_standard_error";
const WINDOW: &str = "parzen_window";
const SAMPLES: &str = "parzen_samples";

/// Samples generated at a time, and those that the window is chosen with.
const BLOCK: u64 = 10_000;
/// Samples where nobody says how many: the paper's smaller number.
pub(crate) const DEFAULT_SAMPLES: u64 = 10_000;

/// A window's standard deviation, from the command line.
pub(super) fn window(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(window) if PARZEN_WINDOWS.contains(&window) => Ok(window),
        _ => Err(format!(
            "expected a number from {} to {}, found `{text}`",
            PARZEN_WINDOWS.start(),
            PARZEN_WINDOWS.end()
        )),
    }
}

/// Measures the test images, in nats. The window is chosen on held-out images, or on training images if none are held out;
/// never on test images.
pub(super) fn likelihood(
    model: &Trained,
    splits: &Splits,
    test: &Split,
    samples: u64,
    window: Option<f64>,
) -> anyhow::Result<Metrics> {
    let pixels = model.autoencoder.image().pixels();
    let block = |number: u64| -> anyhow::Result<Vec<f32>> {
        let n = BLOCK.min(samples - number * BLOCK) as usize;
        let mut rng = stream(model.config.seed, "eval.likelihood", number);
        generate(&model.subject(), n, &mut rng)
    };
    let first = block(0)?;
    let window = match window {
        Some(window) => window,
        None => window_for(splits, &first, pixels)?,
    };
    let mut parzen = ParzenStream::new(&gathered(test), pixels, window)?;
    parzen.add(&first)?;
    for number in 1..samples.div_ceil(BLOCK) {
        parzen.add(&block(number)?)?;
    }
    let found = parzen.log_likelihood()?;
    Ok(Metrics::from([
        (MEAN.to_owned(), found.mean),
        (ERROR.to_owned(), found.standard_error),
        (WINDOW.to_owned(), found.window),
        (SAMPLES.to_owned(), found.samples as f64),
    ]))
}

/// The window under which images that a choice may be made by are most likely, given `samples` `[n, pixels]`.
fn window_for(splits: &Splits, samples: &[f32], pixels: usize) -> anyhow::Result<f64> {
    let held_out = gathered(&splits.for_choices(CHOICES));
    let best = |grid: &[f64]| {
        choose_window(&held_out, samples, pixels, grid)
            .map(|found| found.window)
            .context("no window was chosen; `eval RUN --likelihood --window SIGMA` takes yours")
    };
    let coarse = window_grid(0.05, 0.6, 26)?;
    let found = best(&coarse)?;
    // Near the best window the likelihood falls by pixels · (Δ ln σ)²: half of a coarse step, of 10 %, would cost MNIST 1.9 nats,
    // half of a fine one 0.03. The best window lies between the neighbours of the coarse best.
    let step = coarse[1] / coarse[0];
    best(&window_grid(found / step, found * step, 17)?)
}

fn gathered(split: &Split) -> Vec<f32> {
    let mut pixels = Vec::new();
    split.gather(&(0..split.len() as u32).collect::<Vec<_>>(), &mut pixels);
    pixels
}

pub(super) fn rows(metrics: &Metrics) -> Vec<(&'static str, String)> {
    let get = |name| metrics.get(name).copied();
    let (Some(mean), Some(error), Some(window), Some(samples)) =
        (get(MEAN), get(ERROR), get(WINDOW), get(SAMPLES))
    else {
        return Vec::new();
    };
    let samples = crate::text::count(samples as u64);
    vec![(
        "likelihood",
        format!("{mean:.1} ± {error:.1} nats (Parzen window {window:.3} on {samples} samples)"),
    )]
}

#[cfg(test)]
mod tests {
    use aae_eval::parzen_log_likelihood;

    use super::*;
    use crate::trained::tiny;

    /// Two images of one shade.
    fn gray(shade: u8) -> Split {
        tiny::split(vec![shade; 12], vec![0; 2])
    }

    #[test]
    fn the_window_is_chosen_on_held_out_images_or_else_on_training_images() {
        let mut splits = Splits {
            train: gray(102),
            labelled: None,
            validation: Some(gray(51)),
        };
        // Of images that all lie as far from a black sample in each pixel, that distance is the best window: 51 / 255, or 102 / 255.
        let far = |splits: &Splits| window_for(splits, &[0.0; 6], 6).unwrap();
        // Neighbours of the finer grid are 1.25 % apart.
        assert!((far(&splits) / 0.2).ln().abs() < 0.00625);
        splits.validation = None;
        assert!((far(&splits) / 0.4).ln().abs() < 0.00625);
    }

    #[test]
    fn test_images_are_measured_by_samples_that_are_new_in_every_block() {
        let (model, test) = (tiny::untrained("aae"), gray(51));
        let splits = Splits {
            train: gray(204),
            labelled: None,
            validation: None,
        };
        let mean = |samples: u64| {
            let found = likelihood(&model, &splits, &test, samples, Some(0.3));
            found.unwrap()[MEAN]
        };
        let mut rng = stream(model.config.seed, "eval.likelihood", 0);
        let samples = generate(&model.subject(), 100, &mut rng).unwrap();
        let expected = parzen_log_likelihood(&gathered(&test), &samples, 6, 0.3);
        assert_eq!(mean(100), expected.unwrap().mean);
        // The first block once more would move the mean by no more than rounding does.
        assert!((mean(2 * BLOCK) - mean(BLOCK)).abs() > 1e-5);
    }
}
