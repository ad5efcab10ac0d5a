//! From files to mini-batches; this crate knows no model. The rest of this page is the crate's `README.md`.
//!
#![doc = include_str!("../README.md")]

mod batches;
mod dataset;
mod error;
#[cfg(feature = "hub")]
pub mod hub;
pub mod idx;
mod mnist;
mod split;

pub use batches::{Batches, permutation, steps_per_epoch};
pub use dataset::{Dataset, TrainTest};
pub use error::DataError;
pub use mnist::{load, locate};
pub use split::Split;
