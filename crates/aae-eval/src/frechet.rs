//! The Fréchet distance of two sets of features: how far apart the Gaussians lie that have their means and covariances.

use rayon::prelude::*;

use crate::EvalError;
use crate::points::Points;
use crate::symmetric::Symmetric;

/// The most numbers that a feature may have: covariances of more do not fit the memory of a small machine, nor its patience.
pub const MOST_FEATURES: usize = 4096;

/// Rows of a covariance matrix that one task adds up in one pass over the points.
const ROWS: usize = 16;

/// The Fréchet distance `‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½)` of the Gaussians fitted to two sets of features, in squared units of a
/// feature.
///
/// It is 0 if means and covariances are alike. On the features of one's own classifier it compares decoders that were measured with the same
/// classifier and as many images, and nothing else: it is not the "FID", which has an Inception network's features.
///
/// Shapes: `first` `[n, dim]` and `second` `[m, dim]`, row-major; `n` and `m` may differ. Covariances have `n - 1` in their denominator, as
/// `numpy.cov`'s; with fewer points than dimensions they are singular, which is allowed for. Cost: `(n + m) · dim² + dim³`. The result
/// does not depend on the number of threads.
///
/// Errors: if a set has fewer than two points, there are more than 4096 dimensions, or a feature is not finite.
/// Source: Dowson and Landau 1982, *The Fréchet distance between multivariate normal distributions*; Heusel et al. 2017, arXiv:1706.08500.
///
/// ```
/// let shifted = aae_eval::frechet_distance(&[0.0, 1.0, 2.0], &[5.0, 6.0, 7.0], 1)?;
/// assert!((shifted - 25.0).abs() < 1e-9);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn frechet_distance(first: &[f32], second: &[f32], dim: usize) -> Result<f64, EvalError> {
    let largest = |values: &[f32]| {
        values
            .iter()
            .fold(0f32, |most, value| most.max(value.abs()))
    };
    let (first_points, second_points) = (Points::new(first, dim)?, Points::new(second, dim)?);
    if dim > MOST_FEATURES {
        return Err(EvalError::Setting {
            what: "dimensions of a feature",
            expected: "at most 4096",
            found: dim as f64,
        });
    }
    // In units of the largest value no product of four overflows.
    let unit = match f64::from(largest(first).max(largest(second))) {
        0.0 => 1.0,
        largest => largest,
    };
    let (first_mean, first) = gaussian(first_points, dim, unit);
    let (second_mean, second) = gaussian(second_points, dim, unit);
    let means = first_mean.iter().zip(&second_mean);
    let shift: f64 = means.map(|(a, b)| (a - b) * (a - b)).sum();
    // With Σ₁ = F·Fᵀ, Σ₁Σ₂ and the symmetric Fᵀ·Σ₂·F have the same eigenvalues but for zeros; below 0 is rounding.
    let eigenvalues = second.between(&first.factor()).eigenvalues();
    let root_trace: f64 = eigenvalues.iter().map(|value| value.max(0.0).sqrt()).sum();
    let distance = shift + (first.trace() + second.trace() - 2.0 * root_trace);
    Ok(distance.max(0.0) * unit * unit)
}

