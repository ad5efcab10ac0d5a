//! Classification: from logits to labels, and how many of them are wrong.

use serde::Serialize;

use crate::EvalError;
use crate::labels::{check_labels, check_same_length};
use crate::points::check_rows;

/// The 97.5 % quantile of the standard normal distribution: an interval of 95 % reaches this many standard errors to each side.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// How many of `n` predictions are wrong, with a 95 % confidence interval of the share.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ErrorRate {
    /// Wrong predictions.
    pub errors: usize,
    /// All predictions.
    pub n: usize,
    /// `errors / n`, in `[0, 1]`.
    pub rate: f64,
    /// Lower end of the interval, in `[0, rate]`.
    pub low: f64,
    /// Upper end of the interval, in `[rate, 1]`.
    pub high: f64,
}

impl ErrorRate {
    /// The rate of `errors` among `n` predictions, at least one.
    pub(crate) fn of(errors: usize, n: usize) -> Self {
        let (count, rate) = (n as f64, errors as f64 / n as f64);
        let square = QUANTILE * QUANTILE / count;
        let centre = rate + square / 2.0;
        let half = (square * (rate * (1.0 - rate) + square / 4.0)).sqrt();
        // At either end the formula is exact but for the last bit, which must not cut the rate off.
        Self {
            errors,
            n,
            rate,
            low: ((centre - half) / (1.0 + square)).clamp(0.0, rate),
            high: ((centre + half) / (1.0 + square)).clamp(rate, 1.0),
        }
    }
}

/// The share of predictions that differ from the label, with its 95 % Wilson interval.
///
/// Shapes: `predictions` and `labels` `[n]`.
///
/// Errors: if the lengths differ or there is nothing to compare. Source of the interval: Wilson 1927, *Probable inference, the law of
/// succession, and statistical inference*.
///
/// ```
/// let found = aae_eval::error_rate(&[3, 1, 4, 1], &[3, 1, 4, 7])?;
/// assert_eq!((found.errors, found.rate), (1, 0.25));
/// assert!(found.low < 0.25 && found.high > 0.25);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn error_rate(predictions: &[u8], labels: &[u8]) -> Result<ErrorRate, EvalError> {
    check_same_length("predictions", predictions, "labels", labels)?;
    let pairs = predictions.iter().zip(labels);
    let errors = pairs.filter(|(prediction, label)| prediction != label);
    Ok(ErrorRate::of(errors.count(), labels.len()))
}

/// How often each class was taken for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// The number of classes: rows, and columns.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many of class `label` were predicted to be of class `prediction`; 0 for classes that do not exist.
    pub fn count(&self, label: usize, prediction: usize) -> u64 {
        let row = self.rows().nth(label);
        row.and_then(|row| row.get(prediction))
            .copied()
            .unwrap_or(0)
    }

    /// One row for each label, in order; in it one count for each prediction.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks_exact(self.classes)
    }
}

/// The confusion matrix `[classes, classes]`: rows are labels, columns predictions.
///
/// Shapes: `predictions` and `labels` `[n]`, values below `classes`, which is 1 to 256.
///
/// Errors: if the lengths differ, there is nothing to compare, or a value is not a class.
///
/// ```
/// let matrix = aae_eval::confusion_matrix(&[0, 1, 1], &[0, 1, 0], 2)?;
/// assert_eq!(matrix.count(0, 1), 1);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn confusion_matrix(
    predictions: &[u8],
    labels: &[u8],
    classes: usize,
) -> Result<ConfusionMatrix, EvalError> {
    check_same_length("predictions", predictions, "labels", labels)?;
    check_labels("predictions", predictions, classes)?;
    check_labels("labels", labels, classes)?;
    let mut counts = vec![0; classes * classes];
    for (&prediction, &label) in predictions.iter().zip(labels) {
        counts[usize::from(label) * classes + usize::from(prediction)] += 1;
    }
    Ok(ConfusionMatrix { classes, counts })
}

