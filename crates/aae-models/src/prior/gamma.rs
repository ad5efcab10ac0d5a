//! The gamma prior, independent in every coordinate: it fills one quadrant only.

use std::f64::consts::TAU;

use rand::Rng;
use rand_distr::{Distribution, Gamma};

use super::validate::{FieldError, scale as positive};
use super::{LEVELS, POINTS, Polyline};

pub(super) fn validate(shape: f64, scale: f64) -> Vec<FieldError> {
    let mut errors = Vec::new();
    positive(&mut errors, "shape", shape);
    positive(&mut errors, "scale", scale);
    errors
}

pub(super) fn sample(shape: f64, scale: f64, count: usize, rng: &mut impl Rng) -> Vec<f32> {
    let law = Gamma::new(shape, scale).expect("shape and scale passed validation");
    (0..count).map(|_| law.sample(rng) as f32).collect()
}

/// Level curves of the density, cut off at the axes, if it has a finite peak (`shape >= 1`).
///
/// A smaller shape makes the density infinite at the axes, and no level is a share of infinity: then the edge of the support,
/// up to the mean plus three standard deviations.
pub(super) fn outline(shape: f64, scale: f64) -> Vec<Polyline> {
    if shape < 1.0 {
        let reach = (scale * (shape + 3.0 * shape.sqrt())) as f32;
        return vec![vec![[0.0, reach], [0.0, 0.0], [reach, 0.0]]];
    }
    LEVELS.map(|level| level_curve(shape, scale, level)).into()
}

/// Where the density is `e^(-level² / 2)` of its peak, walking around the mode.
///
/// The log density is concave, so it falls along every ray from the mode and bisection finds the one place on each.
fn level_curve(shape: f64, scale: f64, level: f64) -> Polyline {
    let mode = (shape - 1.0) * scale;
    let depth = level * level / 2.0;
    (0..POINTS)
        .chain([0])
        .map(|i| {
            let (sin, cos) = (TAU * i as f64 / POINTS as f64).sin_cos();
            let at = |t: f64| [mode + t * cos, mode + t * sin];
            let inside = |t: f64| {
                let drops = at(t).map(|x| drop_below_peak(x, shape, scale));
                drops[0] + drops[1] <= depth
            };
            let (mut near, mut far) = (0.0, scale);
            while inside(far) {
                far *= 2.0;
            }
            for _ in 0..60 {
                let middle = 0.5 * (near + far);
                *(if inside(middle) { &mut near } else { &mut far }) = middle;
            }
            at(near).map(|x| x as f32)
        })
        .collect()
}

/// How far the log density at `x` lies below that at the mode, in nats; infinite outside the support.
fn drop_below_peak(x: f64, shape: f64, scale: f64) -> f64 {
    if x < 0.0 {
        return f64::INFINITY;
    }
    let log_density = |x: f64| {
        // 0 ln 0 = 0: the exponential law has its peak on the axis.
        let power = if shape == 1.0 {
            0.0
        } else {
            (shape - 1.0) * x.ln()
        };
        power - x / scale
    };
    log_density((shape - 1.0) * scale) - log_density(x)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Moments, kolmogorov_distance, rng};
    use super::*;

    #[test]
    fn draws_follow_the_distribution_function_of_shape_two() {
        let draws = sample(2.0, 3.0, 100_000, &mut rng());
        let distance = kolmogorov_distance(&draws, |x| 1.0 - (-x / 3.0).exp() * (1.0 + x / 3.0));
        assert!(distance < 0.00515, "{distance}");
    }

    #[test]
    fn draws_have_the_moments_of_the_law_for_small_and_large_shapes() {
        for (shape, scale) in [(0.5, 2.0), (1.0, 4.0), (2.0, 2.0), (9.0, 0.5)] {
            let moments = Moments::of(&sample(shape, scale, 100_000, &mut rng()));
            let std = f64::sqrt(shape) * scale;
            let kurtosis = 3.0 + 6.0 / shape;
            // Four standard errors each.
            let root_n = 100_000f64.sqrt();
            assert!(
                (moments.mean - shape * scale).abs() < 4.0 * std / root_n,
                "{moments:?}"
            );
            let deviation = 4.0 * std * ((kurtosis - 1.0) / 4.0).sqrt() / root_n;
            assert!((moments.std - std).abs() < deviation, "{moments:?}");
            assert!(
                (moments.skewness - 2.0 / f64::sqrt(shape)).abs() < 0.2,
                "{moments:?}"
            );
        }
    }

    #[test]
    fn no_draw_is_negative_and_tiny_shapes_stay_finite() {
        for shape in [1e-6, 0.1, 1.0, 30.0] {
            let draws = sample(shape, 2.0, 10_000, &mut rng());
            assert!(draws.iter().all(|x| *x >= 0.0 && x.is_finite()), "{shape}");
        }
    }

    #[test]
    fn the_first_draws_never_change() {
        assert_eq!(sample(2.0, 2.0, 4, &mut rng()), GOLDEN);
    }

    const GOLDEN: [f32; 4] = [1.7053859, 6.198699, 4.169506, 1.1850963];

    #[test]
    fn level_curves_lie_in_the_quadrant_at_their_share_of_the_peak() {
        let (shape, scale) = (3.0, 2.0);
        let density = |x: f32| x.powf(2.0) * (-x / 2.0).exp();
        for (curve, level) in outline(shape, scale).iter().zip(LEVELS) {
            assert_eq!(curve.first(), curve.last());
            for [x, y] in curve {
                assert!(*x > 0.0 && *y > 0.0);
                let share = density(*x) * density(*y) / (density(4.0) * density(4.0));
                let expected = (-level * level / 2.0).exp();
                assert!((f64::from(share) / expected - 1.0).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn the_exponential_law_has_triangles_cut_off_at_the_axes() {
        let outline = outline(1.0, 2.0);
        for (curve, reach) in outline.iter().zip([1.0, 4.0, 9.0]) {
            for [x, y] in curve {
                assert!(*x >= 0.0 && *y >= 0.0 && x + y < reach + 1e-5);
            }
            let furthest = curve.iter().map(|[x, y]| x + y).fold(0.0, f32::max);
            assert!((furthest - reach).abs() < 1e-5);
        }
    }

    #[test]
    fn an_infinite_peak_leaves_the_edge_of_the_support() {
        assert_eq!(outline(0.25, 2.0), [[[0.0, 3.5], [0.0, 0.0], [3.5, 0.0]]]);
    }
}
