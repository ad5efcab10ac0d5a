//! Clustering without labels (paper, section 6): what the clusters are worth as classes.
//!
//! ```text
//! validation images ──→ a label for each cluster ──→ test images: error rate
//! ```
//! Two rules give a cluster its label. The paper's takes the one image of which the encoder is most certain; the majority vote takes the most
//! frequent label of all the cluster's images, which sees many more labels and so is the easier metric. Both are reported, by name.

use serde::Serialize;

use crate::classification::argmax_rows;
use crate::error::check_count;
use crate::labels::check_classes;
use crate::points::check_rows;
use crate::{ErrorRate, EvalError, adjusted_rand_index, normalized_mutual_information};

/// What the encoder says of the images of one set, and what they are.
#[derive(Clone, Copy, Debug)]
pub struct ClusterLogits<'a> {
    /// The logits of `q(y | x)`: `[n, clusters]`, row-major.
    pub logits: &'a [f32],
    /// The true label of each image: `[n]`.
    pub labels: &'a [u8],
}

/// How well clusters that were found without labels agree with the labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterScores {
    /// The paper's metric: each cluster has the label of the validation image that maximises `q(y_i | x)`; scored on the test set.
    pub most_certain: ErrorRate,
    /// The easier metric: each cluster has the most frequent label of the validation images assigned to it. Test images of a cluster
    /// without one count as errors.
    pub majority: ErrorRate,
    /// Each cluster's label by the paper's rule: `[clusters]`.
    pub most_certain_labels: Vec<u8>,
    /// Each cluster's label by majority; none where no validation image is assigned to it. Of several most frequent, the lowest.
    pub majority_labels: Vec<Option<u8>>,
    /// The clusters to which no image is assigned, neither of the validation set nor of the test set, in order.
    pub dead: Vec<usize>,
    /// Normalised mutual information of clusters and labels of the test set, in `[0, 1]`.
    pub nmi: f64,
    /// Adjusted Rand index of clusters and labels of the test set, in `[-0.5, 1]`.
    pub ari: f64,
}

/// Labels the clusters by the validation set, and scores them on the test set. An image is assigned to its most probable cluster.
///
/// Shapes: see [`ClusterLogits`]; 1 to 256 `clusters`. Of several validation images that maximise a cluster's probability the first
/// counts, of several most probable clusters the lowest. Images are compared by [`log_odds`], which order them as their probabilities do.
///
/// Errors: if a set is empty, its labels and rows differ in number, or a logit is not finite.
/// Source: paper, section 6.
///
/// ```
/// use aae_eval::ClusterLogits;
/// let set = ClusterLogits { logits: &[2.0, 0.0, 1.0, 0.5, -1.0, 0.5], labels: &[7, 7, 3] };
/// let found = aae_eval::cluster_scores(set, set, 2)?;
/// assert_eq!(found.most_certain_labels, [7, 3]);
/// assert_eq!(found.most_certain.errors, 0);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn cluster_scores(
    validation: ClusterLogits<'_>,
    test: ClusterLogits<'_>,
    clusters: usize,
) -> Result<ClusterScores, EvalError> {
    let validation_clusters = validation.assigned(clusters)?;
    let test_clusters = test.assigned(clusters)?;

    let most_certain_labels = validation.most_certain_labels(clusters);
    let majority_labels = majority_labels(&validation_clusters, validation.labels, clusters);
    let errors = |label: &dyn Fn(usize) -> Option<u8>| {
        let pairs = test_clusters.iter().zip(test.labels);
        let wrong = pairs.filter(|(cluster, truth)| label(usize::from(**cluster)) != Some(**truth));
        ErrorRate::of(wrong.count(), test.labels.len())
    };
    let mut alive = vec![false; clusters];
    for &cluster in validation_clusters.iter().chain(&test_clusters) {
        alive[usize::from(cluster)] = true;
    }
    Ok(ClusterScores {
        most_certain: errors(&|cluster| Some(most_certain_labels[cluster])),
        majority: errors(&|cluster| majority_labels[cluster]),
        most_certain_labels,
        majority_labels,
        dead: (0..clusters).filter(|&cluster| !alive[cluster]).collect(),
        nmi: normalized_mutual_information(&test_clusters, test.labels)?,
        ari: adjusted_rand_index(&test_clusters, test.labels)?,
    })
}

