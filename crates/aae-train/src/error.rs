//! Everything that can end a run before its time.

use std::path::PathBuf;

use aae_data::DataError;

use crate::checkpoint::CheckpointError;
use crate::config::ConfigErrors;
use crate::device::DeviceError;
use crate::exit;
use crate::metrics::MetricsError;
use crate::state::RestoreError;
use crate::tensor_file::TensorFileError;

/// Why a run ended before its last step.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// A loss or a weight is no longer finite.
    #[error(
        "diverged at step {step}: {what}{}{}; try lower learning rates (optimizer.<phase>.lr) or clip_norm",
        named("; the last good checkpoint is", last_good),
        named("; the diverged state is kept as", kept)
    )]
    Diverged {
        /// The step, counted from 1.
        step: u64,
        /// What is not finite.
        what: String,
        /// The checkpoint that stands.
        last_good: Option<PathBuf>,
        /// Where the diverged state was saved.
        kept: Option<PathBuf>,
    },
    /// The checkpoint to resume from belongs to another run.
    #[error(
        "this checkpoint cannot be resumed here: {what} differs: expected {expected}, found {found}{}",
        if *what == "data" { "; name the run's own data with --data DIR" } else { "" }
    )]
    OtherRun {
        /// `config` or `data`.
        what: &'static str,
        /// What the checkpoint says.
        expected: String,
        /// What this run has.
        found: String,
    },
    /// The configuration makes no sense, or not for this data.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The device cannot multiply as the configuration says.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A checkpoint could not be written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A model file could not be written.
    #[error(transparent)]
    TensorFile(#[from] TensorFileError),
    /// The metrics of the interrupted run could not be read or cut back.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The checkpoint does not fit the networks.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The data does not fit the configuration.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The device failed.
    #[error("the computation failed: {0}")]
    Candle(#[from] candle_core::Error),
}

impl FitError {
    /// The exit code that the error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Diverged { .. } => exit::DIVERGED,
            Self::OtherRun { .. } => exit::DATA,
            Self::Config(error) => error.exit_code(),
            Self::Device(error) => error.exit_code(),
            Self::Restore(error) => error.exit_code(),
            Self::Checkpoint(error) => while_training(error.exit_code()),
            Self::TensorFile(error) => while_training(error.exit_code()),
            Self::Metrics(error) => error.exit_code(),
            Self::Data(_) => exit::USAGE,
            Self::Candle(_) => exit::BUG,
        }
    }
}

/// The run's folder was there at the start: a file that can no longer be created in it is a failure of input and output.
fn while_training(code: u8) -> u8 {
    match code {
        exit::CANNOT_CREATE => exit::IO,
        code => code,
    }
}

fn named(what: &str, path: &Option<PathBuf>) -> String {
    path.as_ref()
        .map(|path| format!("{what} {}", path.display()))
        .unwrap_or_default()
}
