//! A data set in memory: grey images as bytes, with their labels. Second step of the walk.

use std::path::Path;

use crate::DataError;
use crate::idx::Images;

/// The two halves of a data set; the test half is for evaluation only.
#[derive(Clone, Debug)]
pub struct TrainTest {
    /// The images to train on.
    pub train: Dataset,
    /// The images to evaluate on. Same size and classes as `train`.
    pub test: Dataset,
}

/// Grey images of one size, one byte a pixel, and a label for each. Holds at least one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    height: usize,
    width: usize,
    classes: usize,
}

impl Dataset {
    /// A data set from memory.
    ///
    /// Shapes: `pixels` `[n, height, width]` row by row, 0 to 255; `labels` `[n]`, each below `classes`.
    /// Errors: if there is no image, the pixels are not `n * height * width`, or a label is not below `classes`.
    pub fn new(
        pixels: Vec<u8>,
        labels: Vec<u8>,
        height: usize,
        width: usize,
        classes: usize,
    ) -> Result<Dataset, DataError> {
        let expected = labels.len().saturating_mul(height).saturating_mul(width);
        // 0 images are refused, and so are more than an index of 32 bits can tell apart.
        if pixels.len() != expected || expected == 0 || u32::try_from(labels.len()).is_err() {
            return Err(DataError::PixelCount {
                expected,
                found: pixels.len(),
            });
        }
        check_labels(&labels, classes, Path::new("labels"))?;
        Ok(Dataset {
            pixels,
            labels,
            height,
            width,
            classes,
        })
    }

    /// From two files that were read. The paths are for the errors.
    pub(crate) fn from_files(
        (images_path, images): (&Path, Images),
        (labels_path, labels): (&Path, Vec<u8>),
        classes: usize,
    ) -> Result<Dataset, DataError> {
        if images.count != labels.len() {
            return Err(DataError::CountMismatch {
                images: images_path.into(),
                n_images: images.count,
                labels: labels_path.into(),
                n_labels: labels.len(),
            });
        }
        check_labels(&labels, classes, labels_path)?;
        Dataset::new(images.pixels, labels, images.height, images.width, classes)
    }

    /// The number of images, at least 1.
    #[allow(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Rows of an image, in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of an image, in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels of an image: height × width.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// The number of classes; every label is below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The label of every image, `[n]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The pixels of one image, `[height * width]` row by row, 0 to 255.
    ///
    /// # Panics
    /// If `index` is not below [`Dataset::len`].
    pub fn image(&self, index: usize) -> &[u8] {
        let start = index * self.pixels();
        &self.pixels[start..start + self.pixels()]
    }
}

/// Every label is below `classes`; the error names the first that is not.
fn check_labels(labels: &[u8], classes: usize, path: &Path) -> Result<(), DataError> {
    match labels
        .iter()
        .position(|&label| usize::from(label) >= classes)
    {
        None => Ok(()),
        Some(index) => Err(DataError::LabelOutOfRange {
            path: path.into(),
            index,
            value: labels[index],
            classes,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_its_own_rows() {
        let data = Dataset::new((0..12).collect(), vec![0, 1], 2, 3, 2).unwrap();
        assert_eq!(data.image(1), [6, 7, 8, 9, 10, 11]);
        assert_eq!(
            (
                data.len(),
                data.height(),
                data.width(),
                data.pixels(),
                data.classes()
            ),
            (2, 2, 3, 6, 2)
        );
        assert_eq!(data.labels(), [0, 1]);
    }

    #[test]
    fn pixels_that_do_not_fill_the_images_are_refused() {
        for (pixels, labels, height, width) in [
            (11, 2, 2, 3),
            (13, 2, 2, 3),
            (0, 0, 2, 3),
            (0, 2, 0, 3),
            (0, 2, 2, 0),
            (6, 2, usize::MAX, 3),
        ] {
            let result = Dataset::new(vec![0; pixels], vec![0; labels], height, width, 10);
            assert!(matches!(result, Err(DataError::PixelCount { found, .. }) if found == pixels));
        }
    }

    #[test]
    fn the_first_label_out_of_range_is_named() {
        let error = Dataset::new(vec![0; 3], vec![1, 2, 3], 1, 1, 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "labels: expected labels below 2 (the number of classes), found 2 at index 1; \
             training and test labels must share their classes"
        );
    }
}
