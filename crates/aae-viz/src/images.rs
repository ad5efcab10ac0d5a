//! A checked view of grey images in one slice.

use crate::VizError;

/// Borrowed grey images, one after the other: `pixels` `[n, height, width]`, row-major, 0 is black and 1 is white.
///
/// Values outside `[0, 1]` are drawn as the nearer end; a value that is not a number is drawn in red.
#[derive(Debug, Clone, Copy)]
pub struct Images<'a> {
    pixels: &'a [f32],
    height: usize,
    width: usize,
}

impl<'a> Images<'a> {
    /// A view of `pixels` `[n * height * width]` as n images.
    ///
    /// Errors: if a side is 0, or if the slice is not a whole number of images. An empty slice is no images.
    pub fn new(pixels: &'a [f32], height: usize, width: usize) -> Result<Self, VizError> {
        if height == 0 || width == 0 {
            return Err(VizError::EmptyImage { height, width });
        }
        let found = pixels.len();
        let whole = height
            .checked_mul(width)
            .is_some_and(|size| found.is_multiple_of(size));
        if !whole {
            return Err(VizError::PixelCount {
                height,
                width,
                found,
            });
        }
        Ok(Self {
            pixels,
            height,
            width,
        })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.pixels.len() / (self.height * self.width)
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Rows of pixels of one image.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of pixels of one image.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The pixels `[height * width]` of one image, or nothing past the end.
    pub fn get(&self, index: usize) -> Option<&'a [f32]> {
        let size = self.height * self.width;
        let start = index.checked_mul(size)?;
        self.pixels.get(start..start.checked_add(size)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn non_square_images_are_cut_at_the_right_places() {
        let pixels: Vec<f32> = (0..12).map(|v| v as f32).collect();
        let images = Images::new(&pixels, 2, 3).unwrap();
        assert_eq!(images.len(), 2);
        assert_eq!(images.get(1), Some(&pixels[6..12]));
        assert_eq!(images.get(2), None);
        assert_eq!(images.get(usize::MAX), None);
    }

    #[test]
    fn a_torn_image_is_refused() {
        let error = Images::new(&[0.0; 7], 2, 3).unwrap_err();
        assert_eq!(
            error,
            VizError::PixelCount {
                height: 2,
                width: 3,
                found: 7
            }
        );
        assert!(Images::new(&[0.0; 4], usize::MAX, 2).is_err());
    }

    #[test]
    fn an_image_without_pixels_is_refused_and_no_images_are_allowed() {
        assert!(Images::new(&[], 0, 3).is_err());
        assert!(Images::new(&[], 28, 28).unwrap().is_empty());
    }
}
