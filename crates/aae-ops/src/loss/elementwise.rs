//! Losses that are a sum over elements: binary cross-entropy from logits, and squared error through a sigmoid.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::math::{self, vectorized};
use crate::path::is_fused;
use crate::slices::{CHUNK, contiguous, read};

/// `scale · Σ [max(x, 0) - x·t + ln(1 + e^-|x|)]`, the binary cross-entropy of `sigmoid(logits)` against `target`, in nats.
///
/// Shapes: `logits` and `target` alike -> scalar. `target` is in `[0, 1]` and constant: no gradient is computed for it.
/// The form is stable for logits of any size.
/// Errors: if the shapes differ.
pub fn bce_with_logits(logits: &Tensor, target: &Tensor, scale: f64) -> Result<Tensor> {
    ElementLoss {
        kind: Kind::BinaryCrossEntropy,
        scale,
    }
    .apply(logits, target)
}

/// `scale · Σ (sigmoid(x) - t)²`, the squared error of `sigmoid(logits)` against `target`.
///
/// Shapes: `logits` and `target` alike -> scalar. `target` is constant: no gradient is computed for it.
/// Errors: if the shapes differ.
pub fn sigmoid_squared_error(logits: &Tensor, target: &Tensor, scale: f64) -> Result<Tensor> {
    ElementLoss {
        kind: Kind::SigmoidSquaredError,
        scale,
    }
    .apply(logits, target)
}

#[derive(Clone, Copy)]
struct ElementLoss {
    kind: Kind,
    scale: f64,
}

#[derive(Clone, Copy)]
enum Kind {
    BinaryCrossEntropy,
    SigmoidSquaredError,
}

impl Kind {
    #[inline(always)]
    fn value(self, x: f32, t: f32) -> f32 {
        match self {
            Self::BinaryCrossEntropy => {
                // max(x, 0) by comparison, so that a NaN passes through.
                let positive = if x < 0.0 { 0.0 } else { x };
                positive - x * t + math::ln_1p_exp_neg_abs(x)
            }
            Self::SigmoidSquaredError => {
                let error = math::sigmoid(x) - t;
                error * error
            }
        }
    }

    #[inline(always)]
    fn derivative(self, x: f32, t: f32) -> f32 {
        let y = math::sigmoid(x);
        match self {
            Self::BinaryCrossEntropy => y - t,
            Self::SigmoidSquaredError => 2.0 * (y - t) * y * (1.0 - y),
        }
    }
}

impl ElementLoss {
    fn apply(self, logits: &Tensor, target: &Tensor) -> Result<Tensor> {
        if logits.shape() != target.shape() {
            bail!(
                "expected logits and target of one shape, found {:?} and {:?}",
                logits.shape(),
                target.shape()
            )
        }
        let target = target.detach();
        if is_fused(logits) {
            return logits.contiguous()?.apply_op2(&target.contiguous()?, self);
        }
        let sum = match self.kind {
            Kind::BinaryCrossEntropy => {
                let softplus = ((logits.abs()?.neg()?.exp()? + 1.0)?.log()? + logits.relu()?)?;
                (softplus - (logits * target)?)?.sum_all()?
            }
            Kind::SigmoidSquaredError => (crate::Activation::Sigmoid.plain(logits)? - target)?
                .sqr()?
                .sum_all()?,
        };
        sum * self.scale
    }
}

impl CustomOp2 for ElementLoss {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::BinaryCrossEntropy => "bce-with-logits",
            Kind::SigmoidSquaredError => "sigmoid-squared-error",
        }
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        target: &CpuStorage,
        target_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (logits, target) = (
            contiguous(logits, logits_layout)?,
            contiguous(target, target_layout)?,
        );
        let kind = self.kind;
        let chunk = |(x, t): (&[f32], &[f32])| {
            vectorized!(|| {
                let mut lanes = [0f64; 16];
                let (x, x_rest) = x.as_chunks::<16>();
                let (t, t_rest) = t.as_chunks::<16>();
                for (x, t) in x.iter().zip(t) {
                    for lane in 0..16 {
                        lanes[lane] += f64::from(kind.value(x[lane], t[lane]));
                    }
                }
                let rest = x_rest
                    .iter()
                    .zip(t_rest)
                    .map(|(x, t)| f64::from(kind.value(*x, *t)));
                lanes.iter().sum::<f64>() + rest.sum::<f64>()
            })
        };
        let partial: Vec<f64> = logits
            .par_chunks(CHUNK)
            .zip(target.par_chunks(CHUNK))
            .map(chunk)
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
        let kind = self.kind;
        let gradient = read(logits, |x| {
            read(target, |t| {
                assert_eq!(x.len(), t.len(), "logits and target of two sizes");
                // candle keeps the gradient, so that no buffer of an earlier step could come back for it.
                let mut gradient = Vec::with_capacity(x.len());
                gradient.spare_capacity_mut()[..x.len()]
                    .par_chunks_mut(CHUNK)
                    .zip(x.par_chunks(CHUNK))
                    .zip(t.par_chunks(CHUNK))
                    .for_each(|((g, x), t)| {
                        vectorized!(|| {
                            for ((g, x), t) in g.iter_mut().zip(x).zip(t) {
                                g.write(factor * kind.derivative(*x, *t));
                            }
                        });
                    });
                // SAFETY: the capacity is at least `x.len()`, and the loop has written so many numbers: `x` and `t`, whose chunks
                // it walks along, have that length.
                #[allow(unsafe_code)]
                unsafe {
                    gradient.set_len(x.len());
                }
                Ok(gradient)
            })
        })?;
        Ok((
            Some(Tensor::from_vec(gradient, logits.shape(), logits.device())?),
            None,
        ))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// Small enough for Miri, which looks at the memory that the gradient is written to.
    #[test]
    fn the_gradient_is_that_of_single_numbers() {
        let numbers = |seed: usize| (0..37).map(move |i| ((i * 7 + seed) % 11) as f32 / 11.0);
        let (x, t): (Vec<f32>, Vec<f32>) = (numbers(3).collect(), numbers(5).collect());
        for kind in [Kind::BinaryCrossEntropy, Kind::SigmoidSquaredError] {
            let logits = Var::from_slice(&x, x.len(), &Device::Cpu).unwrap();
            let target = Tensor::from_slice(&t, t.len(), &Device::Cpu).unwrap();
            let loss = ElementLoss { kind, scale: 0.5 };
            let loss = loss.apply(&logits, &target).unwrap();
            let gradients = loss.backward().unwrap();
            let gradient = gradients.get(&logits).unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(gradient.len(), x.len());
            for ((g, x), t) in gradient.iter().zip(&x).zip(&t) {
                assert!((g - 0.5 * kind.derivative(*x, *t)).abs() < 1e-6);
            }
        }
    }
}
