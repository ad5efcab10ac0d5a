//! Softmax over the last dimension as one operation, for networks that feed on class probabilities.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::math::exp;
use crate::path::is_fused;
use crate::slices::{contiguous, read, rows_per_task};
use crate::vectorized;

/// `e^x / Σ_classes e^x` in each row: `logits` `[B, K]` -> probabilities `[B, K]`. Stable for logits of any size.
///
/// A loss is better computed from logits: [`softmax_cross_entropy`](crate::loss::softmax_cross_entropy).
/// Errors: if `logits` is not a matrix or has no columns.
pub fn softmax(logits: &Tensor) -> Result<Tensor> {
    if logits.dims2()?.1 == 0 {
        bail!(
            "expected logits [B, K] with at least one class, found {:?}",
            logits.shape()
        )
    }
    if is_fused(logits) {
        return logits.contiguous()?.apply_op1(Softmax);
    }
    let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?.detach())?;
    let powers = shifted.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)
}

struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let classes = layout.shape().dims2()?.1;
        let mut y = contiguous(logits, layout)?.to_vec();
        y.par_chunks_mut(rows_per_task(classes) * classes)
            .for_each(|rows| {
                vectorized!(|| rows.chunks_mut(classes).for_each(probabilities));
            });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _logits: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let classes = y.dims2()?.1;
        let size = rows_per_task(classes) * classes;
        let mut gradient = read(&dy.contiguous()?, |dy| Ok(dy.to_vec()))?;
        read(y, |y| {
            gradient
                .par_chunks_mut(size)
                .zip(y.par_chunks(size))
                .for_each(|(gradient, y)| {
                    vectorized!(|| {
                        gradient
                            .chunks_mut(classes)
                            .zip(y.chunks(classes))
                            .for_each(|(gradient, y)| times_jacobian(gradient, y));
                    });
                });
            Ok(())
        })?;
        Tensor::from_vec(gradient, y.shape(), y.device()).map(Some)
    }
}

/// From a row of logits to its probabilities, in place.
#[inline(always)]
pub(crate) fn probabilities(row: &mut [f32]) {
    // `f32::max` passes over a NaN, but its power is one, and so is then the sum.
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|x| *x = exp(*x - max));
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|x| *x /= sum);
}

/// From the gradient of a row of probabilities `y` to that of its logits, in place: `y · (dy - Σ dy·y)`.
#[inline(always)]
fn times_jacobian(gradient: &mut [f32], y: &[f32]) {
    let mean: f32 = gradient.iter().zip(y).map(|(dy, y)| dy * y).sum();
    gradient
        .iter_mut()
        .zip(y)
        .for_each(|(dy, y)| *dy = y * (*dy - mean));
}
