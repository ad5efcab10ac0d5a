//! What the autoencoder is worth on a split: reconstruction error and match of the codes with the prior.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use aae_data::Split;
use aae_eval::{
    ClusterLogits, EvalError, PriorMatch, argmax_rows, cluster_scores, component_accuracy,
    denoising_error, encode_and_reconstruct, error_rate, label_logits_all, prior_match,
};
use aae_models::Autoencoder;
use aae_train::Evaluator;
use aae_train::config::Config;
use aae_train::corruption::Corruption;
use aae_train::data::Splits;
use aae_train::metrics::EvaluationLine;

mod rows;

pub(crate) use rows::evaluation;

/// Sliced Wasserstein distance of the codes to the prior.
pub(crate) const DISTANCE: &str = "sliced_wasserstein";
/// The same distance between draws from the prior and other draws.
pub(crate) const DISTANCE_FLOOR: &str = "sliced_wasserstein_floor";
/// Squared maximum mean discrepancy between codes and prior.
pub(crate) const MMD: &str = "mmd_squared";
/// The same between draws and other draws.
pub(crate) const MMD_FLOOR: &str = "mmd_squared_floor";

/// Squared error of what the decoder makes of images that were corrupted as in training, against the clean ones.
pub(crate) const DENOISING_ERROR: &str = "denoising_error";
/// Share of images whose inferred label is wrong.
pub(crate) const CLASSIFICATION_ERROR: &str = "classification_error";
/// The ends of the interval of that share that the number of images allows.
pub(crate) const ERROR_LOW: &str = "classification_error_low";
pub(crate) const ERROR_HIGH: &str = "classification_error_high";
/// Share of codes nearest to their own class's component of the prior.
pub(crate) const COMPONENT_ACCURACY: &str = "component_accuracy";
/// Share of images in a cluster that stands for another class, by the paper's rule.
pub(crate) const CLUSTERING_ERROR: &str = "clustering_error";
/// The same by majority vote.
pub(crate) const MAJORITY_ERROR: &str = "clustering_error_majority";
/// Clusters that no image was put into.
pub(crate) const DEAD: &str = "clusters_dead";
/// Normalized mutual information of clusters and classes.
pub(crate) const NMI: &str = "normalized_mutual_information";
/// Adjusted Rand index of clusters and classes.
pub(crate) const ARI: &str = "adjusted_rand_index";

/// Images that choices are made by: the class that a cluster stands for, the window of a likelihood.
pub(crate) const CHOICES: usize = 5_000;

/// Measures the test images, and the held-out ones if there are any, each time that training asks.
///
/// The prior's draws depend on the seed alone, so that figures of different steps differ by the model alone.
#[derive(Debug)]
pub(crate) struct Measure<'a> {
    pub(crate) test: &'a Split,
    pub(crate) splits: &'a Splits,
    pub(crate) config: &'a Config,
    /// What it has taken so far.
    pub(crate) time: Duration,
}

impl Evaluator for Measure<'_> {
    fn splits(&self) -> Vec<&'static str> {
        self.parts().map(|(name, _)| name).collect()
    }

    fn evaluate(
        &mut self,
        autoencoder: &Autoencoder,
        step: u64,
        epoch: u64,
    ) -> Result<Vec<EvaluationLine>, Box<dyn Error + Send + Sync>> {
        let began = Instant::now();
        let lines = self
            .parts()
            .map(|(name, split)| {
                let measured = measure(autoencoder, split, self.splits, self.config, |_, _| {})?;
                Ok(EvaluationLine {
                    step,
                    epoch,
                    split: name.to_owned(),
                    reconstruction_error: measured.reconstruction_error,
                    metrics: measured.metrics,
                })
            })
            .collect();
        self.time += began.elapsed();
        lines
    }
}

impl Measure<'_> {
    /// The splits by name, in the order of their lines.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &Split)> {
        let validation = self.splits.validation.iter();
        validation
            .map(|split| ("validation", split))
            .chain([("test", self.test)])
    }
}

/// What a model makes of a split.
pub(crate) struct Measured {
    /// Mean squared error over pixels and images.
    pub(crate) reconstruction_error: f64,
    /// Further figures by name.
    pub(crate) metrics: BTreeMap<String, f64>,
    /// The codes that were measured, `[n, latent_dim]`, row-major.
    pub(crate) codes: Vec<f32>,
}

