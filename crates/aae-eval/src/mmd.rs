//! Maximum mean discrepancy: how well a smooth witness function could tell two samples apart.

use aae_ops::vectorized;
use rayon::prelude::*;

use crate::EvalError;
use crate::points::{BLOCK, Columns, Points};

/// Kernel widths, as multiples of the reference's own spread: narrow ones see holes, wide ones see shifts.
const SCALES: [f32; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// The cost grows with the square of the points; more are thinned to this many.
const MOST_POINTS: usize = 5_000;

/// The unbiased estimate of MMD² between `points` and a sample `reference` of the distribution that they should follow. It has no unit, is near 0
/// where the two distributions are one, and may then be negative.
///
/// The kernel is the inverse multiquadratic `Σ_s s·C / (s·C + ‖x - y‖²)` over the scales 0.1, 0.2, 0.5, 1, 2, 5, 10, with `C` twice the
/// total variance of the reference: the mean squared distance of two of its points.
///
/// Shapes: `points` and `reference` `[n, dim]`, row-major. Of more than 5,000 points each, 5,000 evenly spaced ones are used. The result does
/// not depend on the number of threads.
///
/// Errors: if the sizes differ, there are fewer than two points, or a coordinate is not finite.
/// Source: Gretton et al. 2012, *A kernel two-sample test*; the kernel and the estimate of WAE-MMD, Tolstikhin et al. 2018,
/// arXiv:1711.01558.
pub fn mmd_squared(points: &[f32], reference: &[f32], dim: usize) -> Result<f64, EvalError> {
    let (points, reference) = Points::pair(points, reference, dim)?;
    let (_, std) = reference.moments();
    let spread = 2.0 * std.iter().map(|s| s * s).sum::<f64>();
    // Neither a reference in one point nor one beyond all bounds may turn a kernel into 0/0 or ∞/∞.
    let spread = (spread as f32).clamp(f32::MIN_POSITIVE, 1e37);
    let widths = SCALES.map(|scale| scale * spread);

    let (x, y) = (points.thinned(MOST_POINTS), reference.thinned(MOST_POINTS));
    let (x, y) = Points::pair(&x, &y, dim)?;
    let (x_columns, y_columns) = (Columns::new(x), Columns::new(y));
    let n = x.len();
    // Each unordered pair of different points once, and every pair of a point with a reference point.
    let within_x = kernel_sum(x, &x_columns, |i| i, &widths);
    let within_y = kernel_sum(y, &y_columns, |i| i, &widths);
    let between = kernel_sum(x, &y_columns, |_| n, &widths);
    let n = n as f64;
    Ok((within_x + within_y) / (n * (n - 1.0) / 2.0) - 2.0 * between / (n * n))
}

/// The kernel summed over all pairs of the point `i` with the first `upto(i)` of `others`.
///
/// A row is one task, and rows are added up in order: the sum has the same bits on any number of threads.
fn kernel_sum(
    points: Points<'_>,
    others: &Columns,
    upto: impl Fn(usize) -> usize + Sync,
    widths: &[f32; 7],
) -> f64 {
    let rows: Vec<f64> = (0..points.len())
        .into_par_iter()
        .map(|i| row_sum(points.row(i), others, upto(i), widths))
        .collect();
    rows.iter().sum()
}

fn row_sum(point: &[f32], others: &Columns, end: usize, widths: &[f32; 7]) -> f64 {
    let mut block = [0.0; BLOCK];
    let mut sum = 0.0;
    for start in (0..end).step_by(BLOCK) {
        let block = &mut block[..BLOCK.min(end - start)];
        others.squared_distances(point, start, block);
        vectorized!(|| {
            for value in block.iter_mut() {
                let squared = *value;
                *value = widths.iter().map(|width| width / (width + squared)).sum();
            }
        });
        sum += block.iter().map(|&value| f64::from(value)).sum::<f64>();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, scattered};

    #[test]
    fn two_clouds_agree_with_scipy() {
        // import numpy as np
        // from scipy.spatial.distance import cdist
        // i = np.arange(700)
        // x = np.stack([(i * 7919 % 1009) / 100, (i * 104729 % 997) / 90], 1).astype(np.float32).astype(float)
        // y = np.stack([(i * 7907 % 1013) / 80, (i * 104723 % 991) / 110 - 1], 1).astype(np.float32).astype(float)
        // c, n = 2 * y.var(0).sum(), 700
        // k = lambda a, b: sum(s * c / (s * c + cdist(a, b, "sqeuclidean")) for s in [.1, .2, .5, 1, 2, 5, 10])
        // within = k(x, x).sum() - 7 * n + k(y, y).sum() - 7 * n
        // print(within / (n * (n - 1)) - 2 * k(x, y).mean())
        let (x, y) = scattered();
        close(mmd_squared(&x, &y, 2).unwrap(), 0.30228436350210863, 1e-7);
    }

    #[test]
    fn two_points_against_two_are_the_formula_written_out() {
        // References at -1 and 1 have variance 1, so C = 2; every kernel value below is a function of a squared distance.
        let k = |squared: f64| {
            let widths = SCALES.map(|scale| 2.0 * f64::from(scale));
            widths.iter().map(|w| w / (w + squared)).sum::<f64>()
        };
        let found = mmd_squared(&[0.0, 3.0], &[-1.0, 1.0], 1).unwrap();
        let between = (k(1.0) + k(1.0) + k(16.0) + k(4.0)) / 4.0;
        close(found, k(9.0) + k(4.0) - 2.0 * between, 1e-6);
    }

    #[test]
    fn halves_of_one_cloud_show_less_than_two_clouds() {
        let (x, y) = scattered();
        let (one, other) = x.split_at(700);
        let same = mmd_squared(one, other, 2).unwrap();
        let different = mmd_squared(one, &y[..700], 2).unwrap();
        assert!(same.abs() < 0.03 && different > 0.2, "{same} {different}");
    }

    #[test]
    fn a_reference_in_one_point_gives_a_number() {
        let far = mmd_squared(&[1.0, 2.0], &[0.0, 0.0], 1).unwrap();
        close(far, 7.0, 1e-6);
    }
}
