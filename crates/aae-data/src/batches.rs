//! The order of an epoch: a permutation of the training images, cut into batches. Last step of the walk.

use rand::Rng;

use crate::DataError;

/// One epoch's batches: a permutation of the positions, cut into steps of `batch_size`.
///
/// What is left over at the end, fewer than `batch_size` positions, is dropped, so that every step sees a full batch. The next epoch's
/// permutation is another one, and drops others.
#[derive(Clone, Debug)]
pub struct Batches {
    order: Vec<u32>,
    batch_size: usize,
}

impl Batches {
    /// Cuts `order`, from [`permutation`], into batches.
    ///
    /// Errors: if `batch_size` is 0 or more than there are positions.
    pub fn new(order: Vec<u32>, batch_size: usize) -> Result<Batches, DataError> {
        if steps_per_epoch(order.len(), batch_size) == 0 {
            return Err(DataError::BatchSize {
                batch_size,
                available: order.len(),
            });
        }
        Ok(Batches { order, batch_size })
    }

    /// The number of batches: positions / batch size, rounded down.
    pub fn steps(&self) -> usize {
        steps_per_epoch(self.order.len(), self.batch_size)
    }

    /// The positions of one step, `[batch_size]`. Any step can be asked for, which is how a run resumes within an epoch.
    ///
    /// # Panics
    /// If `step` is not below [`Batches::steps`].
    pub fn positions(&self, step: usize) -> &[u32] {
        &self.order[step * self.batch_size..(step + 1) * self.batch_size]
    }
}

/// Full batches in an epoch over `n` images: `n / batch_size`, rounded down; none if the batch size is 0.
pub fn steps_per_epoch(n: usize, batch_size: usize) -> usize {
    n.checked_div(batch_size).unwrap_or(0)
}

/// A random order of `0..n`, every one equally likely.
///
/// Fisher-Yates from the back; each index is drawn by Lemire's multiplication with rejection from 32-bit words of `rng`. Both are written
/// out here, so that the order for given words is the same for ever, whatever happens to the libraries: it decides what a seed trains.
///
/// Source: Knuth, *The Art of Computer Programming* 2, algorithm 3.4.2P; Lemire 2019, arXiv:1805.10941.
///
/// # Panics
/// If `n` is above `u32::MAX`, which no data set reaches.
pub fn permutation(n: usize, rng: &mut impl Rng) -> Vec<u32> {
    let n = u32::try_from(n).expect("a data set holds no more images than 32 bits can tell apart");
    let mut order: Vec<u32> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last as usize, below(last + 1, rng) as usize);
    }
    order
}

/// A number below `bound` (at least 1), every one equally likely.
fn below(bound: u32, rng: &mut impl Rng) -> u32 {
    // The 2^32 words fall into `bound` ranges; this many of each range's lowest products are rejected to make them equal.
    let rejected = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(bound);
        if product as u32 >= rejected {
            return (product >> 32) as u32;
        }
    }
}
