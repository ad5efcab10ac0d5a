//! Codes with labels: what a classifier on frozen codes learns from, and what it is scored on.

use crate::EvalError;
use crate::error::check_count;
use crate::points::Points;

/// The codes of a set of images, and the labels of those images.
#[derive(Clone, Copy, Debug)]
pub struct LabelledCodes<'a> {
    /// `[n, dim]`, row-major, finite.
    pub codes: &'a [f32],
    /// `[n]`.
    pub labels: &'a [u8],
}

impl<'a> LabelledCodes<'a> {
    /// The codes as points, if they are at least one and have a label each.
    pub(crate) fn points(self, what: &'static str, dim: usize) -> Result<Points<'a>, EvalError> {
        let points = Points::at_least(1, what, self.codes, dim)?;
        check_count("labels", self.labels.len(), what, points.len())?;
        Ok(points)
    }

    /// The share of the labels that `predictions` meet. At least one, and as many of either.
    pub(crate) fn accuracy(self, predictions: &[u8]) -> f64 {
        let pairs = predictions.iter().zip(self.labels);
        let hits = pairs.filter(|(prediction, label)| prediction == label);
        hits.count() as f64 / self.labels.len() as f64
    }
}

/// What makes each coordinate of the training codes one of mean 0 and standard deviation 1.
pub(crate) struct Standard {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl Standard {
    /// A coordinate that is the same in all points is shifted, not divided.
    pub(crate) fn new(points: Points<'_>) -> Self {
        let (mean, mut std) = points.moments();
        for std in std.iter_mut().filter(|std| **std == 0.0) {
            *std = 1.0;
        }
        Self { mean, std }
    }

    /// The points in these units, `[n, dim]`.
    pub(crate) fn apply(&self, points: Points<'_>) -> Vec<f64> {
        let mut values = Vec::with_capacity(points.len() * self.mean.len());
        for row in points.rows() {
            let units = self.mean.iter().zip(&self.std);
            let row = row.iter().zip(units);
            values.extend(row.map(|(&x, (mean, std))| (f64::from(x) - mean) / std));
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_units_are_those_of_the_training_codes() {
        let train = Points::new(&[1.0, 7.0, 3.0, 7.0], 2).unwrap();
        let test = Points::at_least(1, "test codes", &[5.0, 8.0], 2).unwrap();
        let standard = Standard::new(train);
        assert_eq!(standard.apply(train), [-1.0, 0.0, 1.0, 0.0]);
        assert_eq!(standard.apply(test), [3.0, 1.0]);
    }

    #[test]
    fn codes_without_labels_and_no_codes_are_refused() {
        let message = |codes: &[f32], labels: &[u8]| {
            let set = LabelledCodes { codes, labels };
            let found = set.points("test codes", 2).err().unwrap();
            found.to_string()
        };
        assert_eq!(message(&[], &[]), "expected at least 1 test codes, found 0");
        assert_eq!(
            message(&[0.0; 4], &[1]),
            "expected 2 labels, as many as there are test codes, found 1"
        );
    }
}
