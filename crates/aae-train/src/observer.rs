//! What training tells whoever watches: a progress bar, a metrics file, figures. Training itself prints and draws nothing.

use std::path::Path;

use aae_models::Autoencoder;

use crate::config::Config;
use crate::metrics::{EvaluationLine, TrainLine};

/// Watches a run. Every method does nothing unless it is written; none can stop the run, so an observer that fails says so itself.
pub trait Observer {
    /// Training is about to begin, or to go on.
    fn on_start(&mut self, _start: &Start<'_>) {}

    /// A step is done.
    fn on_step(&mut self, _report: &StepReport<'_>) {}

    /// The model has been evaluated.
    fn on_evaluation(&mut self, _line: &EvaluationLine) {}

    /// An epoch is done, or training ends within one, after the evaluation if that was due. A run with no step left tells it once.
    fn on_epoch_end(&mut self, _report: &EpochReport<'_>) {}

    /// A checkpoint has been saved.
    fn on_checkpoint(&mut self, _path: &Path, _step: u64) {}

    /// Something went wrong that the run can go on without.
    fn on_warning(&mut self, _message: &str) {}
}

/// What will be trained.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The run's configuration.
    pub config: &'a Config,
    /// Number of parameters per network, by name: of the numbers that it learns.
    pub parameters: &'a [(String, usize)],
    /// Images trained on, after holding out and limiting.
    pub training_images: usize,
    /// Steps per epoch.
    pub steps_per_epoch: u64,
    /// Steps of the whole run.
    pub total_steps: u64,
    /// Steps done before, when a run goes on.
    pub step: u64,
}

/// A step that is done.
#[derive(Debug, Clone, Copy)]
pub struct StepReport<'a> {
    /// Steps done, this one included.
    pub step: u64,
    /// The epoch that the step belongs to, counted from 1.
    pub epoch: u64,
    /// The losses and rates, every `log_every` steps and after the last.
    pub line: Option<&'a TrainLine>,
}

/// An epoch that is done.
#[derive(Debug, Clone, Copy)]
pub struct EpochReport<'a> {
    /// Whole epochs done.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Whether training ends here.
    pub last: bool,
    /// Whether figures are due: every `figures_every` epochs, and after the last.
    pub figures_due: bool,
    /// The networks as they are now.
    pub autoencoder: &'a Autoencoder,
}
