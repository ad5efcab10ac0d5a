//! The priors `p(z)` that codes are made to follow: which there are, how a config names them, how to draw from them and outline them.
//!
//! One file each; this one only chooses between them. Draws are made on the host from a named stream of randomness, so a run
//! sees the same ones whatever its device.
//!
//! Adding a prior: a file beside this one with its checks, sampler, outline and tests; its variant and its arms here.

mod gamma;
mod gaussian;
mod gaussian_mixture;
mod laplace;
mod swiss_roll;
#[cfg(test)]
mod testing;
mod uniform;
mod validate;

use rand::Rng;
use serde::{Deserialize, Serialize};

use gaussian_mixture::Ring;
pub use validate::FieldError;

/// Points of the plane, joined by straight lines; a closed one ends with its first point.
pub type Polyline = Vec<[f32; 2]>;

/// The curves drawn for a smooth density lie where it is `e^(-level² / 2)` of its peak: for a Gaussian, at 1, 2 and 3 standard
/// deviations.
const LEVELS: [f64; 3] = [1.0, 2.0, 3.0];

/// Different points on a closed curve.
const POINTS: usize = 128;

/// A prior distribution over codes, as a config's `[prior]` table writes it.
///
/// `Gaussian`, `Uniform`, `Gamma` and `Laplace` exist in any number of dimensions: every coordinate is drawn independently
/// from the same law. `GaussianMixture` and `SwissRoll` live in the plane.
///
/// Means and ends lie in `[-1e6, 1e6]`, deviations, shapes, scales and radii in `[1e-6, 1e6]`; a mixture has 1 to 1000 components, a roll
/// more than 0 and at most 100 turns. [`validate`](Self::validate) says what is wrong.
///
/// ```
/// use aae_models::prior::PriorConfig;
/// use aae_ops::stream::stream;
///
/// let prior = PriorConfig::Gaussian { mean: 0.0, std: 5.0 };
/// assert!(prior.validate(2).is_empty());
/// let codes = prior.sample(100, 2, &mut stream(0, "prior.style", 0));
/// assert_eq!(codes.len(), 200);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PriorConfig {
    /// `N(mean, std²)` in every coordinate.
    Gaussian {
        /// Mean of every coordinate.
        mean: f64,
        /// Standard deviation of every coordinate.
        std: f64,
    },
    /// Uniform on `[low, high]` in every coordinate.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end, above `low`.
        high: f64,
    },
    /// Gamma in every coordinate, with density proportional to `x^(shape - 1) e^(-x / scale)` on `x > 0`.
    Gamma {
        /// Shape; from 1 on the density has a finite peak.
        shape: f64,
        /// Scale: the mean is `shape · scale`, the variance `shape · scale²`.
        scale: f64,
    },
    /// Laplace in every coordinate, with density `e^(-|x - mean| / scale) / (2 scale)`.
    Laplace {
        /// Mean of every coordinate.
        mean: f64,
        /// Scale: the variance is `2 scale²`.
        scale: f64,
    },
    /// Gaussians of equal weight with their means evenly on a circle around the origin, each stretched along its radius.
    GaussianMixture {
        /// Number of Gaussians; the mean of number `k` lies at the angle `2πk / components`.
        components: usize,
        /// Distance of the means from the origin.
        radius: f64,
        /// Standard deviation along the radius.
        std_radial: f64,
        /// Standard deviation across the radius.
        std_tangential: f64,
    },
    /// A spiral from the origin outwards, evenly covered in `(distance from the origin)²`.
    SwissRoll {
        /// Distance of the outer end from the origin.
        radius: f64,
        /// Number of turns around the origin, such as 2.
        turns: f64,
    },
}

impl PriorConfig {
    /// Every reason why this prior cannot work on codes of `latent_dim` dimensions; empty if it can.
    pub fn validate(&self, latent_dim: usize) -> Vec<FieldError> {
        match *self {
            Self::Gaussian { mean, std } => gaussian::validate(mean, std),
            Self::Uniform { low, high } => uniform::validate(low, high),
            Self::Gamma { shape, scale } => gamma::validate(shape, scale),
            Self::Laplace { mean, scale } => laplace::validate(mean, scale),
            Self::GaussianMixture {
                components,
                radius,
                std_radial,
                std_tangential,
            } => Ring::new(components, radius, std_radial, std_tangential).validate(latent_dim),
            Self::SwissRoll { radius, turns } => swiss_roll::validate(radius, turns, latent_dim),
        }
    }

