//! `aae-train`: under construction.

pub mod checkpoint;
pub mod config;
pub mod durable;
pub mod environment;
mod exit;
pub mod metrics;
pub mod model_file;
pub mod observer;
pub mod presets;
pub mod run_dir;
pub mod schedule;
pub mod tensor_file;

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
