//! One walk through the encoder: for evaluation or for training, and with which random numbers.

use aae_ops::Mode;
use aae_ops::stream::{standard_normal, stream};
use candle_core::{Device, Result, Tensor};

/// How the encoder is walked through.
///
/// The mode decides what batch normalisation does. Seed, purpose and counter are the key of the noise that a stochastic
/// posterior draws, so that the same pass gives the same codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// What batch normalisation does.
    pub mode: Mode,
    /// The run's seed.
    pub seed: u64,
    /// What the pass is for, such as the name of a phase.
    pub purpose: &'static str,
    /// Which of the passes for this purpose it is: the step.
    pub counter: u64,
}

impl Pass {
    /// The pass that trained models are used with, for a single batch. Its noise is that of every model and split: what differs between two
    /// evaluations is not the noise.
    pub const EVALUATION: Self = Self {
        mode: Mode::Evaluate,
        seed: 0,
        purpose: "evaluation",
        counter: 0,
    };

    /// The pass for batch number `batch` of many, whose rows draw noise of their own.
    pub fn evaluation(batch: u64) -> Self {
        Self {
            counter: batch,
            ..Self::EVALUATION
        }
    }

    /// The pass of a training step that the running statistics of batch normalisation follow.
    pub fn tracking(seed: u64, purpose: &'static str, step: u64) -> Self {
        Self {
            mode: Mode::TrainAndTrack,
            seed,
            purpose,
            counter: step,
        }
    }

    /// Any other pass of a training step.
    pub fn training(seed: u64, purpose: &'static str, step: u64) -> Self {
        Self {
            mode: Mode::Train,
            seed,
            purpose,
            counter: step,
        }
    }

    /// Noise for a stochastic posterior: standard normal, `[rows, columns]`.
    pub(crate) fn noise(self, rows: usize, columns: usize, device: &Device) -> Result<Tensor> {
        let purpose = format!("posterior.{}", self.purpose);
        let mut rng = stream(self.seed, &purpose, self.counter);
        Tensor::from_vec(
            standard_normal(rows * columns, &mut rng),
            (rows, columns),
            device,
        )
    }
}