/// Mean and covariance of the points, in units of `unit`.
fn gaussian(points: Points<'_>, dim: usize, unit: f64) -> (Vec<f64>, Symmetric) {
    let n = points.len() as f64;
    let mut mean = vec![0.0; dim];
    for row in points.rows() {
        for (sum, &value) in mean.iter_mut().zip(row) {
            *sum += f64::from(value) / unit;
        }
    }
    mean.iter_mut().for_each(|sum| *sum /= n);
    let mut values = vec![0.0; dim * dim];
    values
        .par_chunks_mut(ROWS * dim)
        .enumerate()
        .for_each(|(task, rows)| {
            let mut centred = vec![0.0; dim];
            for point in points.rows() {
                for ((centred, &value), mean) in centred.iter_mut().zip(point).zip(&mean) {
                    *centred = f64::from(value) / unit - mean;
                }
                for (i, row) in rows.chunks_exact_mut(dim).enumerate() {
                    let factor = centred[task * ROWS + i];
                    for (sum, value) in row.iter_mut().zip(&centred) {
                        *sum += factor * value;
                    }
                }
            }
            rows.iter_mut().for_each(|sum| *sum /= n - 1.0);
        });
    (mean, Symmetric { size: dim, values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, pixels};

    #[test]
    fn features_agree_with_scipy() {
        // import numpy as np
        // from scipy.linalg import sqrtm
        // def pixels(n, seed):
        //     return ((np.arange(n) * 7919 + seed * 104729) % 1009 / 1009).astype(np.float32).astype(float)
        // def frechet(x, y):
        //     a, b = np.cov(x.T), np.cov(y.T)
        //     return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
        // y = (pixels(9000, 6) ** 2).astype(np.float32).astype(float)
        // print(frechet(pixels(6000, 5).reshape(200, 30), y.reshape(300, 30)))
        // x, y = pixels(24, 5).reshape(4, 6), pixels(30, 6).reshape(5, 6)  # singular: the roots of the eigenvalues instead
        // a, b = np.cov(x.T), np.cov(y.T)
        // root = np.sqrt(np.maximum(np.linalg.eigvals(a @ b).real, 0)).sum()
        // print(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b) - 2 * root)
        let squares: Vec<f32> = pixels(9_000, 6)
            .iter()
            .map(|&x| (f64::from(x) * f64::from(x)) as f32)
            .collect();
        let found = frechet_distance(&pixels(6_000, 5), &squares, 30).unwrap();
        close(found, 0.8552763534710295, 1e-9);
        let found = frechet_distance(&pixels(24, 5), &pixels(30, 6), 6).unwrap();
        close(found, 0.5658682123179639, 1e-7);
    }

    #[test]
    fn a_sample_lies_nowhere_from_itself_even_if_singular() {
        for (n, dim) in [(500, 20), (10, 40)] {
            let points = pixels(n * dim, 1);
            let found = frechet_distance(&points, &points, dim as usize).unwrap();
            close(found, 0.0, 1e-6);
        }
        assert_eq!(frechet_distance(&[3.0; 8], &[3.0; 6], 2).unwrap(), 0.0);
    }

    #[test]
    fn on_a_line_it_is_the_formula_of_two_normals() {
        // (μ₁ - μ₂)² + (σ₁ - σ₂)²: means 2 and 10, standard deviations 1 and 3.
        let found = frechet_distance(&[1.0, 2.0, 3.0], &[7.0, 10.0, 13.0], 1).unwrap();
        close(found, 64.0 + 4.0, 1e-12);
    }

    #[test]
    fn it_has_the_units_of_the_features_squared_and_no_direction() {
        let (x, y) = (pixels(600, 1), pixels(900, 2));
        let found = frechet_distance(&x, &y, 3).unwrap();
        close(frechet_distance(&y, &x, 3).unwrap(), found, 1e-10);
        let wide = |values: &[f32]| values.iter().map(|x| 1024.0 * x).collect::<Vec<_>>();
        let scaled = frechet_distance(&wide(&x), &wide(&y), 3).unwrap();
        close(scaled / (1024.0 * 1024.0), found, 1e-10);
        assert!(
            frechet_distance(&[3e38, -3e38], &[0.0, 1.0], 1)
                .unwrap()
                .is_finite()
        );
    }

    #[test]
    fn the_figure_is_the_same_on_any_number_of_threads() {
        let (x, y) = (pixels(150 * 90, 1), pixels(170 * 90, 2));
        let on = |threads| {
            aae_ops::with_threads(threads, || frechet_distance(&x, &y, 90).unwrap()).unwrap()
        };
        assert_eq!(on(1).to_bits(), on(2).to_bits());
        assert_eq!(on(1).to_bits(), on(5).to_bits());
    }

    #[test]
    fn single_points_and_infinite_features_are_refused() {
        let message = |second: &[f32]| {
            let found = frechet_distance(&[0.0; 6], second, 2);
            found.unwrap_err().to_string()
        };
        assert_eq!(message(&[0.0; 2]), "expected at least 2 points, found 1");
        assert_eq!(
            message(&[0.0, 0.0, f32::NAN, 0.0]),
            "expected finite values, found NaN in point 1, dimension 0"
        );
        let wide = vec![0.0; 2 * 5_000];
        let found = frechet_distance(&wide, &wide, 5_000).unwrap_err();
        assert_eq!(
            found.to_string(),
            "expected dimensions of a feature at most 4096, found 5000"
        );
    }
}
