//! The training loop, its configuration, checkpoints and run folders. The rest of this page is the crate's `README.md`.
//!
#![doc = include_str!("../README.md")]

pub mod checkpoint;
mod classification;
pub mod config;
pub mod corruption;
pub mod data;
pub mod device;
mod draws;
pub mod durable;
pub mod environment;
mod error;
pub mod exit;
mod fit;
mod job;
mod labels;
pub mod memory;
pub mod metrics;
pub mod model_file;
pub mod observer;
mod phase;
mod planted;
pub mod presets;
mod reconstruction;
pub mod regular_file;
mod regularizer;
pub mod run_dir;
pub mod schedule;
pub mod state;
pub mod tensor_file;
pub mod variants;
mod warm_start;

pub use draws::Draws;
pub use error::FitError;
pub use fit::{fit, fit_variant};
pub use job::{Evaluator, Job, Outcome};
pub use phase::Phase;
pub use regularizer::Regularizer;
pub use warm_start::{WarmStart, WarmStartError};

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
