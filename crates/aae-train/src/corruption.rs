//! Noise on the images before the encoder sees them. What is to be reconstructed stays clean.

use aae_ops::stream::{standard_normal, stream, uniform};
use aae_ops::{plus, times};
use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// What is done to the images before the encoder sees them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CorruptionConfig {
    /// Nothing.
    None {},
    /// Gaussian noise is added to every pixel.
    Gaussian {
        /// Its standard deviation, above 0, in units of the pixels' range `[0, 1]`.
        std: f64,
    },
    /// Pixels are set to 0 (Vincent et al. 2008).
    Masking {
        /// Share of the pixels, in `(0, 1)`.
        share: f64,
    },
    /// Pixels are set to 0, and the others scaled up so that the expected sum stays (Srivastava et al. 2014).
    Dropout {
        /// Share of the pixels, in `(0, 1)`.
        share: f64,
    },
}

impl CorruptionConfig {
    /// Whether the encoder sees other images than there are.
    pub fn corrupts(self) -> bool {
        self != Self::None {}
    }

    /// Field and message of each value that makes no sense.
    pub(crate) fn validate(self) -> Vec<(&'static str, String)> {
        let (field, value, good, expected) = match self {
            Self::None {} => return Vec::new(),
            Self::Gaussian { std } => (
                "std",
                std,
                std.is_finite() && std > 0.0,
                "a finite number above 0",
            ),
            Self::Masking { share } | Self::Dropout { share } => (
                "share",
                share,
                share > 0.0 && share < 1.0,
                "a number above 0 and below 1",
            ),
        };
        match good {
            true => Vec::new(),
            false => vec![(field, format!("expected {expected}, found {value}"))],
        }
    }
}

/// Corrupts the batches of a run.
#[derive(Debug, Clone, Copy)]
pub struct Corruption {
    config: CorruptionConfig,
    seed: u64,
}

impl Corruption {
    /// For a run with this seed.
    pub fn new(config: CorruptionConfig, seed: u64) -> Self {
        Self { config, seed }
    }

    /// `images` `[B, pixels]`, corrupted; drawn from the stream `noise.<purpose>` at the step. Errors: if the device refuses.
    pub fn apply(self, images: &Tensor, purpose: &str, step: u64) -> Result<Tensor> {
        let pixels = images.elem_count();
        let mut rng = stream(self.seed, &format!("noise.{purpose}"), step);
        let mut mask = |share: f64, kept: f32| {
            let mut mask = uniform(pixels, &mut rng);
            let share = share as f32;
            mask.iter_mut()
                .for_each(|x| *x = if *x < share { 0.0 } else { kept });
            mask
        };
        match self.config {
            CorruptionConfig::None {} => Ok(images.clone()),
            CorruptionConfig::Gaussian { std } => {
                let mut noise = standard_normal(pixels, &mut rng);
                noise.iter_mut().for_each(|x| *x *= std as f32);
                plus(images, noise)
            }
            CorruptionConfig::Masking { share } => times(images, mask(share, 1.0)),
            CorruptionConfig::Dropout { share } => {
                let kept = 1.0 / (1.0 - share as f32);
                times(images, mask(share, kept))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    fn corrupted(config: CorruptionConfig, step: u64) -> Vec<f32> {
        let images = Tensor::ones((50, 200), DType::F32, &Device::Cpu).unwrap();
        let corrupted = Corruption::new(config, 7).apply(&images, "input", step);
        corrupted.unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    fn mean(values: &[f32]) -> f32 {
        values.iter().sum::<f32>() / values.len() as f32
    }

    #[test]
    fn gaussian_noise_has_its_standard_deviation_and_no_mean() {
        let noisy = corrupted(CorruptionConfig::Gaussian { std: 0.3 }, 0);
        let variance = mean(&noisy.iter().map(|x| (x - 1.0).powi(2)).collect::<Vec<_>>());
        assert!((mean(&noisy) - 1.0).abs() < 0.015);
        assert!((variance.sqrt() - 0.3).abs() < 0.01);
    }

    #[test]
    fn masking_removes_its_share_and_dropout_keeps_the_mean() {
        let masked = corrupted(CorruptionConfig::Masking { share: 0.25 }, 0);
        assert!(masked.iter().all(|x| *x == 0.0 || *x == 1.0));
        assert!((mean(&masked) - 0.75).abs() < 0.02);
        let dropped = corrupted(CorruptionConfig::Dropout { share: 0.2 }, 0);
        assert!(dropped.iter().all(|x| *x == 0.0 || *x == 1.25));
        assert!((mean(&dropped) - 1.0).abs() < 0.02);
    }

    #[test]
    fn each_step_draws_its_own_noise_and_the_same_again() {
        let config = CorruptionConfig::Masking { share: 0.5 };
        assert_eq!(corrupted(config, 3), corrupted(config, 3));
        assert_ne!(corrupted(config, 3), corrupted(config, 4));
        assert_eq!(corrupted(CorruptionConfig::None {}, 3), vec![1.0; 10_000]);
    }

    #[test]
    fn shares_and_deviations_that_make_no_sense_are_named() {
        let problems = |config: CorruptionConfig| config.validate().len();
        assert_eq!(problems(CorruptionConfig::Gaussian { std: f64::NAN }), 1);
        assert_eq!(problems(CorruptionConfig::Masking { share: 1.0 }), 1);
        assert_eq!(problems(CorruptionConfig::Dropout { share: 0.0 }), 1);
        assert_eq!(problems(CorruptionConfig::Dropout { share: 0.2 }), 0);
    }
}
