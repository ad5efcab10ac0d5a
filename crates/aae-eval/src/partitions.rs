//! How far two ways to divide the same images agree, whatever the parts are called.

use crate::EvalError;
use crate::labels::check_same_length;

/// The normalised mutual information of two labellings, in `[0, 1]`: mutual information over the mean of the two entropies.
///
/// 1 if each labelling determines the other, 0 if they are independent; two labellings with one class each agree, 1. Not adjusted for
/// chance: with many classes and few images it lies above 0.
///
/// Shapes: `first` and `second` `[n]`. Errors: if the lengths differ or there is nothing to compare.
/// Source: Strehl and Ghosh 2002, *Cluster ensembles*; the arithmetic normalisation is scikit-learn's.
///
/// ```
/// let found = aae_eval::normalized_mutual_information(&[0, 0, 1, 1], &[7, 7, 3, 3])?;
/// assert!((found - 1.0).abs() < 1e-12);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn normalized_mutual_information(first: &[u8], second: &[u8]) -> Result<f64, EvalError> {
    let table = Contingency::new(first, second)?;
    let n = table.n as f64;
    let entropy = |counts: &[u64]| {
        let drawn = counts.iter().filter(|&&count| count > 0);
        let terms = drawn.map(|&count| count as f64 / n * (n / count as f64).ln());
        terms.sum::<f64>()
    };
    let mean = (entropy(&table.rows) + entropy(&table.columns)) / 2.0;
    if mean == 0.0 {
        return Ok(1.0);
    }
    let mut mutual = 0.0;
    for (cells, &row) in table.cells.chunks_exact(VALUES).zip(&table.rows) {
        for (&cell, &column) in cells.iter().zip(&table.columns) {
            if cell > 0 {
                let (cell, expected) = (cell as f64, row as f64 * column as f64 / n);
                mutual += cell / n * (cell / expected).ln();
            }
        }
    }
    Ok((mutual / mean).clamp(0.0, 1.0))
}

/// The Rand index of two labellings adjusted for chance, in `[-0.5, 1]`: 1 if they are the same but for names, about 0 if independent.
///
/// Shapes: `first` and `second` `[n]`. Errors: if the lengths differ or there is nothing to compare.
/// Source: Hubert and Arabie 1985, *Comparing partitions*.
///
/// ```
/// assert_eq!(aae_eval::adjusted_rand_index(&[0, 0, 1, 1], &[7, 7, 3, 3])?, 1.0);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn adjusted_rand_index(first: &[u8], second: &[u8]) -> Result<f64, EvalError> {
    let table = Contingency::new(first, second)?;
    // Pairs of images in one part: whole numbers, exact below 2^53.
    let pairs = |counts: &[u64]| {
        let pairs = counts
            .iter()
            .map(|&count| u128::from(count) * u128::from(count.saturating_sub(1)) / 2);
        pairs.sum::<u128>() as f64
    };
    let (rows, columns, both) = (
        pairs(&table.rows),
        pairs(&table.columns),
        pairs(&table.cells),
    );
    let all = pairs(&[table.n]);
    // One part, or each image a part of its own, in both.
    if rows == columns && (rows == all || rows == 0.0) {
        return Ok(1.0);
    }
    let expected = rows * columns / all;
    Ok((both - expected) / ((rows + columns) / 2.0 - expected))
}

/// Values of a label of one byte.
const VALUES: usize = 256;

/// How many images have each pair of labels, and each label of either kind.
struct Contingency {
    n: u64,
    cells: Vec<u64>,
    rows: Vec<u64>,
    columns: Vec<u64>,
}

impl Contingency {
    fn new(first: &[u8], second: &[u8]) -> Result<Self, EvalError> {
        check_same_length("first labels", first, "second labels", second)?;
        let mut table = Self {
            n: first.len() as u64,
            cells: vec![0; VALUES * VALUES],
            rows: vec![0; VALUES],
            columns: vec![0; VALUES],
        };
        for (&first, &second) in first.iter().zip(second) {
            let (row, column) = (usize::from(first), usize::from(second));
            table.cells[row * VALUES + column] += 1;
            table.rows[row] += 1;
            table.columns[column] += 1;
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;

    fn labels(label: impl Fn(u32) -> u32) -> Vec<u8> {
        (0..700).map(|i| label(i) as u8).collect()
    }

    #[test]
    fn labellings_agree_with_scikit_learn() {
        // import numpy as np
        // from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
        // i = np.arange(700)
        // a = i * 7919 % 1009 % 10
        // b = (i * 7919 % 1009 + (i * 31 % 7 == 0) * i) % 10 // 2 * 3
        // c = i * 104729 % 997 % 16
        // for x, y in [(a, b), (a, c), ([0, 0, 1, 1, 2], [1, 1, 1, 0, 0])]:
        //     print(normalized_mutual_info_score(x, y), adjusted_rand_score(x, y))
        let a = labels(|i| i * 7919 % 1009 % 10);
        let b = labels(|i| (i * 7919 % 1009 + u32::from(i * 31 % 7 == 0) * i) % 10 / 2 * 3);
        let c = labels(|i| i * 104_729 % 997 % 16);
        let small = (vec![0, 0, 1, 1, 2], vec![1, 1, 1, 0, 0]);
        for (x, y, nmi, ari) in [
            (&a, &b, 0.5650027898479266, 0.44805580405020373),
            (&a, &c, 0.01048041381120812, -0.011720476193209083),
            (&small.0, &small.1, 0.4580652856440157, 0.09090909090909091),
        ] {
            close(normalized_mutual_information(x, y).unwrap(), nmi, 1e-12);
            close(adjusted_rand_index(x, y).unwrap(), ari, 1e-12);
            close(normalized_mutual_information(y, x).unwrap(), nmi, 1e-12);
            close(adjusted_rand_index(y, x).unwrap(), ari, 1e-12);
        }
    }

    #[test]
    fn names_of_the_parts_do_not_matter() {
        let a = labels(|i| i % 9);
        let renamed = labels(|i| 255 - i % 9);
        close(
            normalized_mutual_information(&a, &renamed).unwrap(),
            1.0,
            1e-12,
        );
        assert_eq!(adjusted_rand_index(&a, &renamed).unwrap(), 1.0);
    }

    #[test]
    fn one_part_says_nothing_of_many_and_agrees_with_itself() {
        // normalized_mutual_info_score([0] * 9, range(9)), adjusted_rand_score([0] * 9, range(9)): 0.0, 0.0
        let (one, many) = ([4; 9], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        for (x, y, expected) in [(one, many, 0.0), (one, one, 1.0), (many, many, 1.0)] {
            close(
                normalized_mutual_information(&x, &y).unwrap(),
                expected,
                1e-12,
            );
            assert_eq!(adjusted_rand_index(&x, &y).unwrap(), expected);
        }
        assert_eq!(adjusted_rand_index(&[3], &[5]).unwrap(), 1.0);
    }

    #[test]
    fn nothing_and_unequal_lengths_are_refused() {
        let found = normalized_mutual_information(&[], &[]).unwrap_err();
        assert_eq!(
            found.to_string(),
            "expected at least 1 second labels, found 0"
        );
        let found = adjusted_rand_index(&[1], &[1, 2]).unwrap_err();
        assert_eq!(
            found.to_string(),
            "expected 2 first labels, as many as there are second labels, found 1"
        );
    }
}
