//! What a trained autoencoder is worth: each metric a function from model and data, or from plain slices, to numbers.
//!
//! ```text
//! Autoencoder, Split ── encode_all ──→ codes [n, dim] ──→ prior_match, nearest_neighbour_accuracy
//!                    └─ encode_and_reconstruct ──→ codes and their reconstruction error
//! codes, labels ── k_nearest_accuracy, linear_probe_accuracy, network_probe_accuracy ──→ what a code says of its label
//! q(y | x)      ── argmax_rows, error_rate, confusion_matrix; cluster_scores ──→ classification, clustering
//! draws         ── choose_window, parzen_log_likelihood; mode_coverage, frechet_distance ──→ generation
//! ```
//! A walk over a data set takes its images in order, 500 at a time. Sums are made in double precision and in a fixed order, so
//! that a figure is the same on any number of threads.

mod classification;
mod clusters;
mod encode;
mod error;
mod frechet;
mod image_quality;
mod k_nearest;
mod kernel_sums;
mod knn;
mod labelled;
mod labels;
mod linear_probe;
mod minimum;
mod mmd;
mod mode_coverage;
mod network_probe;
mod partitions;
mod parzen;
mod points;
mod prior_match;
mod reconstruction;
mod sliced_wasserstein;
mod symmetric;
#[cfg(test)]
mod testing;
mod window;

pub use classification::{ConfusionMatrix, ErrorRate, argmax_rows, confusion_matrix, error_rate};
pub use clusters::{ClusterProbabilities, ClusterScores, cluster_scores};
pub use encode::{encode_all, features_of, given_labels, infer_all, represent_all};
pub use error::EvalError;
pub use frechet::frechet_distance;
pub use image_quality::{psnr, ssim};
pub use k_nearest::k_nearest_accuracy;
pub use knn::nearest_neighbour_accuracy;
pub use labelled::LabelledCodes;
pub use linear_probe::linear_probe_accuracy;
pub use mmd::mmd_squared;
pub use mode_coverage::{ModeCoverage, mode_coverage};
pub use network_probe::{NetworkProbe, network_probe_accuracy};
pub use partitions::{adjusted_rand_index, normalized_mutual_information};
pub use parzen::{LogLikelihood, ParzenStream, parzen_log_likelihood};
pub use prior_match::{Distances, PriorMatch, prior_match};
pub use reconstruction::{encode_and_reconstruct, mean_squared_error};
pub use sliced_wasserstein::{SlicedWasserstein, sliced_wasserstein};
pub use window::{WindowSearch, choose_window, window_grid};