impl ClusterLogits<'_> {
    /// The most probable cluster of each image, after a check of the set.
    fn assigned(self, clusters: usize) -> Result<Vec<u8>, EvalError> {
        check_classes(clusters)?;
        check_rows("images", 1, self.logits, clusters)?;
        let images = self.logits.len() / clusters;
        check_count("labels", self.labels.len(), "images", images)?;
        argmax_rows(self.logits, clusters)
    }

    /// The label of the image that maximises each cluster's probability, the first of several.
    fn most_certain_labels(self, clusters: usize) -> Vec<u8> {
        let surest = |cluster| {
            let rows = self.logits.chunks_exact(clusters).zip(self.labels);
            rows.map(|(row, &label)| (log_odds(row, cluster), label))
                .reduce(|best, next| if next.0 > best.0 { next } else { best })
        };
        // The set has an image, so that each cluster has a surest one.
        (0..clusters)
            .filter_map(surest)
            .map(|(_, label)| label)
            .collect()
    }
}

/// The log-odds `ln(q / (1 - q))` of `class`, in nats, where `q` is its probability in `softmax(logits)` of one image.
///
/// They grow with `q`, and tell images apart of which the encoder is so sure that `q` rounds to 1: a trained encoder is of most.
/// Infinite for the only class of one. Shape: `logits` `[classes]`, finite.
///
/// # Panics
/// If there is no such class.
///
/// ```
/// let [sure, surer] = [[20.0, 0.0], [30.0, 0.0]].map(|logits| aae_eval::log_odds(&logits, 0));
/// assert_eq!((sure, surer), (20.0, 30.0));
/// ```
pub fn log_odds(logits: &[f32], class: usize) -> f64 {
    let others = || {
        let others = logits.iter().enumerate();
        others.filter_map(|(other, &logit)| (other != class).then_some(f64::from(logit)))
    };
    let greatest = others().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = others().map(|other| (other - greatest).exp()).sum();
    f64::from(logits[class]) - (greatest + sum.ln())
}

