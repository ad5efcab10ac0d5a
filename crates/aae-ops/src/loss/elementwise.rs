//! Losses that are a sum over elements: binary cross-entropy from logits, and squared error through a sigmoid.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::Linear;
use crate::branched::sequential_loss;
use crate::buffer::Buffer;
use crate::math;
use crate::path::is_fused;
use crate::slices::{CHUNK, contiguous, read};
use crate::vectorized;

/// `scale · Σ [max(x, 0) - x·t + ln(1 + e^-|x|)]`, the binary cross-entropy of `sigmoid(logits)` against `target`, in nats.
///
/// Shapes: `logits` and `target` alike -> scalar. `target` is in `[0, 1]` and constant: no gradient is computed for it.
/// The form is stable for logits of any size.
/// Errors: if the shapes differ.
pub fn bce_with_logits(logits: &Tensor, target: &Tensor, scale: f64) -> Result<Tensor> {
    ElementLoss::bce_with_logits(scale).of(logits, target)
}

/// A loss that is `scale` times a sum over elements.
#[derive(Clone, Copy, Debug)]
pub struct ElementLoss {
    kind: Kind,
    scale: f64,
}

#[derive(Clone, Copy, Debug)]
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
    /// Binary cross-entropy, as [`bce_with_logits`] computes it.
    pub fn bce_with_logits(scale: f64) -> Self {
        Self {
            kind: Kind::BinaryCrossEntropy,
            scale,
        }
    }

    /// `scale · Σ (sigmoid(x) - t)²`, the squared error of `sigmoid(logits)` against the target.
    pub fn sigmoid_squared_error(scale: f64) -> Self {
        Self {
            kind: Kind::SigmoidSquaredError,
            scale,
        }
    }

    /// The loss of what [`sequential`](crate::sequential) makes of `x`, the gradients included, bit for bit: faster, because candle need not
    /// keep the output and add up its gradient.
    ///
    /// Shapes: `x` `[B, in of the first]`, `target` `[B, out of the last]` -> scalar. No gradient is computed for `target`.
    /// Errors: those of [`sequential`](crate::sequential), and if the target's shape is not the output's.
    pub fn of_sequential(self, layers: &[Linear], x: &Tensor, target: &Tensor) -> Result<Tensor> {
        sequential_loss(layers, x, self, target)
    }

    /// The loss of `logits` against `target`. Shapes and errors: those of [`bce_with_logits`].
    pub fn of(self, logits: &Tensor, target: &Tensor) -> Result<Tensor> {
        if logits.shape() != target.shape() {
            bail!(
                "expected logits and target of one shape, found {:?} and {:?}",
                logits.shape(),
                target.shape()
            )
        }
        let target = target.detach();
        if is_fused(logits) {
            let (logits, target) = (logits.contiguous()?, target.contiguous()?);
            return logits.apply_op2(&target, Operation(self));
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

    /// The loss; `logits` and `target` are alike.
    pub(super) fn value(self, logits: &[f32], target: &[f32]) -> f32 {
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
        (self.scale * partial.iter().sum::<f64>()) as f32
    }

    /// The gradient of `upstream` times the loss for the logits.
    pub(super) fn gradient(self, logits: &[f32], target: &[f32], upstream: f32) -> Buffer {
        assert_eq!(logits.len(), target.len(), "logits and target of two sizes");
        let n = logits.len();
        let factor = (self.scale * f64::from(upstream)) as f32;
        let kind = self.kind;
        let mut gradient = Buffer::room(n);
        gradient.spare_capacity_mut()[..n]
            .par_chunks_mut(CHUNK)
            .zip(logits.par_chunks(CHUNK))
            .zip(target.par_chunks(CHUNK))
            .for_each(|((g, x), t)| {
                vectorized!(|| {
                    for ((g, x), t) in g.iter_mut().zip(x).zip(t) {
                        g.write(factor * kind.derivative(*x, *t));
                    }
                });
            });
        // SAFETY: there is room for so many, and the loop has written them all: `logits` and `target`, whose chunks it walks along, are as
        // long.
        #[allow(unsafe_code)]
        unsafe {
            gradient.set_len(n);
        }
        gradient.into()
    }
}

/// The loss of two tensors whose shapes have been compared: it does not do so itself.
struct Operation(ElementLoss);

impl CustomOp2 for Operation {
    fn name(&self) -> &'static str {
        match self.0.kind {
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
        let loss = self.0.value(logits, target);
        Ok((CpuStorage::F32(vec![loss]), Shape::from(())))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        target: &Tensor,
        _loss: &Tensor,
        upstream: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let upstream = upstream.to_scalar::<f32>()?;
        let gradient = read(logits, |logits| {
            read(target, |target| {
                Ok(self.0.gradient(logits, target, upstream))
            })
        })?;
        let gradient = gradient.into_vec();
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
            let loss = loss.of(&logits, &target).unwrap();
            let gradients = loss.backward().unwrap();
            let gradient = gradients.get(&logits).unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(gradient.len(), x.len());
            for ((g, x), t) in gradient.iter().zip(&x).zip(&t) {
                assert!((g - 0.5 * kind.derivative(*x, *t)).abs() < 1e-6);
            }
        }
    }
}
