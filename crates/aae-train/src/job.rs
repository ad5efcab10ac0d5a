//! What the training loop is given, and how it ends.

use std::sync::atomic::AtomicBool;

use aae_data::Split;
use aae_models::{Autoencoder, ImageShape};
use candle_core::Device;

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::metrics::EvaluationLine;
use crate::observer::Observer;
use crate::run_dir::RunDir;

/// Measures a model in the course of training.
pub trait Evaluator {
    /// The splits that every evaluation has a line of, such as `test`.
    fn splits(&self) -> Vec<&'static str>;

    /// What `autoencoder` is worth after `step` steps and `epoch` whole epochs: a line for each split.
    ///
    /// The line of the split `validation`, if there is one, decides which checkpoint is the best.
    ///
    /// Errors: any; observers are warned, and training goes on without the lines.
    fn evaluate(
        &mut self,
        autoencoder: &Autoencoder,
        step: u64,
        epoch: u64,
    ) -> Result<Vec<EvaluationLine>, Box<dyn std::error::Error + Send + Sync>>;
}

/// No evaluation.
impl Evaluator for () {
    fn splits(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn evaluate(
        &mut self,
        _: &Autoencoder,
        _: u64,
        _: u64,
    ) -> Result<Vec<EvaluationLine>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Vec::new())
    }
}

/// All that a run needs.
pub struct Job<'a> {
    /// The resolved configuration. It must be [possible](Config::validate_for) for the data set of `train`, whoever split that.
    pub config: &'a Config,
    /// The images to train on.
    pub train: &'a Split,
    /// The part of them whose labels may be seen, if any.
    pub labelled: Option<&'a Split>,
    /// What identifies the data: [`crate::data::fingerprint`].
    pub data_fingerprint: &'a str,
    /// Where the run is kept, locked by this process, with its [`config.toml`](RunDir::write_config) written.
    pub run: &'a RunDir,
    /// Where to compute.
    pub device: &'a Device,
    /// Where to go on, if the run was interrupted, or begins with a [`WarmStart`](crate::WarmStart), whose checkpoint is saved in `run`.
    pub resume: Option<Checkpoint>,
    /// Measures the model.
    pub evaluator: &'a mut dyn Evaluator,
    /// Told of everything that happens.
    pub observers: Vec<&'a mut dyn Observer>,
    /// Set by whoever wants the run to save itself and stop after the present step.
    pub stop: &'a AtomicBool,
}

impl Job<'_> {
    /// The size of the images.
    pub(crate) fn image(&self) -> ImageShape {
        let dataset = self.train.dataset();
        ImageShape {
            height: dataset.height(),
            width: dataset.width(),
        }
    }
}

/// How a run ended, if nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done.
    Finished {
        /// How many.
        step: u64,
    },
    /// It was asked to stop, and can go on from this step.
    Stopped {
        /// Steps done.
        step: u64,
    },
}