fn majority_labels(assigned: &[u8], labels: &[u8], clusters: usize) -> Vec<Option<u8>> {
    let mut counts = vec![[0_usize; 256]; clusters];
    for (&cluster, &label) in assigned.iter().zip(labels) {
        counts[usize::from(cluster)][usize::from(label)] += 1;
    }
    let most_frequent = |counts: &[usize; 256]| {
        let mut best = 0;
        for (label, &count) in counts.iter().enumerate() {
            if count > counts[best] {
                best = label;
            }
        }
        (counts[best] > 0).then_some(best as u8)
    };
    counts.iter().map(most_frequent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;

    /// Four clusters. The first has most 1s but is surest of a 5; the second is pure; to the third no validation image goes; the fourth is dead.
    const VALIDATION: ClusterLogits<'static> = ClusterLogits {
        logits: &[
            6.0, 1.0, 3.0, 0.0, //
            7.0, 2.0, 1.0, 0.0, //
            9.0, 1.0, 0.0, 0.0, //
            1.0, 5.0, 4.0, 0.0, //
            2.0, 8.0, 0.0, 0.0,
        ],
        labels: &[1, 1, 5, 2, 2],
    };
    const TEST: ClusterLogits<'static> = ClusterLogits {
        logits: &[
            8.0, 1.0, 1.0, 0.0, //
            8.0, 1.0, 1.0, 0.0, //
            8.0, 1.0, 1.0, 0.0, //
            0.0, 9.0, 0.0, 0.0, //
            1.0, 2.0, 7.0, 0.0, //
            8.0, 1.0, 1.0, 0.0, //
            8.0, 1.0, 1.0, 0.0,
        ],
        labels: &[1, 1, 5, 2, 2, 1, 1],
    };

    #[test]
    fn the_most_certain_image_gives_its_label_to_the_whole_cluster() {
        let found = cluster_scores(VALIDATION, TEST, 4).unwrap();
        // To the third the image that has 4 beside 5 gives its label; to the dead one the image that is least sure of any other.
        assert_eq!(found.most_certain_labels, [5, 2, 2, 2]);
        assert_eq!((found.most_certain.errors, found.most_certain.n), (4, 7));
    }

    #[test]
    fn of_two_images_whose_probability_rounds_to_one_the_surer_gives_its_label() {
        let set = ClusterLogits {
            logits: &[100.0, 0.0, 900.0, 0.0, 0.0, 40.0],
            labels: &[4, 9, 7],
        };
        let found = cluster_scores(set, set, 2).unwrap();
        assert_eq!(found.most_certain_labels, [9, 7]);
    }

    #[test]
    fn log_odds_are_those_of_the_softmax() {
        // from scipy.special import logit, softmax
        // print(logit(softmax([0.5, -1.0, 2.0])))
        let expected = [-1.548587351573742, -3.2014132779827524, 1.2985867220172476];
        for (class, expected) in expected.into_iter().enumerate() {
            close(log_odds(&[0.5, -1.0, 2.0], class), expected, 1e-12);
        }
        assert_eq!(log_odds(&[3.0], 0), f64::INFINITY);
        let far = [0, 1].map(|class| log_odds(&[-2000.0, 2000.0], class));
        assert_eq!(far, [-4000.0, 4000.0]);
    }

    #[test]
    fn the_majority_gives_its_label_and_a_cluster_without_one_is_wrong() {
        let found = cluster_scores(VALIDATION, TEST, 4).unwrap();
        assert_eq!(found.majority_labels, [Some(1), Some(2), None, None]);
        assert_eq!((found.majority.errors, found.majority.n), (2, 7));
    }

    #[test]
    fn a_cluster_that_no_image_goes_to_is_dead() {
        let found = cluster_scores(VALIDATION, TEST, 4).unwrap();
        assert_eq!(found.dead, [3]);
        let found = cluster_scores(VALIDATION, VALIDATION, 4).unwrap();
        assert_eq!(found.dead, [2, 3]);
    }

    #[test]
    fn agreement_with_the_labels_is_that_of_scikit_learn() {
        // from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
        // a, b = [0, 0, 0, 1, 2, 0, 0], [1, 1, 5, 2, 2, 1, 1]
        // print(normalized_mutual_info_score(a, b), adjusted_rand_score(a, b))
        let found = cluster_scores(VALIDATION, TEST, 4).unwrap();
        close(found.nmi, 0.6829516563124455, 1e-12);
        close(found.ari, 0.5161290322580645, 1e-12);
    }

    #[test]
    fn a_perfect_clustering_has_no_error_by_either_rule() {
        let labels: Vec<u8> = (0..60).map(|i| (i * 7 % 3) as u8).collect();
        let logits: Vec<f32> = labels
            .iter()
            .flat_map(|&label| {
                (0..3).map(move |cluster| f32::from(u8::from((label + 1) % 3 == cluster)))
            })
            .collect();
        let set = ClusterLogits {
            logits: &logits,
            labels: &labels,
        };
        let found = cluster_scores(set, set, 3).unwrap();
        assert_eq!((found.most_certain.errors, found.majority.errors), (0, 0));
        assert!(found.dead.is_empty());
        close(found.nmi, 1.0, 1e-12);
        assert_eq!(found.ari, 1.0);
    }

    #[test]
    fn bad_sets_are_refused() {
        let message = |logits: &[f32], labels: &[u8], clusters| {
            let set = ClusterLogits { logits, labels };
            cluster_scores(set, set, clusters).unwrap_err().to_string()
        };
        assert_eq!(message(&[], &[], 2), "expected at least 1 images, found 0");
        assert_eq!(
            message(&[0.5; 4], &[1], 2),
            "expected 2 labels, as many as there are images, found 1"
        );
        assert_eq!(
            message(&[0.5, f32::NAN], &[1], 2),
            "expected finite values, found NaN in point 0, dimension 1"
        );
        assert_eq!(
            message(&[0.5; 3], &[1], 2),
            "expected a multiple of 2 values (one point is 2 of them), found 3"
        );
        assert_eq!(
            message(&[], &[], 300),
            "expected 1 to 256 classes, found 300"
        );
    }
}
