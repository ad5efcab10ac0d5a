//! The Gaussian prior `N(mean, std²)`, independent in every coordinate: the paper's usual one, and the default.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::validate::{FieldError, position, scale};
use super::{LEVELS, POINTS, Polyline};

pub(super) fn validate(mean: f64, std: f64) -> Vec<FieldError> {
    let mut errors = Vec::new();
    position(&mut errors, "mean", mean);
    scale(&mut errors, "std", std);
    errors
}

pub(super) fn sample(mean: f64, std: f64, count: usize, rng: &mut impl Rng) -> Vec<f32> {
    let mut draw = || mean + std * rng.sample::<f64, _>(StandardNormal);
    (0..count).map(|_| draw() as f32).collect()
}

/// Circles at 1, 2 and 3 standard deviations. In the plane they hold 39 %, 86 % and 99 % of the draws.
pub(super) fn outline(mean: f64, std: f64) -> Vec<Polyline> {
    LEVELS.map(|level| circle(mean, level * std)).into()
}

fn circle(middle: f64, radius: f64) -> Polyline {
    let point = |i| {
        let (sin, cos) = (TAU * i as f64 / POINTS as f64).sin_cos();
        [
            (middle + radius * cos) as f32,
            (middle + radius * sin) as f32,
        ]
    };
    // The first point once more closes the circle exactly.
    (0..POINTS).chain([0]).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Moments, rng};
    use super::*;

    #[test]
    fn draws_have_the_mean_the_deviation_and_the_tails_of_the_law() {
        let moments = Moments::of(&sample(1.5, 5.0, 100_000, &mut rng()));
        // Four standard errors: 4σ/√n, 4σ/√(2n), 4√(6/n), 4√(24/n).
        assert!((moments.mean - 1.5).abs() < 0.063, "{moments:?}");
        assert!((moments.std - 5.0).abs() < 0.045, "{moments:?}");
        assert!(moments.skewness.abs() < 0.031, "{moments:?}");
        assert!((moments.kurtosis - 3.0).abs() < 0.062, "{moments:?}");
    }

    #[test]
    fn the_circles_hold_the_share_of_draws_that_theory_says() {
        let draws = sample(-1.0, 2.0, 200_000, &mut rng());
        for level in LEVELS {
            let inside = draws
                .chunks_exact(2)
                .filter(|z| f64::from((z[0] + 1.0).hypot(z[1] + 1.0)) < level * 2.0)
                .count();
            let share = inside as f64 / 100_000.0;
            let expected = 1.0 - (-level * level / 2.0).exp();
            // Four standard errors of a share near one half: 4 · 0.5 / √n.
            assert!(
                (share - expected).abs() < 0.0064,
                "{level}: {share} {expected}"
            );
        }
    }

    #[test]
    fn two_coordinates_of_a_draw_are_uncorrelated() {
        let draws = sample(0.0, 1.0, 200_000, &mut rng());
        let covariance = draws
            .chunks_exact(2)
            .map(|z| f64::from(z[0]) * f64::from(z[1]))
            .sum::<f64>()
            / 100_000.0;
        assert!(covariance.abs() < 0.013, "{covariance}");
    }

    #[test]
    fn the_first_draws_never_change() {
        assert_eq!(sample(0.0, 5.0, 4, &mut rng()), GOLDEN);
    }

    const GOLDEN: [f32; 4] = [-3.8768597, -6.9171085, 4.448565, 1.7988952];

    #[test]
    fn the_outline_is_three_closed_circles_around_the_mean() {
        let outline = outline(1.0, 5.0);
        assert_eq!(outline.len(), 3);
        for (circle, radius) in outline.iter().zip([5.0, 10.0, 15.0]) {
            assert_eq!(circle.first(), circle.last());
            for [x, y] in circle {
                assert!(((x - 1.0).hypot(y - 1.0) - radius).abs() < 1e-5);
            }
        }
    }
}
