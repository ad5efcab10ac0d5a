//! The finished picture, and its bytes.

use crate::VizError;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};

/// A finished picture: 8-bit RGB pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(crate) image: RgbImage,
}

impl Picture {
    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.image.width()
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.image.height()
    }

    /// The pixels `[height, width, 3]`, row-major, as red, green and blue bytes.
    pub fn rgb(&self) -> &[u8] {
        self.image.as_raw()
    }
}

/// The picture as a PNG file: the same bytes for the same picture.
///
/// Errors: if the encoder fails, which only a lack of memory should bring about.
pub fn encode_png(picture: &Picture) -> Result<Vec<u8>, VizError> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(
            picture.rgb(),
            picture.width(),
            picture.height(),
            ExtendedColorType::Rgb8,
        )
        .map_err(|error| VizError::Encode {
            reason: error.to_string(),
        })?;
    Ok(bytes)
}
