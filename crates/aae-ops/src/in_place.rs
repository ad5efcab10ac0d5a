//! A tensor and as many numbers, element by element, in the memory of the numbers.
//!
//! candle's own addition would take new memory, and share the work of a batch of images with threads of its own, which then go on looking for
//! work for a while and take the cores from the next layer.

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use crate::path::is_fused;
use crate::slices::{CHUNK, read};
use crate::vectorized;

/// `x + numbers`. No gradient is computed for either.
///
/// Shapes: `x` any, `numbers` as many, row-major -> that of `x`. Errors: if there are not as many.
pub fn plus(x: &Tensor, numbers: Vec<f32>) -> Result<Tensor> {
    combined(
        x,
        numbers,
        |x, number| *number += x,
        |x, numbers| x + numbers,
    )
}

/// `x · numbers`. No gradient is computed for either.
///
/// Shapes: `x` any, `numbers` as many, row-major -> that of `x`. Errors: if there are not as many.
pub fn times(x: &Tensor, numbers: Vec<f32>) -> Result<Tensor> {
    combined(
        x,
        numbers,
        |x, number| *number *= x,
        |x, numbers| x * numbers,
    )
}

fn combined(
    x: &Tensor,
    mut numbers: Vec<f32>,
    fused: impl Fn(f32, &mut f32) + Sync,
    plain: impl FnOnce(Tensor, Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    if numbers.len() != x.elem_count() {
        bail!(
            "expected {} numbers for a tensor of the shape {:?}, found {}",
            x.elem_count(),
            x.shape(),
            numbers.len()
        )
    }
    let x = x.detach();
    if !is_fused(&x) {
        let numbers = Tensor::from_vec(numbers, x.shape(), x.device())?;
        return plain(x, numbers);
    }
    read(&x.contiguous()?, |x| {
        let chunks = numbers.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK));
        chunks.for_each(|(numbers, x)| {
            vectorized!(|| x.iter().zip(numbers).for_each(|(x, n)| fused(*x, n)));
        });
        Ok(())
    })?;
    Tensor::from_vec(numbers, x.shape(), x.device())
}
