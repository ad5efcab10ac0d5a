//! The Swiss roll: a spiral from the origin outwards. Its draws lie on a curve, so its density in the plane does not exist.
//!
//! With `u` uniform on `[0, 1)`, a draw lies at the distance `radius √u` and the angle `2π turns √u`. Cut into ten equal
//! stretches of `u`, the inner end first, it offers a place for each of ten labels.
//!
//! Source: the roll of Makhzani et al. 2015, Figure 4, arXiv:1511.05644; the formula was not checked against the paper's text.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};

use super::Polyline;
use super::validate::{FieldError, planar, scale};

/// Stretches of equal probability.
pub(super) const COMPONENTS: usize = 10;

/// Points of the outline for each turn.
const POINTS_PER_TURN: f64 = 128.0;

/// More turns than this would fill the plane, and the outline with it.
const MOST_TURNS: f64 = 100.0;

pub(super) fn validate(radius: f64, turns: f64, latent_dim: usize) -> Vec<FieldError> {
    let mut errors = Vec::new();
    planar(&mut errors, "swiss_roll", latent_dim);
    scale(&mut errors, "radius", radius);
    if !(turns > 0.0 && turns <= MOST_TURNS) {
        let expected = format!("a number above 0, at most {MOST_TURNS}");
        errors.push(FieldError::new("turns", expected, turns));
    }
    errors
}

pub(super) fn draw(radius: f64, turns: f64, rng: &mut impl Rng) -> [f32; 2] {
    place(radius, turns, rng.random::<f64>().sqrt())
}

pub(super) fn draw_component(
    component: usize,
    radius: f64,
    turns: f64,
    rng: &mut impl Rng,
) -> [f32; 2] {
    let u = (component as f64 + rng.random::<f64>()) / COMPONENTS as f64;
    place(radius, turns, u.sqrt())
}

/// The point a share `t` in `[0, 1]` of the way outwards.
fn place(radius: f64, turns: f64, t: f64) -> [f32; 2] {
    let (sin, cos) = (TAU * turns * t).sin_cos();
    [(radius * t * cos) as f32, (radius * t * sin) as f32]
}

/// The spiral itself.
pub(super) fn outline(radius: f64, turns: f64) -> Vec<Polyline> {
    let steps = (POINTS_PER_TURN * turns).ceil();
    let point = |i| place(radius, turns, f64::from(i) / steps);
    vec![(0..=steps as u32).map(point).collect()]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{kolmogorov_distance, rng};
    use super::*;

    fn draws(n: usize) -> Vec<[f32; 2]> {
        let mut rng = rng();
        (0..n).map(|_| draw(3.0, 2.0, &mut rng)).collect()
    }

    #[test]
    fn the_distance_from_the_origin_is_that_of_even_area() {
        // With r = 3 √u: P(r <= x) = x² / 9.
        let distances: Vec<f32> = draws(100_000).iter().map(|[x, y]| x.hypot(*y)).collect();
        let distance = kolmogorov_distance(&distances, |r| r * r / 9.0);
        assert!(distance < 0.00515, "{distance}");
    }

    #[test]
    fn every_draw_lies_on_the_spiral() {
        for [x, y] in draws(10_000) {
            let r = x.hypot(y);
            let angle = 2.0 * std::f32::consts::TAU * r / 3.0;
            assert!(
                (x - r * angle.cos()).hypot(y - r * angle.sin()) < 1e-4,
                "{x} {y}"
            );
        }
    }

    #[test]
    fn components_are_successive_stretches_of_equal_probability() {
        let mut rng = rng();
        for component in 0..COMPONENTS {
            let (inner, outer) = (component as f32 / 10.0, (component as f32 + 1.0) / 10.0);
            let shares: Vec<f32> = (0..1000)
                .map(|_| draw_component(component, 3.0, 2.0, &mut rng))
                .map(|[x, y]| (x * x + y * y) / 9.0)
                .collect();
            assert!(
                shares
                    .iter()
                    .all(|u| *u > inner - 1e-5 && *u < outer + 1e-5)
            );
            let mean = shares.iter().sum::<f32>() / 1000.0;
            // Four standard errors: 4 · 0.1 / √12 / √n.
            assert!(
                (mean - (inner + outer) / 2.0).abs() < 0.0037,
                "{component}: {mean}"
            );
        }
    }

    #[test]
    fn the_first_draws_never_change() {
        assert_eq!(draws(2), GOLDEN);
    }

    const GOLDEN: [[f32; 2]; 2] = [[0.328671, -1.145487], [0.5216487, -1.1134572]];

    #[test]
    fn the_outline_leads_from_the_origin_to_the_outer_end() {
        let [spiral]: [_; 1] = outline(3.0, 1.75).try_into().unwrap();
        assert_eq!(spiral.len(), 225);
        assert_eq!(spiral[0], [0.0, 0.0]);
        // One and three quarter turns end straight below the origin.
        let [x, y] = spiral[224];
        assert!(x.abs() < 1e-5 && (y + 3.0).abs() < 1e-5);
    }

    #[test]
    fn other_dimensions_than_two_and_endless_turns_are_refused() {
        assert_eq!(validate(3.0, 2.0, 2), []);
        assert_eq!(validate(3.0, 2.0, 8)[0].field, "kind");
        for turns in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let errors = validate(3.0, turns, 2);
            assert_eq!(
                errors[0].message,
                format!("expected a number above 0, at most 100, found {turns}")
            );
        }
    }
}
