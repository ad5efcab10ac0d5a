//! The Laplace prior, independent in every coordinate: sharper in the middle and heavier in the tails than the Gaussian.

use rand::{Rng, RngExt};
use rand_distr::Open01;

use super::validate::{FieldError, position, scale as positive_scale};
use super::{LEVELS, Polyline};

pub(super) fn validate(mean: f64, scale: f64) -> Vec<FieldError> {
    let mut errors = Vec::new();
    position(&mut errors, "mean", mean);
    positive_scale(&mut errors, "scale", scale);
    errors
}

pub(super) fn sample(mean: f64, scale: f64, count: usize, rng: &mut impl Rng) -> Vec<f32> {
    // The inverse of the distribution function, at u in (-1/2, 1/2): the open interval keeps the logarithm finite.
    let mut draw = || {
        let u = rng.sample::<f64, _>(Open01) - 0.5;
        mean - scale * u.signum() * (-2.0 * u.abs()).ln_1p()
    };
    (0..count).map(|_| draw() as f32).collect()
}

/// The level curves `|x - mean| + |y - mean| = scale · level² / 2`: diamonds.
pub(super) fn outline(mean: f64, scale: f64) -> Vec<Polyline> {
    let diamond = |level: f64| {
        let reach = scale * level * level / 2.0;
        [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]]
            .map(|[x, y]: [f64; 2]| [(mean + reach * x) as f32, (mean + reach * y) as f32])
            .into()
    };
    LEVELS.map(diamond).into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Moments, kolmogorov_distance, rng};
    use super::*;

    #[test]
    fn draws_follow_the_distribution_function() {
        let draws = sample(1.0, 2.0, 100_000, &mut rng());
        let distance = kolmogorov_distance(&draws, |x| {
            let t = (x - 1.0) / 2.0;
            if t < 0.0 {
                0.5 * t.exp()
            } else {
                1.0 - 0.5 * (-t).exp()
            }
        });
        assert!(distance < 0.00515, "{distance}");
    }

    #[test]
    fn draws_have_the_moments_of_the_law() {
        let moments = Moments::of(&sample(1.0, 2.0, 100_000, &mut rng()));
        // Four standard errors; the fourth moment about the mean is 6 σ⁴, so that of the deviation is σ √(5 / 4n).
        assert!((moments.mean - 1.0).abs() < 0.036, "{moments:?}");
        assert!((moments.std - 8.0f64.sqrt()).abs() < 0.04, "{moments:?}");
        assert!(moments.skewness.abs() < 0.15, "{moments:?}");
        assert!((moments.kurtosis - 6.0).abs() < 0.6, "{moments:?}");
    }

    #[test]
    fn the_first_draws_never_change() {
        assert_eq!(sample(0.0, 2.0, 4, &mut rng()), GOLDEN);
    }

    const GOLDEN: [f32; 4] = [-2.306609, -2.1814148, 1.0503639, 1.2083782];

    #[test]
    fn the_density_on_each_diamond_is_the_level_of_the_gaussian_circles() {
        let outline = outline(1.0, 2.0);
        assert_eq!(outline.len(), 3);
        for (diamond, level) in outline.iter().zip(LEVELS) {
            assert_eq!(diamond.first(), diamond.last());
            for [x, y] in diamond {
                let share = (-((x - 1.0).abs() + (y - 1.0).abs()) / 2.0).exp();
                assert!((f64::from(share) - (-level * level / 2.0).exp()).abs() < 1e-6);
            }
        }
    }
}
