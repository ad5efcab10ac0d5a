//! What can be wrong with the slices that a picture is asked of.

/// Why a picture could not be made: one variant per cause.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VizError {
    /// An image without pixels.
    #[error(
        "images of {height} x {width} pixels cannot be drawn: expected both sides to be at least 1"
    )]
    EmptyImage {
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
    },
    /// The slice is not a whole number of images.
    #[error("expected a multiple of {height} x {width} pixels, found {found} values")]
    PixelCount {
        /// Rows of pixels of one image.
        height: usize,
        /// Columns of pixels of one image.
        width: usize,
        /// Length of the slice.
        found: usize,
    },
    /// Nothing to draw: no image, no cell or no panel.
    #[error("nothing to draw: expected at least one of the {what}, found none")]
    Nothing {
        /// What is missing.
        what: &'static str,
    },
    /// Two lengths that must agree do not.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// What was counted.
        what: String,
        /// The number that the rest of the input asks for.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// Rows of one comparison hold images of different sizes.
    #[error(
        "row `{row}`: expected images of {} x {} pixels like the first row's, found {} x {}",
        expected.0, expected.1, found.0, found.1
    )]
    ImageSize {
        /// Name of the row.
        row: String,
        /// (height, width) of the first row's images.
        expected: (usize, usize),
        /// (height, width) of this row's images.
        found: (usize, usize),
    },
    /// An axis does not go from a number to one that is at least as large.
    #[error("axis {axis}: expected two finite ends, the lower one first, found {from} and {to}")]
    Ends {
        /// Which axis.
        axis: &'static str,
        /// Its first end.
        from: f64,
        /// Its last end.
        to: f64,
    },
    /// The picture would be too large to be opened anywhere.
    #[error(
        "the picture would be {width} x {height} pixels, expected at most {limit} on a side: draw fewer images"
    )]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Largest side allowed.
        limit: usize,
    },
    /// Text could not be rasterised.
    #[error("the text could not be drawn: {reason}")]
    Text {
        /// The rasteriser's words.
        reason: String,
    },
    /// The picture could not be encoded.
    #[error("the picture could not be encoded as PNG: {reason}")]
    Encode {
        /// The encoder's words.
        reason: String,
    },
}
