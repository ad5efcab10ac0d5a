//! The uniform prior on `[low, high]`, independent in every coordinate: a box.

use rand::{Rng, RngExt};

use super::Polyline;
use super::validate::{FieldError, position};

pub(super) fn validate(low: f64, high: f64) -> Vec<FieldError> {
    let mut errors = Vec::new();
    position(&mut errors, "low", low);
    position(&mut errors, "high", high);
    if low >= high {
        let expected = format!("a number above low = {low}");
        errors.push(FieldError::new("high", expected, high));
    }
    errors
}

/// The upper end itself can occur: a draw just below it may round up to it.
pub(super) fn sample(low: f64, high: f64, count: usize, rng: &mut impl Rng) -> Vec<f32> {
    let mut draw = || low + (high - low) * rng.random::<f64>();
    (0..count).map(|_| draw() as f32).collect()
}

/// The box that holds all draws.
pub(super) fn outline(low: f64, high: f64) -> Vec<Polyline> {
    let [low, high] = [low as f32, high as f32];
    vec![vec![
        [low, low],
        [high, low],
        [high, high],
        [low, high],
        [low, low],
    ]]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Moments, kolmogorov_distance, rng};
    use super::*;

    #[test]
    fn draws_follow_the_distribution_function() {
        let draws = sample(-4.0, 10.0, 100_000, &mut rng());
        // At 1.63/√n the Kolmogorov-Smirnov test rejects at the 1 % level.
        let distance = kolmogorov_distance(&draws, |x| (x + 4.0) / 14.0);
        assert!(distance < 0.00515, "{distance}");
    }

    #[test]
    fn draws_have_the_moments_of_the_law() {
        let moments = Moments::of(&sample(-4.0, 10.0, 100_000, &mut rng()));
        let std = 14.0 / 12.0f64.sqrt();
        // Four standard errors; the fourth moment about the mean is 1.8 σ⁴, so that of the deviation is σ √(0.8 / 4n).
        assert!((moments.mean - 3.0).abs() < 0.052, "{moments:?}");
        assert!((moments.std - std).abs() < 0.023, "{moments:?}");
    }

    #[test]
    fn every_draw_lies_in_the_box_and_they_reach_its_walls() {
        let draws = sample(-4.0, 10.0, 100_000, &mut rng());
        assert!(draws.iter().all(|x| (-4.0..=10.0).contains(x)));
        assert!(draws.iter().any(|&x| x < -3.995) && draws.iter().any(|&x| x > 9.995));
    }

    #[test]
    fn the_first_draws_never_change() {
        assert_eq!(sample(-10.0, 10.0, 4, &mut rng()), GOLDEN);
    }

    const GOLDEN: [f32; 4] = [-6.844078, -6.6402125, 4.0855227, 4.534826];

    #[test]
    fn the_outline_is_the_closed_box() {
        let [outline]: [_; 1] = outline(-1.0, 2.0).try_into().unwrap();
        assert_eq!(
            outline,
            [
                [-1.0, -1.0],
                [2.0, -1.0],
                [2.0, 2.0],
                [-1.0, 2.0],
                [-1.0, -1.0]
            ]
        );
    }

    #[test]
    fn ends_in_the_wrong_order_are_reported_once() {
        let errors = validate(3.0, 3.0);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "high");
        assert_eq!(
            errors[0].message,
            "expected a number above low = 3, found 3"
        );
        assert_eq!(validate(f64::NAN, 1.0).len(), 1);
        assert_eq!(validate(-1.0, 1.0), []);
    }
}
