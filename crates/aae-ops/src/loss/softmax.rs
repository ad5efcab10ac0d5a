//! Cross-entropy of a softmax against class probabilities.

use candle_core::{CpuStorage, CustomOp2, D, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::math::exp;
use crate::path::is_fused;
use crate::slices::{contiguous, read, rows_per_task};
use crate::softmax::probabilities;
use crate::vectorized;

/// `-scale · Σ_rows Σ_classes t · ln softmax(logits)`, in nats.
///
/// Shapes: `logits` and `target` `[B, K]` -> scalar. Rows of `target` are probabilities (one-hot for labels) that sum
/// to one, and constant: no gradient is computed for them. `scale` is `1 / B` for the usual mean over the batch.
/// Errors: if the shapes differ or are not matrices.
pub fn softmax_cross_entropy(logits: &Tensor, target: &Tensor, scale: f64) -> Result<Tensor> {
    let (_, classes) = logits.dims2()?;
    if logits.shape() != target.shape() || classes == 0 {
        bail!(
            "expected logits and target of one shape [B, K], found {:?} and {:?}",
            logits.shape(),
            target.shape()
        )
    }
    let target = target.detach();
    if is_fused(logits) {
        return logits
            .contiguous()?
            .apply_op2(&target.contiguous()?, SoftmaxCrossEntropy { scale });
    }
    let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?.detach())?;
    let log_softmax = shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(D::Minus1)?.log()?)?;
    (log_softmax * target)?.sum_all()? * -scale
}

struct SoftmaxCrossEntropy {
    scale: f64,
}

impl CustomOp2 for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmax-cross-entropy"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        target: &CpuStorage,
        target_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let classes = logits_layout.shape().dims2()?.1;
        let (logits, target) = (
            contiguous(logits, logits_layout)?,
            contiguous(target, target_layout)?,
        );
        let rows = rows_per_task(classes);
        let mut losses = vec![0f64; logits.len() / classes];
        losses
            .par_chunks_mut(rows)
            .zip(logits.par_chunks(rows * classes))
            .zip(target.par_chunks(rows * classes))
            .for_each(|((losses, x), t)| {
                vectorized!(|| {
                    let rows = x.chunks(classes).zip(t.chunks(classes));
                    for (loss, (x, t)) in losses.iter_mut().zip(rows) {
                        *loss = row_loss(x, t);
                    }
                });
            });
        let loss = self.scale * losses.iter().sum::<f64>();
        Ok((CpuStorage::F32(vec![loss as f32]), Shape::from(())))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        target: &Tensor,
        _loss: &Tensor,
        upstream: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let factor = (self.scale * f64::from(upstream.to_scalar::<f32>()?)) as f32;
        let classes = logits.dims2()?.1;
        let size = rows_per_task(classes) * classes;
        let gradient = read(logits, |x| {
            read(target, |t| {
                let mut gradient = x.to_vec();
                gradient
                    .par_chunks_mut(size)
                    .zip(t.par_chunks(size))
                    .for_each(|(g, t)| {
                        vectorized!(|| {
                            g.chunks_mut(classes)
                                .zip(t.chunks(classes))
                                .for_each(|(g, t)| row_gradient(g, t, factor));
                        });
                    });
                Ok(gradient)
            })
        })?;
        Ok((
            Some(Tensor::from_vec(gradient, logits.shape(), logits.device())?),
            None,
        ))
    }
}

/// `-Σ_classes t · ln softmax(x)`.
#[inline(always)]
fn row_loss(x: &[f32], t: &[f32]) -> f64 {
    let log_sum = log_sum_exp(x);
    x.iter()
        .zip(t)
        .map(|(x, t)| f64::from(*t) * (log_sum - f64::from(*x)))
        .sum()
}

/// From a row of logits to `factor · (softmax - t)`, in place.
#[inline(always)]
fn row_gradient(row: &mut [f32], t: &[f32], factor: f32) {
    probabilities(row);
    row.iter_mut()
        .zip(t)
        .for_each(|(p, t)| *p = factor * (*p - t));
}

/// `ln Σ e^x`, stable for any `x`.
#[inline(always)]
fn log_sum_exp(x: &[f32]) -> f64 {
    let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = x.iter().map(|x| f64::from(exp(x - max))).sum();
    f64::from(max) + sum.ln()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn the_gradient_of_logits_of_any_size_is_right() {
        for size in [0f32, 1e4, 1e7, 1e30] {
            let logits = Var::new(&[[size, size]], &Device::Cpu).unwrap();
            let target = Tensor::new(&[[1f32, 0.0]], &Device::Cpu).unwrap();
            let loss = softmax_cross_entropy(&logits, &target, 1.0).unwrap();
            let gradients = loss.backward().unwrap();
            let gradient = gradients.get(&logits).unwrap().to_vec2::<f32>().unwrap();
            assert_eq!(gradient, [[-0.5, 0.5]], "{size}");
        }
    }
}