/// The class of the greatest logit (or probability) of each row, the lowest of several: `[n]`.
///
/// Shapes: `logits` `[n, classes]`, row-major, with 1 to 256 classes.
///
/// Errors: if there are no rows, the values do not form rows, the classes do not fit a label, or a value is not finite.
///
/// ```
/// assert_eq!(aae_eval::argmax_rows(&[0.1, 0.9, 0.5, 0.5], 2)?, [1, 0]);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn argmax_rows(logits: &[f32], classes: usize) -> Result<Vec<u8>, EvalError> {
    check_labels("rows", &[], classes)?;
    check_rows("rows", 1, logits, classes)?;
    let greatest = |row: &[f32]| {
        let mut best = 0;
        for (class, &logit) in row.iter().enumerate() {
            if logit > row[best] {
                best = class;
            }
        }
        best as u8
    };
    Ok(logits.chunks_exact(classes).map(greatest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;

    #[test]
    fn the_interval_agrees_with_scipy() {
        // from scipy.stats import binomtest
        // for k, n in [(19, 1000), (0, 50), (50, 50)]:
        //     print(binomtest(k, n).proportion_ci(.95, "wilson"))
        for (errors, n, low, high) in [
            (19, 1000, 0.012196885750790908, 0.029484455912313128),
            (0, 50, 0.0, 0.07134759913335872),
            (50, 50, 0.9286524008666412, 1.0),
        ] {
            let found = ErrorRate::of(errors, n);
            close(found.low, low, 1e-12);
            close(found.high, high, 1e-12);
            assert!(found.low <= found.rate && found.rate <= found.high);
        }
    }

    #[test]
    fn errors_are_counted_and_divided_by_all() {
        let found = error_rate(&[0, 1, 2, 3, 4], &[0, 1, 9, 3, 9]).unwrap();
        assert_eq!((found.errors, found.n, found.rate), (2, 5, 0.4));
    }

    #[test]
    fn rows_of_the_matrix_are_labels_and_columns_predictions() {
        // from sklearn.metrics import confusion_matrix
        // print(confusion_matrix([0, 1, 1, 1, 2], [0, 0, 2, 2, 1]))
        let matrix = confusion_matrix(&[0, 0, 2, 2, 1], &[0, 1, 1, 1, 2], 3).unwrap();
        let rows: Vec<&[u64]> = matrix.rows().collect();
        assert_eq!(rows, [[1, 0, 0], [1, 0, 2], [0, 1, 0]]);
        assert_eq!(matrix.classes(), 3);
        assert_eq!(
            [matrix.count(1, 2), matrix.count(2, 1), matrix.count(3, 0)],
            [2, 1, 0]
        );
    }

    #[test]
    fn of_equal_logits_the_first_is_the_greatest() {
        let logits = [-1.0, -2.0, -1.0, 0.0, 3.0, 3.0, -0.0, 0.0, 0.0];
        assert_eq!(argmax_rows(&logits, 3).unwrap(), [0, 1, 0]);
        let many: Vec<f32> = (0..256).map(|i| i as f32).collect();
        assert_eq!(argmax_rows(&many, 256).unwrap(), [255]);
    }

    #[test]
    fn bad_input_is_refused_with_what_was_expected() {
        let message = |error: EvalError| error.to_string();
        assert_eq!(
            message(error_rate(&[], &[]).unwrap_err()),
            "expected at least 1 labels, found 0"
        );
        assert_eq!(
            message(error_rate(&[1], &[1, 2]).unwrap_err()),
            "expected 2 predictions, as many as there are labels, found 1"
        );
        assert_eq!(
            message(confusion_matrix(&[1, 3], &[1, 2], 3).unwrap_err()),
            "expected predictions below 3, found 3 at position 1"
        );
        assert_eq!(
            message(argmax_rows(&[0.0; 257], 257).unwrap_err()),
            "expected 1 to 256 classes, found 257"
        );
        assert_eq!(
            message(argmax_rows(&[], 0).unwrap_err()),
            "expected 1 to 256 classes, found 0"
        );
        assert_eq!(
            message(argmax_rows(&[0.0, 1.0, 2.0, f32::NAN], 2).unwrap_err()),
            "expected finite values, found NaN in point 1, dimension 1"
        );
        assert_eq!(
            message(argmax_rows(&[], 2).unwrap_err()),
            "expected at least 1 rows, found 0"
        );
    }
}
