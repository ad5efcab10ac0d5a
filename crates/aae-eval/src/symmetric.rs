//! Symmetric matrices: a factor, and the eigenvalues. No eigenvectors, for nothing here needs them.
//!
//! A linear algebra package would do it too, and weigh more than the rest of this crate.

use rayon::prelude::*;

/// A symmetric matrix `[size, size]`, both halves stored, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Symmetric {
    pub(crate) size: usize,
    pub(crate) values: Vec<f64>,
}

impl Symmetric {
    pub(crate) fn trace(&self) -> f64 {
        let diagonal = self.values.iter().step_by(self.size + 1);
        diagonal.sum()
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.size..][..self.size]
    }

    /// The columns of an `F` with `F·Fᵀ` = this positive semidefinite matrix; as many as its rank, within rounding.
    ///
    /// Cholesky's factor with pivots: the largest variance that is left comes next, until what is left is rounding (Higham 1990).
    pub(crate) fn factor(&self) -> Vec<Vec<f64>> {
        let mut left: Vec<f64> = self.values.iter().step_by(self.size + 1).copied().collect();
        let largest = left.iter().copied().fold(0.0, f64::max);
        let rounding = self.size as f64 * f64::EPSILON * largest;
        let mut columns: Vec<Vec<f64>> = Vec::new();
        while columns.len() < self.size {
            let mut pivot = 0;
            for (row, &variance) in left.iter().enumerate() {
                if variance > left[pivot] {
                    pivot = row;
                }
            }
            if left[pivot] <= rounding {
                break;
            }
            let mut column = self.row(pivot).to_vec();
            for earlier in &columns {
                let factor = earlier[pivot];
                for (value, &other) in column.iter_mut().zip(earlier) {
                    *value -= factor * other;
                }
            }
            let root = left[pivot].sqrt();
            for (value, left) in column.iter_mut().zip(&mut left) {
                *value /= root;
                *left -= *value * *value;
            }
            // Used up: no rounding may make it a pivot again.
            left[pivot] = f64::NEG_INFINITY;
            columns.push(column);
        }
        columns
    }

    /// `Fᵀ·S·F` of this `S` and the columns of an `F`.
    pub(crate) fn between(&self, columns: &[Vec<f64>]) -> Symmetric {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let rows: Vec<Vec<f64>> = columns
            .par_iter()
            .map(|column| {
                // S is symmetric: its columns are its rows.
                let mut product = vec![0.0; self.size];
                for (row, &factor) in self.values.chunks_exact(self.size).zip(column) {
                    for (sum, value) in product.iter_mut().zip(row) {
                        *sum += factor * value;
                    }
                }
                columns.iter().map(|other| dot(&product, other)).collect()
            })
            .collect();
        Symmetric {
            size: columns.len(),
            values: rows.concat(),
        }
    }

    /// All eigenvalues, ascending, each with an error of some roundings of the largest.
    pub(crate) fn eigenvalues(self) -> Vec<f64> {
        let (diagonal, beside) = self.tridiagonal();
        let size = diagonal.len();
        // Gershgorin: every eigenvalue is within its row's sum of the diagonal.
        let beside_at = |i: usize| beside.get(i).map_or(0.0, |b: &f64| b.abs());
        let reach = (0..size)
            .map(|i| {
                let before = if i == 0 { 0.0 } else { beside_at(i - 1) };
                diagonal[i].abs() + before + beside_at(i)
            })
            .fold(0.0, f64::max);
        let squares: Vec<f64> = beside.iter().map(|b| b * b).collect();
        let bisect = |index: usize| {
            let (mut low, mut high) = (-reach, reach);
            // Each halves the interval; after 60 it is a rounding of `reach` wide.
            for _ in 0..60 {
                let middle = low + (high - low) / 2.0;
                if count_below(middle, &diagonal, &squares) > index {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            low + (high - low) / 2.0
        };
        (0..size).into_par_iter().map(bisect).collect()
    }

    /// The diagonal, and the one beside it, of a tridiagonal matrix with the same eigenvalues.
    ///
    /// Householder's reflections, one for each column (Golub and Van Loan, *Matrix computations*, section 8.3).
    fn tridiagonal(mut self) -> (Vec<f64>, Vec<f64>) {
        let size = self.size;
        let mut beside = Vec::with_capacity(size.saturating_sub(1));
        for k in 0..size.saturating_sub(1) {
            let mut v = self.row(k)[k + 1..].to_vec();
            let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            let alpha = if v[0] > 0.0 { -length } else { length };
            beside.push(alpha);
            v[0] -= alpha;
            let square: f64 = v.iter().map(|x| x * x).sum();
            if square == 0.0 {
                continue;
            }
            let beta = 2.0 / square;
            let rest = &mut self.values[(k + 1) * size..];
            let p: Vec<f64> = rest
                .par_chunks_exact(size)
                .with_min_len(64)
                .map(|row| {
                    let pairs = row[k + 1..].iter().zip(&v);
                    beta * pairs.map(|(a, v)| a * v).sum::<f64>()
                })
                .collect();
            let half = beta / 2.0 * p.iter().zip(&v).map(|(p, v)| p * v).sum::<f64>();
            let w: Vec<f64> = p.iter().zip(&v).map(|(p, v)| p - half * v).collect();
            rest.par_chunks_exact_mut(size)
                .with_min_len(64)
                .zip(v.par_iter().zip(&w))
                .for_each(|(row, (&v_row, &w_row))| {
                    for ((value, v), w) in row[k + 1..].iter_mut().zip(&v).zip(&w) {
                        *value -= v_row * w + w_row * v;
                    }
                });
        }
        let diagonal = self.values.iter().step_by(size + 1).copied().collect();
        (diagonal, beside)
    }
}

/// How many eigenvalues of the tridiagonal matrix lie below `x`: the negative pivots of its elimination (Sturm).
fn count_below(x: f64, diagonal: &[f64], squares: &[f64]) -> usize {
    let mut below = 0;
    let mut pivot = 1.0;
    for (i, value) in diagonal.iter().enumerate() {
        let taken = if i == 0 { 0.0 } else { squares[i - 1] / pivot };
        pivot = value - x - taken;
        if pivot.abs() < f64::MIN_POSITIVE {
            pivot = -f64::MIN_POSITIVE;
        }
        below += usize::from(pivot < 0.0);
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;

    /// `A·Aᵀ` of a matrix `[size, inner]`: of rank `inner` at most.
    fn gram(size: usize, inner: usize) -> Symmetric {
        let value = |i: usize| f64::from(((i * i * 7919 + 3 * 104_729) % 1009) as f32 / 1009.0);
        let cell = |i: usize, j: usize| {
            (0..inner)
                .map(|k| value(i * inner + k) * value(j * inner + k))
                .sum()
        };
        let cells = (0..size).flat_map(|i| (0..size).map(move |j| (i, j)));
        Symmetric {
            size,
            values: cells.map(|(i, j)| cell(i, j)).collect(),
        }
    }

    #[test]
    fn eigenvalues_agree_with_numpy() {
        // import numpy as np
        // a = ((np.arange(40 * 60) ** 2 * 7919 + 3 * 104729) % 1009 / 1009).astype(np.float32).astype(float).reshape(40, 60)
        // print(np.linalg.eigvalsh(a @ a.T)[[0, 1, 20, 39]])
        let found = gram(40, 60).eigenvalues();
        for (index, expected) in [
            (0, 0.24411730037664145),
            (1, 0.4351875150479464),
            (20, 4.847826158514378),
            (39, 611.5698958527882),
        ] {
            close(found[index], expected, 1e-10);
        }
        assert!(found.is_sorted());
    }

    #[test]
    fn eigenvalues_of_small_and_diagonal_matrices_are_exact() {
        let of = |size, values: &[f64]| {
            let values = values.to_vec();
            Symmetric { size, values }.eigenvalues()
        };
        assert_eq!(of(0, &[]), [0.0; 0]);
        close(of(1, &[-3.0])[0], -3.0, 1e-14);
        let found = of(2, &[2.0, 1.0, 1.0, 2.0]);
        close(found[0], 1.0, 1e-14);
        close(found[1], 3.0, 1e-14);
        let found = of(3, &[5.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 5.0]);
        for (found, expected) in found.iter().zip([-1.0, 5.0, 5.0]) {
            close(*found, expected, 1e-14);
        }
        assert_eq!(of(2, &[0.0; 4]), [0.0; 2]);
    }

    #[test]
    fn a_factor_times_its_transpose_is_the_matrix_and_has_its_rank() {
        for (size, inner, rank) in [(12, 20, 12), (12, 5, 5), (7, 1, 1)] {
            let matrix = gram(size, inner);
            let columns = matrix.factor();
            assert_eq!(columns.len(), rank);
            for i in 0..size {
                for j in 0..size {
                    let product: f64 = columns.iter().map(|c| c[i] * c[j]).sum();
                    close(product, matrix.row(i)[j], 1e-12);
                }
            }
        }
        let nothing = Symmetric {
            size: 3,
            values: vec![0.0; 9],
        };
        assert!(nothing.factor().is_empty());
    }
}
