//! Sliced Wasserstein distances: how far two clouds of points lie apart, seen as shadows on many lines.
//!
//! On a line the optimal transport between two samples of one size pairs their sorted values, so each direction costs a sort.
//!
//! Source: Bonneel et al. 2015, *Sliced and Radon Wasserstein barycenters of measures*; the mean over directions of the first-order
//! distance besides.

use aae_ops::stream::{standard_normal, stream};
use rayon::prelude::*;

use crate::EvalError;
use crate::points::Points;

/// Directions in two dimensions and more; the line has only one.
const DIRECTIONS: usize = 64;

/// Two distances, in the units of the points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicedWasserstein {
    /// Mean over directions of the mean absolute difference of the sorted shadows.
    pub w1: f64,
    /// Square root of the mean over directions of the mean squared difference of the sorted shadows.
    pub w2: f64,
}

/// The sliced Wasserstein distances between two samples of one size.
///
/// Shapes: `first` and `second` `[n, dim]`, row-major. Directions: 64, uniform on the sphere, from the stream `"eval.directions"` of
/// `seed`; in one dimension the line itself, where the distances are exact. The result does not depend on the number of threads.
///
/// Errors: if the sizes differ, there are fewer than two points, or a coordinate is not finite.
///
/// ```
/// let square = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
/// let wide = square.map(|x| 3.0 * x);
/// let distance = aae_eval::sliced_wasserstein(&square, &wide, 2, 0)?;
/// assert!(distance.w1 > 1.0 && distance.w2 >= distance.w1);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn sliced_wasserstein(
    first: &[f32],
    second: &[f32],
    dim: usize,
    seed: u64,
) -> Result<SlicedWasserstein, EvalError> {
    let (first, second) = Points::pair(first, second, dim)?;
    Ok(along(first, second, &directions(dim, seed)))
}

fn along(first: Points<'_>, second: Points<'_>, directions: &[Vec<f64>]) -> SlicedWasserstein {
    let n = first.len() as f64;
    let differences: Vec<(f64, f64)> = directions
        .par_iter()
        .map(|direction| {
            let (first, second) = (shadow(first, direction), shadow(second, direction));
            let differences = || first.iter().zip(&second).map(|(a, b)| a - b);
            let absolute: f64 = differences().map(f64::abs).sum();
            let squared: f64 = differences().map(|d| d * d).sum();
            (absolute / n, squared / n)
        })
        .collect();
    // Added up in the order of the directions, whichever thread had them.
    let count = directions.len() as f64;
    SlicedWasserstein {
        w1: differences.iter().map(|d| d.0).sum::<f64>() / count,
        w2: (differences.iter().map(|d| d.1).sum::<f64>() / count).sqrt(),
    }
}

/// The points' coordinates along a direction, sorted.
fn shadow(points: Points<'_>, direction: &[f64]) -> Vec<f64> {
    let along = |row: &[f32]| -> f64 {
        row.iter()
            .zip(direction)
            .map(|(&x, d)| f64::from(x) * d)
            .sum()
    };
    let mut shadow: Vec<f64> = points.rows().map(along).collect();
    shadow.sort_unstable_by(f64::total_cmp);
    shadow
}

/// Unit vectors, uniform on the sphere: normalised draws from a Gaussian.
fn directions(dim: usize, seed: u64) -> Vec<Vec<f64>> {
    if dim == 1 {
        return vec![vec![1.0]];
    }
    standard_normal(DIRECTIONS * dim, &mut stream(seed, "eval.directions", 0))
        .chunks_exact(dim)
        .map(|draw| {
            let square = |&x: &f32| f64::from(x) * f64::from(x);
            let length = draw.iter().map(square).sum::<f64>().sqrt();
            draw.iter().map(|&x| f64::from(x) / length).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, scattered};

    #[test]
    fn given_directions_agree_with_numpy() {
        // import numpy as np
        // i = np.arange(700)
        // x = np.stack([(i * 7919 % 1009) / 100, (i * 104729 % 997) / 90], 1).astype(np.float32).astype(float)
        // y = np.stack([(i * 7907 % 1013) / 80, (i * 104723 % 991) / 110 - 1], 1).astype(np.float32).astype(float)
        // d = np.array([[1, 0], [.6, .8], [-.8, .6]])
        // e = np.sort(x @ d.T, 0) - np.sort(y @ d.T, 0)
        // print(np.abs(e).mean(), np.sqrt((e ** 2).mean()))
        let (x, y) = scattered();
        let (x, y) = Points::pair(&x, &y, 2).unwrap();
        let directions = [vec![1.0, 0.0], vec![0.6, 0.8], vec![-0.8, 0.6]];
        let distance = along(x, y, &directions);
        close(distance.w1, 1.465133681114408, 1e-12);
        close(distance.w2, 1.6531156215705336, 1e-12);
    }

    #[test]
    fn on_a_line_it_is_the_distance_of_scipy() {
        // from scipy.stats import wasserstein_distance
        // print(wasserstein_distance([.5, -1.25, 3, 2, 7.5], [1, 0, -4, 2.5, 6]))
        let (x, y) = ([0.5, -1.25, 3.0, 2.0, 7.5], [1.0, 0.0, -4.0, 2.5, 6.0]);
        let distance = sliced_wasserstein(&x, &y, 1, 0).unwrap();
        close(distance.w1, 1.25, 1e-12);
        // Sorted differences -1.25 - -4, .5 - 0, 2 - 1, 3 - 2.5, 7.5 - 6.
        close(distance.w2, (11.3125f64 / 5.0).sqrt(), 1e-12);
    }

    #[test]
    fn a_sample_lies_nowhere_from_itself_in_another_order() {
        let (x, _) = scattered();
        let reversed: Vec<f32> = x.chunks_exact(2).rev().flatten().copied().collect();
        let distance = sliced_wasserstein(&x, &reversed, 2, 0).unwrap();
        assert_eq!((distance.w1, distance.w2), (0.0, 0.0));
    }

    #[test]
    fn directions_are_unit_vectors_that_leave_no_side_out() {
        let directions = directions(3, 0);
        assert_eq!(directions.len(), 64);
        for d in &directions {
            close(d.iter().map(|x| x * x).sum(), 1.0, 1e-12);
        }
        for axis in 0..3 {
            // A coordinate of a uniform unit vector has mean 0 and mean square 1/3; four standard errors each.
            let mean = directions.iter().map(|d| d[axis]).sum::<f64>() / 64.0;
            let square = directions.iter().map(|d| d[axis] * d[axis]).sum::<f64>() / 64.0;
            close(mean, 0.0, 0.29);
            close(square, 1.0 / 3.0, 0.15);
        }
    }

    #[test]
    fn a_shift_is_measured_by_its_shadow_on_each_direction() {
        let (x, _) = scattered();
        let shifted: Vec<f32> = x
            .chunks_exact(2)
            .flat_map(|p| [p[0] + 3.0, p[1] - 4.0])
            .collect();
        let distance = sliced_wasserstein(&x, &shifted, 2, 5).unwrap();
        let shadows: Vec<f64> = directions(2, 5)
            .iter()
            .map(|d| (3.0 * d[0] - 4.0 * d[1]).abs())
            .collect();
        close(distance.w1, shadows.iter().sum::<f64>() / 64.0, 1e-6);
        close(
            distance.w2,
            (shadows.iter().map(|s| s * s).sum::<f64>() / 64.0).sqrt(),
            1e-6,
        );
    }
}