/// Measures a split. Where the model has clusters, the images of `splits` that choices are made by say which class each stands for. `see` is
/// shown images and reconstructions, as by [`encode_and_reconstruct`].
pub(crate) fn measure(
    autoencoder: &Autoencoder,
    split: &Split,
    splits: &Splits,
    config: &Config,
    see: impl FnMut(&[f32], &[f32]),
) -> Result<Measured, EvalError> {
    let mut measured = Measured {
        reconstruction_error: f64::NAN,
        metrics: BTreeMap::new(),
        codes: Vec::new(),
    };
    if config.variant.has_decoder() {
        (measured.codes, measured.reconstruction_error) =
            encode_and_reconstruct(autoencoder, split, see)?;
        // A single code has no distribution.
        if split.len() > 1 {
            let dim = autoencoder.latent_dim();
            let found = prior_match(&measured.codes, dim, &config.prior, config.seed)?;
            measured.metrics = figures(&found);
        }
        if config.corruption.corrupts() {
            let corruption = Corruption::new(config.corruption, config.seed);
            let error = denoising_error(autoencoder, split, |images, batch| {
                corruption.apply(images, "evaluation", batch)
            })?;
            measured.metrics.insert(DENOISING_ERROR.to_owned(), error);
        }
    }
    if config.variant.places_labels() && !split.is_empty() {
        let share = component_accuracy(
            &measured.codes,
            &split.labels(),
            &config.prior,
            config.model.categories,
            config.seed,
        )?;
        measured
            .metrics
            .insert(COMPONENT_ACCURACY.to_owned(), share);
    }
    if autoencoder.label_use().is_inferred() && !split.is_empty() {
        measured
            .metrics
            .extend(label_figures(autoencoder, split, splits, config)?);
    }
    Ok(measured)
}

/// How well the inferred labels or clusters agree with the true labels.
fn label_figures(
    autoencoder: &Autoencoder,
    split: &Split,
    splits: &Splits,
    config: &Config,
) -> Result<BTreeMap<String, f64>, EvalError> {
    let ways = autoencoder.categories();
    let logits = label_logits_all(autoencoder, split)?;
    let labels = split.labels();
    if !config.infers_clusters() {
        let predictions = argmax_rows(&logits, ways)?;
        let found = error_rate(&predictions, &labels)?;
        return Ok(BTreeMap::from([
            (CLASSIFICATION_ERROR.to_owned(), found.rate),
            (ERROR_LOW.to_owned(), found.low),
            (ERROR_HIGH.to_owned(), found.high),
        ]));
    }
    let judges = splits.for_choices(CHOICES);
    let (judging, judging_labels) = (label_logits_all(autoencoder, &judges)?, judges.labels());
    let scores = cluster_scores(
        ClusterLogits {
            logits: &judging,
            labels: &judging_labels,
        },
        ClusterLogits {
            logits: &logits,
            labels: &labels,
        },
        ways,
    )?;
    Ok(BTreeMap::from([
        (CLUSTERING_ERROR.to_owned(), scores.most_certain.rate),
        (MAJORITY_ERROR.to_owned(), scores.majority.rate),
        (DEAD.to_owned(), scores.dead.len() as f64),
        (NMI.to_owned(), scores.nmi),
        (ARI.to_owned(), scores.ari),
    ]))
}

fn figures(found: &PriorMatch) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::from([
        (DISTANCE.to_owned(), found.codes.sliced_w1),
        (DISTANCE_FLOOR.to_owned(), found.draws.sliced_w1),
        ("sliced_wasserstein_2".to_owned(), found.codes.sliced_w2),
        (
            "sliced_wasserstein_2_floor".to_owned(),
            found.draws.sliced_w2,
        ),
        (MMD.to_owned(), found.codes.mmd_squared),
        (MMD_FLOOR.to_owned(), found.draws.mmd_squared),
    ]);
    for (name, values) in [("mean", &found.mean), ("std", &found.std)] {
        let numbered = values.iter().enumerate();
        figures.extend(numbered.map(|(index, value)| (format!("{name}_{index}"), *value)));
    }
    figures
}

/// `mean_0`, `mean_1`, ... as a list.
pub(crate) fn series(figures: &BTreeMap<String, f64>, name: &str) -> Vec<f64> {
    (0..)
        .map_while(|index| figures.get(&format!("{name}_{index}")).copied())
        .collect()
}

#[cfg(test)]
mod tests;
