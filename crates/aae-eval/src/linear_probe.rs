//! A linear classifier on frozen codes: how much of the label can be read from a code by a plane.
//!
//! The leakage test: the style of a supervised autoencoder must say nothing of the label, so this probe must be at chance on it. That alone does not
//! show it: what no plane finds the [`network_probe_accuracy`](crate::network_probe_accuracy) may.

use rayon::prelude::*;

use crate::labelled::Standard;
use crate::labels::check_labels;
use crate::lbfgs::minimise;
use crate::{EvalError, LabelledCodes};

/// Codes whose gradient one task adds up: fixed, so that the order of every sum is.
const CHUNK: usize = 1024;

/// The greatest element of the mean loss's gradient at which the fit is done.
const TOLERANCE: f64 = 1e-7;

/// Far more than any code of a few dimensions needs.
const ITERATIONS: usize = 2000;

/// The accuracy of multinomial logistic regression from code to label, fitted to `train` and scored on `test`, in `[0, 1]`.
///
/// Codes are standardised by the mean and deviation of the training codes. The loss is the cross-entropy summed over training codes plus
/// `½ ‖W‖²`, biases free: scikit-learn's `LogisticRegression` with `C = 1`. It is convex, and minimised until no element of the gradient
/// of the mean exceeds 1e-7, so nothing is drawn and the result depends on the codes alone. Chance is the share of the most frequent
/// class.
///
/// Shapes: codes `[n, dim]`, row-major; labels below `classes`, which is 1 to 256.
///
/// Errors: if a set is empty, its labels and codes differ in number, a label is not a class, a coordinate is not finite, or the fit does
/// not converge.
///
/// ```
/// use aae_eval::{LabelledCodes, linear_probe_accuracy};
/// let train = LabelledCodes { codes: &[-2.0, -1.0, 1.0, 2.0], labels: &[0, 0, 1, 1] };
/// let test = LabelledCodes { codes: &[-3.0, 3.0], labels: &[0, 1] };
/// assert_eq!(linear_probe_accuracy(train, test, 1, 2)?, 1.0);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn linear_probe_accuracy(
    train: LabelledCodes<'_>,
    test: LabelledCodes<'_>,
    dim: usize,
    classes: usize,
) -> Result<f64, EvalError> {
    let train_points = train.points("training codes", dim)?;
    let test_points = test.points("test codes", dim)?;
    check_labels("training labels", train.labels, classes)?;
    check_labels("test labels", test.labels, classes)?;
    let standard = Standard::new(train_points);
    let weights = fit(&standard.apply(train_points), dim, train.labels, classes)?;
    let test_codes = standard.apply(test_points);
    let predictions: Vec<u8> = test_codes
        .chunks_exact(dim)
        .map(|code| {
            let (mut best, mut greatest) = (0, f64::NEG_INFINITY);
            for (class, logit) in logits(&weights, code).enumerate() {
                if logit > greatest {
                    (best, greatest) = (class as u8, logit);
                }
            }
            best
        })
        .collect();
    Ok(test.accuracy(&predictions))
}

/// The weights `[classes, dim + 1]`; the last of each row is the bias.
fn fit(codes: &[f64], dim: usize, labels: &[u8], classes: usize) -> Result<Vec<f64>, EvalError> {
    let n = labels.len() as f64;
    let width = dim + 1;
    let loss = |weights: &[f64]| {
        let parts: Vec<(f64, Vec<f64>)> = codes
            .par_chunks(CHUNK * dim)
            .zip(labels.par_chunks(CHUNK))
            .map(|(codes, labels)| cross_entropy(weights, codes, dim, labels))
            .collect();
        let mut value = 0.0;
        let mut gradient = vec![0.0; weights.len()];
        for (part, part_gradient) in parts {
            value += part;
            for (sum, part) in gradient.iter_mut().zip(part_gradient) {
                *sum += part;
            }
        }
        for (i, (gradient, &weight)) in gradient.iter_mut().zip(weights).enumerate() {
            if i % width != dim {
                value += 0.5 * weight * weight;
                *gradient += weight;
            }
            *gradient /= n;
        }
        (value / n, gradient)
    };
    let found = minimise(loss, vec![0.0; classes * width], TOLERANCE, ITERATIONS);
    if found.gradient <= TOLERANCE {
        return Ok(found.at);
    }
    Err(EvalError::NotConverged {
        what: "the linear probe",
        iterations: ITERATIONS,
        gradient: found.gradient,
    })
}

/// The cross-entropy in nats, summed over codes, and its gradient by the weights.
fn cross_entropy(weights: &[f64], codes: &[f64], dim: usize, labels: &[u8]) -> (f64, Vec<f64>) {
    let mut value = 0.0;
    let mut gradient = vec![0.0; weights.len()];
    let mut terms = vec![0.0; weights.len() / (dim + 1)];
    for (code, &label) in codes.chunks_exact(dim).zip(labels) {
        let mut greatest = f64::NEG_INFINITY;
        for (term, logit) in terms.iter_mut().zip(logits(weights, code)) {
            *term = logit;
            greatest = greatest.max(logit);
        }
        value += greatest - terms[usize::from(label)];
        let mut sum = 0.0;
        for term in &mut terms {
            *term = (*term - greatest).exp();
            sum += *term;
        }
        value += sum.ln();
        let rows = gradient.chunks_exact_mut(dim + 1);
        for (class, (row, term)) in rows.zip(&terms).enumerate() {
            let error = term / sum - f64::from(u8::from(class == usize::from(label)));
            for (gradient, x) in row.iter_mut().zip(code) {
                *gradient += error * x;
            }
            row[dim] += error;
        }
    }
    (value, gradient)
}

