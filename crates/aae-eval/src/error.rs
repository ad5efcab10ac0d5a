//! Why a metric could not be computed.

use thiserror::Error;

/// Why a metric could not be computed.
#[derive(Debug, Error)]
pub enum EvalError {
    /// The values do not form points of that many dimensions.
    #[error("expected a multiple of {dim} values (one point is {dim} of them), found {found}")]
    Ragged {
        /// Values of one point.
        dim: usize,
        /// Values given.
        found: usize,
    },
    /// Not enough points, images or pixels to measure anything.
    #[error("expected at least {needed} {what}, found {found}")]
    TooFew {
        /// What there must be more of.
        what: &'static str,
        /// The fewest that will do.
        needed: usize,
        /// Those given.
        found: usize,
    },
    /// A coordinate is infinite or not a number, as after a training that diverged.
    #[error("expected finite values, found {value} in point {point}, dimension {dimension}")]
    NotFinite {
        /// Which point, from 0.
        point: usize,
        /// Which of its coordinates, from 0.
        dimension: usize,
        /// The value there.
        value: f32,
    },
    /// Two inputs that belong together differ in size.
    #[error("expected {expected} {what}, as many as there are {of}, found {found}")]
    Unequal {
        /// What is counted.
        what: &'static str,
        /// What it belongs to.
        of: &'static str,
        /// How many of those there are.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// The prior has no draws in the codes' dimensions.
    #[error("expected a prior of codes of {dim} dimensions: {reasons}")]
    Prior {
        /// Dimensions of the codes.
        dim: usize,
        /// What the prior's own check says.
        reasons: String,
    },
    /// The images are not of the size that the autoencoder was made for.
    #[error("expected images of {expected} pixels (height x width), found {found}")]
    ImageSize {
        /// The autoencoder's height and width.
        expected: String,
        /// The data set's.
        found: String,
    },
    /// The network failed.
    #[error(transparent)]
    Network(#[from] candle_core::Error),
}