    /// `n` draws of `dim` coordinates: `[n, dim]`, row-major. They depend on `n`, `dim` and the state of `rng` alone.
    ///
    /// # Panics
    /// If the prior does not pass [`validate`](Self::validate) for `dim`.
    pub fn sample(&self, n: usize, dim: usize, rng: &mut impl Rng) -> Vec<f32> {
        self.assert_valid(dim);
        match *self {
            Self::Gaussian { mean, std } => gaussian::sample(mean, std, n * dim, rng),
            Self::Uniform { low, high } => uniform::sample(low, high, n * dim, rng),
            Self::Gamma { shape, scale } => gamma::sample(shape, scale, n * dim, rng),
            Self::Laplace { mean, scale } => laplace::sample(mean, scale, n * dim, rng),
            Self::GaussianMixture {
                components,
                radius,
                std_radial,
                std_tangential,
            } => {
                let ring = Ring::new(components, radius, std_radial, std_tangential);
                (0..n).flat_map(|_| ring.draw(rng)).collect()
            }
            Self::SwissRoll { radius, turns } => (0..n)
                .flat_map(|_| swiss_roll::draw(radius, turns, rng))
                .collect(),
        }
    }

    /// Number of components that a label can choose between: the Gaussians of the mixture, ten stretches of the Swiss roll;
    /// none for a prior in one piece.
    pub fn components(&self) -> Option<usize> {
        match *self {
            Self::GaussianMixture { components, .. } => Some(components),
            Self::SwissRoll { .. } => Some(swiss_roll::COMPONENTS),
            _ => None,
        }
    }

    /// One draw from each of the named components: `[components.len(), 2]`, row-major. Nothing if this prior has no
    /// components, or not one of those named.
    ///
    /// # Panics
    /// If the prior does not pass [`validate`](Self::validate) for two dimensions.
    pub fn sample_components(&self, components: &[usize], rng: &mut impl Rng) -> Option<Vec<f32>> {
        self.assert_valid(2);
        let available = self.components()?;
        if components.iter().any(|&component| component >= available) {
            return None;
        }
        let chosen = components.iter();
        match *self {
            Self::GaussianMixture {
                components,
                radius,
                std_radial,
                std_tangential,
            } => {
                let ring = Ring::new(components, radius, std_radial, std_tangential);
                Some(chosen.flat_map(|&c| ring.draw_component(c, rng)).collect())
            }
            Self::SwissRoll { radius, turns } => Some(
                chosen
                    .flat_map(|&c| swiss_roll::draw_component(c, radius, turns, rng))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// Where the draws lie, as curves in the plane of the first two coordinates: level curves of the smooth priors, the box of
    /// the uniform one, an ellipse at two standard deviations for each Gaussian of the mixture, the Swiss roll itself.
    ///
    /// # Panics
    /// If the prior does not pass [`validate`](Self::validate) for two dimensions.
    pub fn outline(&self) -> Vec<Polyline> {
        self.assert_valid(2);
        match *self {
            Self::Gaussian { mean, std } => gaussian::outline(mean, std),
            Self::Uniform { low, high } => uniform::outline(low, high),
            Self::Gamma { shape, scale } => gamma::outline(shape, scale),
            Self::Laplace { mean, scale } => laplace::outline(mean, scale),
            Self::GaussianMixture {
                components,
                radius,
                std_radial,
                std_tangential,
            } => Ring::new(components, radius, std_radial, std_tangential).outline(),
            Self::SwissRoll { radius, turns } => swiss_roll::outline(radius, turns),
        }
    }

    /// The prior in a few words, such as `N(0, 5²)`.
    pub fn describe(&self) -> String {
        match *self {
            Self::Gaussian { mean, std } => format!("N({mean}, {std}²)"),
            Self::Uniform { low, high } => format!("uniform on [{low}, {high}]"),
            Self::Gamma { shape, scale } => format!("Gamma(shape {shape}, scale {scale})"),
            Self::Laplace { mean, scale } => format!("Laplace(mean {mean}, scale {scale})"),
            Self::GaussianMixture {
                components, radius, ..
            } => format!("{components} Gaussians on a ring of radius {radius}"),
            Self::SwissRoll { radius, turns } => {
                format!("Swiss roll of {turns} turns, radius {radius}")
            }
        }
    }

    fn assert_valid(&self, dim: usize) {
        let errors = self.validate(dim);
        assert!(errors.is_empty(), "a prior that is not valid: {errors:?}");
    }
}