/// The logits of one code, class by class.
fn logits<'a>(weights: &'a [f64], code: &'a [f64]) -> impl Iterator<Item = f64> + use<'a> {
    weights.chunks_exact(code.len() + 1).map(move |row| {
        let products = row.iter().zip(code).map(|(w, x)| w * x);
        products.sum::<f64>() + row[code.len()]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::Points;
    use crate::testing::{close, scattered};

    /// A cloud whose labels follow a plane, with noise at the borders.
    fn noisy() -> (Vec<f32>, Vec<u8>) {
        let (x, _) = scattered();
        let at = |i: u32, factor: u32, modulus: u32| f64::from(i * factor % modulus);
        let label = |i: u32| {
            let plane = at(i, 7919, 1009) / 100.0 + at(i, 104_729, 997) / 90.0;
            ((plane + at(i, 271, 13) / 4.0) as u32 / 6) as u8
        };
        (x, (0..700).map(label).collect())
    }

    #[test]
    fn weights_and_accuracy_are_those_of_scikit_learn() {
        // import numpy as np
        // from sklearn.linear_model import LogisticRegression
        // i = np.arange(700)
        // x = np.stack([(i * 7919 % 1009) / 100, (i * 104729 % 997) / 90], 1)
        // y = (x.sum(1) + (i * 271 % 13) / 4).astype(int) // 6
        // x = x.astype(np.float32).astype(float)
        // z = (x - x[:500].mean(0)) / x[:500].std(0)
        // m = LogisticRegression(C=1, tol=1e-10, max_iter=10000).fit(z[:500], y[:500])
        // print((m.predict(z[500:]) == y[500:]).sum(), m.coef_, m.intercept_)
        let (x, y) = noisy();
        let train = LabelledCodes {
            codes: &x[..1_000],
            labels: &y[..500],
        };
        let test = LabelledCodes {
            codes: &x[1_000..],
            labels: &y[500..],
        };
        let points = Points::new(train.codes, 2).unwrap();
        let codes = Standard::new(points).apply(points);
        let weights = fit(&codes, 2, train.labels, 4).unwrap();
        let expected = [
            [-4.258436916577584, -4.57599437425643, -2.9049752125281776],
            [-1.5446497947561746, -1.636531851194569, 2.8776952530535302],
            [1.5341270307518242, 1.7090646710841846, 2.8829820040605183],
            [4.268959680581936, 4.503461554366816, -2.8557020445858776],
        ];
        for (found, expected) in weights.iter().zip(expected.as_flattened()) {
            close(*found, *expected, 1e-4);
        }
        let accuracy = linear_probe_accuracy(train, test, 2, 4).unwrap();
        assert_eq!(accuracy, 177.0 / 200.0);
    }

    #[test]
    fn the_weights_are_the_same_on_any_number_of_threads() {
        let codes: Vec<f64> = (0..5_000)
            .map(|i| f64::from(i * 7919 % 1009) / 500.0 - 1.0)
            .collect();
        let labels: Vec<u8> = (0..2_500).map(|i| (i * 31 % 3) as u8).collect();
        let on = |threads| {
            aae_ops::with_threads(threads, || fit(&codes, 2, &labels, 3).unwrap()).unwrap()
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(5));
    }

    #[test]
    fn a_perfect_split_and_a_constant_coordinate_still_converge() {
        let codes = [-2.0, 7.0, -1.0, 7.0, 1.0, 7.0, 2.0, 7.0];
        let set = LabelledCodes {
            codes: &codes,
            labels: &[3, 3, 0, 0],
        };
        assert_eq!(linear_probe_accuracy(set, set, 2, 5).unwrap(), 1.0);
        let alone = LabelledCodes {
            codes: &codes[..2],
            labels: &[0],
        };
        assert_eq!(linear_probe_accuracy(alone, alone, 2, 1).unwrap(), 1.0);
    }

    #[test]
    fn codes_that_say_nothing_of_the_label_leave_it_at_chance() {
        let (x, _) = scattered();
        let labels: Vec<u8> = (0..700).map(|i| (i * 31 % 10) as u8).collect();
        let train = LabelledCodes {
            codes: &x[..1_000],
            labels: &labels[..500],
        };
        let test = LabelledCodes {
            codes: &x[1_000..],
            labels: &labels[500..],
        };
        // Chance is 0.1, with a standard error of 0.021 over 200 codes.
        close(
            linear_probe_accuracy(train, test, 2, 10).unwrap(),
            0.1,
            0.07,
        );
    }

    #[test]
    fn labels_that_are_no_class_are_refused() {
        let set = LabelledCodes {
            codes: &[0.0, 1.0],
            labels: &[0, 4],
        };
        let found = linear_probe_accuracy(set, set, 1, 3).unwrap_err();
        assert_eq!(
            found.to_string(),
            "expected training labels below 3, found 4 at position 1"
        );
        let found = linear_probe_accuracy(set, set, 1, 0).unwrap_err();
        assert_eq!(found.to_string(), "expected 1 to 256 classes, found 0");
    }
}
