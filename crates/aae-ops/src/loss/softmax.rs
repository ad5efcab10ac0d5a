//! Cross-entropy of a softmax against class probabilities.

use candle_core::{CpuStorage, CustomOp2, D, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::math;
use crate::path::is_fused;
use crate::slices::{CHUNK, contiguous, read};

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
        let row = |(x, t): (&[f32], &[f32])| {
            let log_sum = log_sum_exp(x);
            x.iter()
                .zip(t)
                .map(|(x, t)| f64::from(*t) * (log_sum - f64::from(*x)))
                .sum::<f64>()
        };
        let partial: Vec<f64> = logits
            .par_chunks(classes)
            .zip(target.par_chunks(classes))
            .map(row)
            .collect();
        let loss = self.scale * partial.iter().sum::<f64>();
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
        let size = (CHUNK / classes).max(1) * classes;
        let gradient = read(logits, |x| {
            read(target, |t| {
                let mut gradient = x.to_vec();
                gradient
                    .par_chunks_mut(size)
                    .zip(t.par_chunks(size))
                    .for_each(|(g, t)| {
                        for (g, t) in g.chunks_mut(classes).zip(t.chunks(classes)) {
                            let log_sum = log_sum_exp(g) as f32;
                            g.iter_mut()
                                .zip(t)
                                .for_each(|(g, t)| *g = factor * (math::exp(*g - log_sum) - t));
                        }
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

/// `ln Σ e^x`, stable for any `x`.
fn log_sum_exp(x: &[f32]) -> f64 {
    let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = x.iter().map(|x| f64::from(math::exp(x - max))).sum();
    f64::from(max) + sum.ln()
}
