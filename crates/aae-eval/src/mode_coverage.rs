//! Mode coverage: whether a decoder's draws show all classes, and in equal shares.

use serde::Serialize;

use crate::EvalError;
use crate::labels::check_labels;

/// Which classes a classifier saw in a decoder's draws.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModeCoverage {
    /// The share of the draws that is of each class, in `[0, 1]`: `[classes]`, sum 1.
    pub shares: Vec<f64>,
    /// Entropy of the shares in nats, from 0 (one class alone) to `ln classes` (all alike).
    pub entropy: f64,
    /// `entropy / ln classes`, in `[0, 1]`.
    pub relative_entropy: f64,
    /// The classes of which there was no draw, in order.
    pub never_drawn: Vec<u8>,
}

/// How draws spread over the classes, by the labels that a classifier predicted for them.
///
/// Shapes: `predictions` `[n]`, values below `classes`, which is 2 to 256. A figure of the classifier as much as of the draws: a digit
/// that it takes for another is counted as the other.
///
/// Errors: if there are no draws, a prediction is not a class, or there are fewer than two classes.
///
/// ```
/// let found = aae_eval::mode_coverage(&[0, 0, 2, 2], 3)?;
/// assert_eq!(found.shares, [0.5, 0.0, 0.5]);
/// assert_eq!(found.never_drawn, [1]);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn mode_coverage(predictions: &[u8], classes: usize) -> Result<ModeCoverage, EvalError> {
    let too_few = |what, needed, found| {
        Err(EvalError::TooFew {
            what,
            needed,
            found,
        })
    };
    check_labels("predictions", predictions, classes)?;
    if classes < 2 {
        return too_few("classes", 2, classes);
    }
    if predictions.is_empty() {
        return too_few("predictions", 1, 0);
    }
    let mut counts = vec![0_usize; classes];
    for &prediction in predictions {
        counts[usize::from(prediction)] += 1;
    }
    let n = predictions.len() as f64;
    let shares: Vec<f64> = counts.iter().map(|&count| count as f64 / n).collect();
    let drawn = shares.iter().filter(|&&share| share > 0.0);
    // From below 0.0, the sum of one class's share of 1 would be -0.0.
    let entropy = drawn
        .map(|share| share * -share.ln())
        .fold(0.0, |a, b| a + b);
    let most = (classes as f64).ln();
    let never = counts.iter().enumerate().filter(|(_, count)| **count == 0);
    Ok(ModeCoverage {
        entropy,
        relative_entropy: (entropy / most).min(1.0),
        never_drawn: never.map(|(class, _)| class as u8).collect(),
        shares,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;

    #[test]
    fn equal_shares_have_all_the_entropy_there_is() {
        let predictions: Vec<u8> = (0..1000).map(|i| (i % 10) as u8).collect();
        let found = mode_coverage(&predictions, 10).unwrap();
        close(found.entropy, 10f64.ln(), 1e-12);
        close(found.relative_entropy, 1.0, 1e-12);
        assert_eq!(found.shares, [0.1; 10]);
        assert!(found.never_drawn.is_empty());
    }

    #[test]
    fn one_class_alone_has_none_and_the_others_are_named() {
        let found = mode_coverage(&[2; 7], 4).unwrap();
        assert_eq!(found.entropy.to_bits(), 0f64.to_bits());
        assert_eq!(found.relative_entropy, 0.0);
        assert_eq!(found.never_drawn, [0, 1, 3]);
    }

    #[test]
    fn unequal_shares_agree_with_scipy() {
        // from scipy.stats import entropy
        // print(entropy([5, 3, 0, 2]), entropy([5, 3, 0, 2], base=4))
        let found = mode_coverage(&[0, 0, 0, 0, 0, 1, 1, 1, 3, 3], 4).unwrap();
        close(found.entropy, 1.0296530140645737, 1e-12);
        close(found.relative_entropy, 0.7427376486136672, 1e-12);
        assert_eq!(found.never_drawn, [2]);
    }

    #[test]
    fn nothing_and_unknown_classes_are_refused() {
        let message = |predictions: &[u8], classes| {
            mode_coverage(predictions, classes).unwrap_err().to_string()
        };
        assert_eq!(message(&[], 3), "expected at least 1 predictions, found 0");
        assert_eq!(message(&[0], 1), "expected at least 2 classes, found 1");
        assert_eq!(
            message(&[0, 7], 3),
            "expected predictions below 3, found 7 at position 1"
        );
    }
}
