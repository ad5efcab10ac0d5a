//! An evaluation as a person reads it.

use aae_eval::prior_moments;
use aae_models::prior::PriorConfig;
use aae_train::metrics::EvaluationLine;

use super::{
    ARI, CLASSIFICATION_ERROR, CLUSTERING_ERROR, COMPONENT_ACCURACY, DEAD, DENOISING_ERROR,
    DISTANCE, DISTANCE_FLOOR, ERROR_HIGH, ERROR_LOW, MAJORITY_ERROR, NMI, series,
};
use crate::text::{figure, hundredths, percent, vector};

/// An evaluation in rows.
pub(crate) fn evaluation(
    line: &EvaluationLine,
    prior: &PriorConfig,
    dim: usize,
    seed: u64,
) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if line.reconstruction_error.is_finite() {
        let error = figure(line.reconstruction_error);
        rows.push((
            "reconstruction",
            format!("{error} (mean squared error of a pixel)"),
        ));
    }
    let get = |name: &str| line.metrics.get(name).copied();
    if let Some(error) = get(DENOISING_ERROR) {
        let error = figure(error);
        rows.push(("  denoising", format!("{error} from corrupted images")));
    }
    if let Some(error) = get(CLASSIFICATION_ERROR) {
        let interval = match (get(ERROR_LOW), get(ERROR_HIGH)) {
            (Some(low), Some(high)) => format!(" ({} to {})", percent(low), percent(high)),
            _ => String::new(),
        };
        let wrong = percent(error);
        rows.push((
            "labels",
            format!("{wrong} of the test images labelled wrongly{interval}"),
        ));
    }
    if let Some(share) = get(COMPONENT_ACCURACY) {
        rows.push((
            "components",
            format!(
                "{} of the codes lie nearest to their own class's",
                percent(share)
            ),
        ));
    }
    if let Some(error) = get(CLUSTERING_ERROR) {
        let majority = get(MAJORITY_ERROR).map_or_else(String::new, |error| {
            format!("; by majority vote {}", percent(error))
        });
        rows.push((
            "clusters",
            format!("{} wrong by the paper's rule{majority}", percent(error)),
        ));
        if let (Some(dead), Some(nmi), Some(ari)) = (get(DEAD), get(NMI), get(ARI)) {
            let (nmi, ari) = (hundredths(nmi), hundredths(ari));
            rows.push(("", format!("{dead} without images")));
            rows.push((
                "",
                format!("normalized mutual information {nmi}, adjusted Rand index {ari}"),
            ));
        }
    }
    if let (Some(distance), Some(floor)) = (get(DISTANCE), get(DISTANCE_FLOOR)) {
        let (mean, std) = prior_moments(prior, dim, seed);
        let beside = |name: &str, of_prior: &[f64]| {
            format!(
                "{} beside {}",
                vector(&series(&line.metrics, name)),
                vector(of_prior)
            )
        };
        let (distance, floor) = (hundredths(distance), hundredths(floor));
        rows.push((
            "prior match",
            "test codes, beside draws from the prior:".to_owned(),
        ));
        rows.push(("  mean", beside("mean", &mean)));
        rows.push(("  deviation", beside("std", &std)));
        rows.push((
            "  distance",
            format!("{distance} beside {floor} (sliced Wasserstein, to draws)"),
        ));
    }
    rows
}
