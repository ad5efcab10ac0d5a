//! The k nearest neighbours among training codes: a classifier on frozen codes that has nothing to fit.

use rayon::prelude::*;

use crate::nearest_neighbour::least;
use crate::points::{BLOCK, Columns, Points};
use crate::{EvalError, LabelledCodes};

/// Test codes of one task: each block of training codes is read from the cache for all of them.
const TASK: usize = 64;

/// The share of test codes that the vote of their `k` nearest training codes gives the right label, in `[0, 1]`.
///
/// Euclidean distances, all of them computed; of codes equally near, those with the lowest index are taken. Of labels with equally many votes
/// the one with the nearest neighbour wins.
///
/// Shapes: codes `[n, dim]`, row-major. Cost: `n_train · n_test · dim`. The result does not depend on the number of threads.
///
/// Errors: if a set is empty, its labels and codes differ in number, a coordinate is not finite, or `k` is not in `1..=n_train`.
///
/// ```
/// use aae_eval::{LabelledCodes, k_nearest_accuracy};
/// let train = LabelledCodes { codes: &[0.0, 0.2, 5.0, 5.2, 1.0], labels: &[0, 0, 1, 1, 1] };
/// let test = LabelledCodes { codes: &[0.7, 5.1], labels: &[0, 1] };
/// assert_eq!(k_nearest_accuracy(train, test, 1, 1)?, 0.5);
/// assert_eq!(k_nearest_accuracy(train, test, 1, 3)?, 1.0);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn k_nearest_accuracy(
    train: LabelledCodes<'_>,
    test: LabelledCodes<'_>,
    dim: usize,
    k: usize,
) -> Result<f64, EvalError> {
    let train_points = train.points("training codes", dim)?;
    let test_points = test.points("test codes", dim)?;
    if k == 0 {
        return Err(EvalError::TooFew {
            what: "neighbours",
            needed: 1,
            found: 0,
        });
    }
    if k > train_points.len() {
        return Err(EvalError::TooFew {
            what: "training codes",
            needed: k,
            found: train_points.len(),
        });
    }
    let neighbours = nearest(train_points, test_points, k);
    let predictions: Vec<u8> = neighbours
        .iter()
        .map(|neighbours| vote(neighbours.iter().map(|&i| train.labels[i])))
        .collect();
    Ok(test.accuracy(&predictions))
}

/// The indices of the `k` training codes nearest to each test code, from the nearest on.
fn nearest(train: Points<'_>, test: Points<'_>, k: usize) -> Vec<Vec<usize>> {
    let columns = Columns::new(train);
    let task = |first: usize| {
        let last = test.len().min(first + TASK);
        let mut best = vec![Nearest::of(k); last - first];
        let mut squared = [0.0; BLOCK];
        for start in (0..train.len()).step_by(BLOCK) {
            let squared = &mut squared[..BLOCK.min(train.len() - start)];
            for (i, best) in (first..last).zip(&mut best) {
                columns.squared_distances(test.row(i), start, squared);
                best.offer(start, squared);
            }
        }
        best.into_iter()
            .map(|best| best.found.into_iter().map(|(_, i)| i).collect())
            .collect::<Vec<Vec<usize>>>()
    };
    let firsts: Vec<usize> = (0..test.len()).step_by(TASK).collect();
    firsts.into_par_iter().flat_map_iter(task).collect()
}

/// The nearest so far: squared distances and indices, ascending.
#[derive(Clone)]
struct Nearest {
    k: usize,
    found: Vec<(f32, usize)>,
}

impl Nearest {
    fn of(k: usize) -> Self {
        let found = Vec::with_capacity(k.min(BLOCK));
        Self { k, found }
    }

    /// Takes those of a block of distances that are among the nearest. Blocks come in order, so that of equal distances the first stays.
    fn offer(&mut self, start: usize, squared: &[f32]) {
        let full = self.found.len() == self.k;
        if full
            && self
                .found
                .last()
                .is_some_and(|last| least(squared) >= last.0)
        {
            return;
        }
        for (offset, &distance) in squared.iter().enumerate() {
            if self.found.len() == self.k {
                if self.found.last().is_some_and(|last| distance >= last.0) {
                    continue;
                }
                self.found.pop();
            }
            let place = self.found.partition_point(|other| other.0 <= distance);
            self.found.insert(place, (distance, start + offset));
        }
    }
}

