//! The mixture of Gaussians on a ring: as many petals as there are components, each stretched along its radius.
//!
//! Source: Makhzani et al. 2015, Figure 4, arXiv:1511.05644.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::validate::{FieldError, planar, scale};
use super::{POINTS, Polyline};

/// More could not be told apart on a ring.
const MOST_COMPONENTS: usize = 1000;

/// An ellipse at this many standard deviations holds 86 % of its component.
const ELLIPSE_LEVEL: f64 = 2.0;

/// The fields of `PriorConfig::GaussianMixture`.
#[derive(Clone, Copy)]
pub(super) struct Ring {
    components: usize,
    radius: f64,
    std_radial: f64,
    std_tangential: f64,
}

impl Ring {
    pub(super) fn new(
        components: usize,
        radius: f64,
        std_radial: f64,
        std_tangential: f64,
    ) -> Self {
        Self {
            components,
            radius,
            std_radial,
            std_tangential,
        }
    }

    pub(super) fn validate(self, latent_dim: usize) -> Vec<FieldError> {
        let mut errors = Vec::new();
        planar(&mut errors, "gaussian_mixture", latent_dim);
        if !(1..=MOST_COMPONENTS).contains(&self.components) {
            let expected = format!("1 to {MOST_COMPONENTS} components");
            errors.push(FieldError::new("components", expected, self.components));
        }
        scale(&mut errors, "radius", self.radius);
        scale(&mut errors, "std_radial", self.std_radial);
        scale(&mut errors, "std_tangential", self.std_tangential);
        errors
    }

    pub(super) fn draw(self, rng: &mut impl Rng) -> [f32; 2] {
        let component = rng.random_range(0..self.components);
        self.draw_component(component, rng)
    }

    pub(super) fn draw_component(self, component: usize, rng: &mut impl Rng) -> [f32; 2] {
        let radial = self.std_radial * rng.sample::<f64, _>(StandardNormal);
        let tangential = self.std_tangential * rng.sample::<f64, _>(StandardNormal);
        self.place(component, radial, tangential)
    }

    /// The point at `radial` outwards and `tangential` counter-clockwise from the mean of `component`.
    fn place(self, component: usize, radial: f64, tangential: f64) -> [f32; 2] {
        let (sin, cos) = (TAU * component as f64 / self.components as f64).sin_cos();
        let outwards = self.radius + radial;
        [
            (outwards * cos - tangential * sin) as f32,
            (outwards * sin + tangential * cos) as f32,
        ]
    }

    /// One ellipse a component, at two standard deviations.
    pub(super) fn outline(self) -> Vec<Polyline> {
        let ellipse = |component| {
            (0..POINTS)
                .chain([0])
                .map(|i| {
                    let (sin, cos) = (TAU * i as f64 / POINTS as f64).sin_cos();
                    let radial = ELLIPSE_LEVEL * self.std_radial * cos;
                    let tangential = ELLIPSE_LEVEL * self.std_tangential * sin;
                    self.place(component, radial, tangential)
                })
                .collect()
        };
        (0..self.components).map(ellipse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Moments, rng};
    use super::*;

    const RING: Ring = Ring {
        components: 10,
        radius: 4.0,
        std_radial: 0.5,
        std_tangential: 0.1,
    };

    /// Distance outwards and counter-clockwise from the mean of `component`, the reverse of `place`.
    fn offsets([x, y]: [f32; 2], component: usize) -> (f32, f32) {
        let (sin, cos) = (TAU * component as f64 / RING.components as f64).sin_cos();
        let (sin, cos) = (sin as f32, cos as f32);
        (x * cos + y * sin - RING.radius as f32, y * cos - x * sin)
    }

    /// The component whose mean lies nearest in angle.
    fn component_of([x, y]: [f32; 2]) -> usize {
        let turn = f64::from(y.atan2(x)) / TAU;
        (turn * RING.components as f64)
            .round()
            .rem_euclid(RING.components as f64) as usize
    }

    #[test]
    fn every_component_gets_its_even_share_of_the_draws() {
        let mut rng = rng();
        let mut counts = [0.0f64; 10];
        for _ in 0..100_000 {
            counts[component_of(RING.draw(&mut rng))] += 1.0;
        }
        // Four standard errors of a share of one tenth: 4 √(n · 0.1 · 0.9).
        assert!(
            counts.iter().all(|n| (n - 10_000.0).abs() < 380.0),
            "{counts:?}"
        );
    }

    #[test]
    fn a_component_has_its_mean_and_its_two_deviations() {
        for component in [0, 3, 9] {
            let mut rng = rng();
            let (radial, tangential): (Vec<f32>, Vec<f32>) = (0..100_000)
                .map(|_| offsets(RING.draw_component(component, &mut rng), component))
                .unzip();
            let (radial, tangential) = (Moments::of(&radial), Moments::of(&tangential));
            assert!(
                radial.mean.abs() < 0.0064 && (radial.std - 0.5).abs() < 0.0045,
                "{radial:?}"
            );
            assert!(
                tangential.mean.abs() < 0.0013 && (tangential.std - 0.1).abs() < 0.0009,
                "{tangential:?}"
            );
        }
    }

    #[test]
    fn the_first_draws_never_change() {
        let mut rng = rng();
        assert_eq!([RING.draw(&mut rng), RING.draw(&mut rng)], GOLDEN);
    }

    const GOLDEN: [[f32; 2]; 2] = [[2.709846, 1.9151042], [-1.2631243, -3.984582]];

    #[test]
    fn the_outline_is_one_closed_ellipse_a_component_two_deviations_wide() {
        let outline = RING.outline();
        assert_eq!(outline.len(), 10);
        for (component, ellipse) in outline.iter().enumerate() {
            assert_eq!(ellipse.first(), ellipse.last());
            for &point in ellipse {
                let (radial, tangential) = offsets(point, component);
                assert!(((radial / 1.0).hypot(tangential / 0.2) - 1.0).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn other_dimensions_than_two_and_empty_rings_are_refused() {
        let fields = |ring: Ring, dim| {
            let errors = ring.validate(dim);
            errors
                .into_iter()
                .map(|error| error.field)
                .collect::<Vec<_>>()
        };
        assert_eq!(fields(RING, 2), [""; 0]);
        assert_eq!(fields(RING, 3), ["kind"]);
        assert_eq!(
            fields(
                Ring {
                    components: 0,
                    ..RING
                },
                2
            ),
            ["components"]
        );
        let bad = Ring {
            radius: 0.0,
            std_radial: -1.0,
            std_tangential: f64::NAN,
            ..RING
        };
        assert_eq!(fields(bad, 2), ["radius", "std_radial", "std_tangential"]);
    }
}
