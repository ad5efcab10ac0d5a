//! A split: some images of a data set, by index, and the one pass that makes a batch of them. Third step of the walk.

use std::collections::BTreeSet;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use rand::Rng;

use crate::{DataError, Dataset, permutation};

/// A view on some images of a [`Dataset`]. Images are addressed by their *position* in the split, `0..len()`.
#[derive(Clone, Debug)]
pub struct Split {
    dataset: Arc<Dataset>,
    indices: Vec<u32>,
}

impl Split {
    /// All images of a data set, in its order.
    pub fn all(dataset: &Arc<Dataset>) -> Split {
        // A data set never holds more images than 32 bits can tell apart.
        Split {
            dataset: Arc::clone(dataset),
            indices: (0..dataset.len() as u32).collect(),
        }
    }

    /// Holds `n` images out, drawn at random without replacement: `(the rest, the n held out)`, both in the data set's order.
    ///
    /// Errors: if nothing would be left of the rest.
    pub fn hold_out(&self, n: usize, rng: &mut impl Rng) -> Result<(Split, Split), DataError> {
        if n >= self.len() {
            return Err(DataError::HoldOut {
                requested: n,
                available: self.len(),
            });
        }
        let mut order = permutation(self.len(), rng);
        order[..n].sort_unstable();
        order[n..].sort_unstable();
        let pick = |positions: &[u32]| Split {
            dataset: Arc::clone(&self.dataset),
            indices: positions
                .iter()
                .map(|&position| self.indices[position as usize])
                .collect(),
        };
        Ok((pick(&order[n..]), pick(&order[..n])))
    }

    /// The first `n` images, or all if there are fewer.
    pub fn take(&self, n: usize) -> Split {
        Split {
            dataset: Arc::clone(&self.dataset),
            indices: self.indices[..n.min(self.len())].to_vec(),
        }
    }

    /// `n` images, drawn at random without replacement, as many of each class as of any other; in the data set's order.
    ///
    /// Where `n` is no multiple of the number of classes, the first classes have one image more. From the same random numbers a larger
    /// draw has all images of a smaller one. A class that the data set has no image of, such as class 0 of EMNIST's letters, has no share.
    /// Errors: if a class has too few images.
    pub fn balanced(&self, n: usize, rng: &mut impl Rng) -> Result<Split, DataError> {
        // Of the whole data set: a class that only this split has lost is one with too few images.
        let classes: BTreeSet<u8> = self.dataset.labels().iter().copied().collect();
        let mut chosen = Vec::with_capacity(n.min(self.len()));
        for (rank, &class) in classes.iter().enumerate() {
            let requested = n / classes.len() + usize::from(rank < n % classes.len());
            let of_class: Vec<u32> = self
                .indices
                .iter()
                .copied()
                .filter(|&index| self.dataset.labels()[index as usize] == class)
                .collect();
            if of_class.len() < requested {
                return Err(DataError::ClassTooSmall {
                    class: usize::from(class),
                    requested,
                    available: of_class.len(),
                    most: self.most_balanced(&classes),
                });
            }
            let order = permutation(of_class.len(), rng);
            chosen.extend(order[..requested].iter().map(|&at| of_class[at as usize]));
        }
        chosen.sort_unstable();
        Ok(Split {
            dataset: Arc::clone(&self.dataset),
            indices: chosen,
        })
    }

    /// The most images that [`balanced`](Self::balanced) can draw.
    fn most_balanced(&self, classes: &BTreeSet<u8>) -> usize {
        let labels = self.labels();
        let of_class = |class: &u8| labels.iter().filter(|&label| label == class).count();
        // With `a` images of the class of rank `r` a draw of `a * classes + r` images is the largest.
        let ranked = classes.iter().enumerate();
        ranked
            .map(|(rank, class)| of_class(class) * classes.len() + rank)
            .min()
            .unwrap_or(0)
    }

    /// Where the images are in the data set, `[len]`.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The data set viewed: image size, classes.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The label of every image of the split, `[len]`.
    pub fn labels(&self) -> Vec<u8> {
        self.indices
            .iter()
            .map(|&index| self.dataset.labels()[index as usize])
            .collect()
    }

    /// The label of one image.
    ///
    /// # Panics
    /// If `position` is not below [`Split::len`].
    pub fn label(&self, position: usize) -> u8 {
        self.dataset.labels()[self.indices[position] as usize]
    }

    /// The pixels of one image, `[height * width]` row by row, 0 to 255.
    ///
    /// # Panics
    /// If `position` is not below [`Split::len`].
    pub fn image(&self, position: usize) -> &[u8] {
        self.dataset.image(self.indices[position] as usize)
    }

    /// Gathers the images at `positions` into `out`, scaled to `[0, 1]`, in one pass; what `out` held before is dropped.
    ///
    /// Shapes: `positions` `[B]` -> `out` `[B, P]`, `P` = height × width, row-major. Each value is `pixel as f32 / 255.0` exactly.
    ///
    /// # Panics
    /// If a position is not below [`Split::len`].
    pub fn gather(&self, positions: &[u32], out: &mut Vec<f32>) {
        out.clear();
        out.reserve_exact(positions.len() * self.dataset.pixels());
        for &position in positions {
            out.extend(
                self.image(position as usize)
                    .iter()
                    .map(|&pixel| f32::from(pixel) / 255.0),
            );
        }
    }

    /// The images at `positions` as a tensor, scaled to `[0, 1]`; see [`Split::gather`].
    ///
    /// Shapes: `positions` `[B]` -> `[B, P]`, `P` = height × width, f32.
    /// Errors: if the device cannot take it.
    ///
    /// # Panics
    /// If a position is not below [`Split::len`].
    pub fn batch(&self, positions: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        let mut values = Vec::new();
        self.gather(positions, &mut values);
        Tensor::from_vec(values, (positions.len(), self.dataset.pixels()), device)
    }

    /// The positions of every image in order, `size` at a time, for an evaluation: the last batch may be shorter.
    ///
    /// # Panics
    /// If `size` is 0.
    pub fn all_batches(&self, size: usize) -> impl Iterator<Item = Vec<u32>> {
        let len = self.len();
        (0..len)
            .step_by(size)
            .map(move |start| (start as u32..(start + size).min(len) as u32).collect())
    }
}
