//! The alternating adversarial training loop of Makhzani et al. 2015, its configuration, checkpoints and run folders.
//!
//! A [`config::Config`] says everything that decides a run's outcome. [`fit()`] walks through the epochs and gives each
//! mini-batch to a [`variants::Variant`], one page that reads like the paper's algorithm; its [`Phase`]s each move their
//! own networks. What happens is told to [`observer::Observer`]s: this crate draws nothing and prints nothing.
//! `examples/small_run.rs` is a whole run without the program around it.

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
mod exit;
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
mod regularizer;
pub mod run_dir;
pub mod schedule;
pub mod state;
pub mod tensor_file;
pub mod variants;

pub use classification::Classification;
pub use draws::Draws;
pub use error::FitError;
pub use fit::fit;
pub use job::{Evaluator, Job, Outcome};
pub use phase::Phase;
pub use reconstruction::Reconstruction;
pub use regularizer::Regularizer;

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