/// The label with the most votes; of several, the one that comes first.
fn vote(labels: impl Iterator<Item = u8>) -> u8 {
    let mut order = Vec::new();
    let mut votes = [0_usize; 256];
    for label in labels {
        if votes[usize::from(label)] == 0 {
            order.push(label);
        }
        votes[usize::from(label)] += 1;
    }
    let mut best = 0;
    let mut most = 0;
    for label in order {
        if votes[usize::from(label)] > most {
            (best, most) = (label, votes[usize::from(label)]);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::striped;

    #[test]
    fn a_cloud_in_stripes_agrees_with_scikit_learn() {
        // import numpy as np
        // from sklearn.neighbors import KNeighborsClassifier
        // i = np.arange(700)
        // x = np.stack([(i * 7919 % 1009) / 100, (i * 104729 % 997) / 90], 1).astype(np.float32)
        // y = i * 7919 % 1009 // 150
        // near = KNeighborsClassifier(algorithm="brute").fit(x[:500], y[:500])
        // for k in (1, 4, 5):
        //     votes = [list(v) for v in y[near.kneighbors(x[500:], k, return_distance=False)]]
        //     best = [max(v, key=lambda l: (v.count(l), -v.index(l))) for v in votes]
        //     print(k, (np.array(best) == y[500:]).sum())
        let (x, labels) = striped();
        let (train, test) = x.split_at(1_000);
        let (train_labels, test_labels) = labels.split_at(500);
        let train = LabelledCodes {
            codes: train,
            labels: train_labels,
        };
        let test = LabelledCodes {
            codes: test,
            labels: test_labels,
        };
        for (k, hits) in [(1, 192.0), (4, 192.0), (5, 194.0)] {
            let accuracy = || k_nearest_accuracy(train, test, 2, k).unwrap();
            assert_eq!(accuracy(), hits / 200.0, "{k}");
            assert_eq!(aae_ops::with_threads(1, accuracy).unwrap(), hits / 200.0);
        }
    }

    #[test]
    fn of_equally_near_codes_the_first_count_and_they_come_in_order() {
        let mut codes = vec![9.0f32; 600];
        (codes[550], codes[300], codes[299], codes[10]) = (1.0, -1.0, 0.5, 2.0);
        let train = Points::new(&codes, 1).unwrap();
        let test = Points::at_least(1, "test codes", &[0.0], 1).unwrap();
        assert_eq!(nearest(train, test, 2), [[299, 300]]);
        assert_eq!(nearest(train, test, 6), [[299, 300, 550, 10, 0, 1]]);
        assert_eq!(nearest(train, test, 600)[0].len(), 600);
    }

    #[test]
    fn of_labels_with_equally_many_votes_the_nearest_wins() {
        assert_eq!(vote([7, 3, 3, 7].into_iter()), 7);
        assert_eq!(vote([1, 3, 7, 3].into_iter()), 3);
        assert_eq!(vote([255].into_iter()), 255);
    }

    #[test]
    fn impossible_numbers_of_neighbours_and_bad_sets_are_refused() {
        let set = |codes, labels| LabelledCodes { codes, labels };
        let train = set(&[0.0, 1.0, 2.0], &[0, 1, 0]);
        let message = |train, test, k| {
            let found = k_nearest_accuracy(train, test, 1, k);
            found.unwrap_err().to_string()
        };
        assert_eq!(
            message(train, train, 0),
            "expected at least 1 neighbours, found 0"
        );
        assert_eq!(
            message(train, train, 4),
            "expected at least 4 training codes, found 3"
        );
        assert_eq!(
            message(train, set(&[], &[]), 1),
            "expected at least 1 test codes, found 0"
        );
        assert_eq!(
            message(set(&[f32::NAN], &[0]), train, 1),
            "expected finite values, found NaN in point 0, dimension 0"
        );
    }
}
