//! What a trained autoencoder is worth, as functions from model and data to numbers. The rest of this page is the crate's `README.md`.
//!
#![doc = include_str!("../README.md")]

mod classification;
mod clusters;
mod component_accuracy;
mod encode;
mod error;
mod frechet;
mod image_quality;
mod k_nearest;
mod kernel_sums;
mod labelled;
mod labels;
mod lbfgs;
mod linear_probe;
mod mmd;
mod mode_coverage;
mod nearest_neighbour;
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
pub use clusters::{ClusterLogits, ClusterScores, cluster_scores, log_odds};
pub use component_accuracy::component_accuracy;
pub use encode::{
    check_image_size, encode_all, features_all, given_labels, label_logits_all, represent_all,
};
pub use error::EvalError;
pub use frechet::{MOST_FEATURES, frechet_distance};
pub use image_quality::{psnr, ssim};
pub use k_nearest::k_nearest_accuracy;
pub use kernel_sums::PARZEN_WINDOWS;
pub use labelled::LabelledCodes;
pub use linear_probe::linear_probe_accuracy;
pub use mmd::mmd_squared;
pub use mode_coverage::{ModeCoverage, mode_coverage};
pub use nearest_neighbour::nearest_neighbour_accuracy;
pub use network_probe::{NetworkProbe, network_probe_accuracy};
pub use partitions::{adjusted_rand_index, normalized_mutual_information};
pub use parzen::{LogLikelihood, ParzenStream, parzen_log_likelihood};
pub use prior_match::{Distances, PriorMatch, prior_match, prior_moments};
pub use reconstruction::{denoising_error, encode_and_reconstruct, mean_squared_error};
pub use sliced_wasserstein::{SlicedWasserstein, sliced_wasserstein};
pub use window::{WindowSearch, choose_window, window_grid};
