//! What a trained autoencoder is worth: each metric a function from model and data, or from plain slices, to numbers.
//!
//! ```text
//! Autoencoder, Split ── encode_all ──→ codes [n, dim] ──→ prior_match, nearest_neighbour_accuracy
//!                    └─ encode_and_reconstruct ──→ codes and their reconstruction error
//! ```
//! A walk over a data set takes its images in order, 500 at a time. Sums are made in double precision and in a fixed order, so
//! that a figure is the same on any number of threads.

mod encode;
mod error;
mod knn;
mod mmd;
mod points;
mod prior_match;
mod reconstruction;
mod sliced_wasserstein;
#[cfg(test)]
mod testing;

pub use encode::encode_all;
pub use error::EvalError;
pub use knn::nearest_neighbour_accuracy;
pub use mmd::mmd_squared;
pub use prior_match::{Distances, PriorMatch, prior_match};
pub use reconstruction::{encode_and_reconstruct, mean_squared_error};
pub use sliced_wasserstein::{SlicedWasserstein, sliced_wasserstein};
