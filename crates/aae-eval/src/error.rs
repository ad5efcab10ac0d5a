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
    /// A label of one byte cannot tell that many classes apart.
    #[error("expected 1 to 256 classes, found {found}")]
    Classes {
        /// Classes given.
        found: usize,
    },
    /// A label or a prediction is not one of the classes.
    #[error("expected {what} below {classes}, found {found} at position {position}")]
    LabelOutOfRange {
        /// What is counted from 0.
        what: &'static str,
        /// How many classes there are.
        classes: usize,
        /// The value there.
        found: u8,
        /// Where it is, from 0.
        position: usize,
    },
    /// A setting of a metric makes no sense.
    #[error("expected {what} {expected}, found {found}")]
    Setting {
        /// The setting.
        what: &'static str,
        /// The range that it must lie in.
        expected: &'static str,
        /// The value given.
        found: f64,
    },
    /// The best window of a grid is its first or last, so that a better one may lie outside.
    #[error(
        "expected the best Parzen window inside the grid from {lowest} to {highest} ({windows} windows), found it at the edge, {best}: \
         search a grid that reaches further"
    )]
    WindowOnEdge {
        /// The smallest window of the grid.
        lowest: f64,
        /// The largest.
        highest: f64,
        /// How many there are.
        windows: usize,
        /// The best of them.
        best: f64,
    },
    /// A fit did not come to rest.
    #[error(
        "expected {what} to converge in {iterations} iterations, found a gradient of {gradient:e} after them"
    )]
    NotConverged {
        /// What was fitted.
        what: &'static str,
        /// The most iterations that it was given.
        iterations: usize,
        /// The greatest element of the gradient at the end.
        gradient: f64,
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

/// As many `what` as there are `of`.
pub(crate) fn check_count(
    what: &'static str,
    found: usize,
    of: &'static str,
    expected: usize,
) -> Result<(), EvalError> {
    match found == expected {
        true => Ok(()),
        false => Err(EvalError::Unequal {
            what,
            of,
            expected,
            found,
        }),
    }
}
