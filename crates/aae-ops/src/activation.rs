//! Activation functions: applied in place after a product, and their derivative from the output alone.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use crate::math;

/// What a layer applies to `x·Wᵀ + b`.
///
/// Every one's derivative can be computed from its output, so that a layer keeps nothing but that for its backward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// The identity.
    #[default]
    None,
    /// `max(x, 0)`; its derivative at 0 is 0, as in PyTorch.
    Relu,
    /// `x` above 0, `0.2 x` below (the slope of Radford et al. 2015, arXiv:1511.06434).
    LeakyRelu,
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function.
    Sigmoid,
}

const LEAKY_SLOPE: f32 = 0.2;

impl Activation {
    /// Adds `bias` to a row and applies the activation, in place.
    #[inline(always)]
    pub(crate) fn apply_row(self, row: &mut [f32], bias: &[f32]) {
        macro_rules! each {
            ($f:expr) => {
                for (y, b) in row.iter_mut().zip(bias) {
                    *y = $f(*y + *b);
                }
            };
        }
        match self {
            Self::None => each!(|x: f32| x),
            Self::Relu => each!(relu),
            Self::LeakyRelu => each!(leaky_relu),
            Self::Tanh => each!(math::tanh),
            Self::Sigmoid => each!(math::sigmoid),
        }
    }

    /// Multiplies gradients of outputs by the derivative at each output `y`, in place.
    #[inline(always)]
    pub(crate) fn times_derivative(self, gradient: &mut [f32], y: &[f32]) {
        macro_rules! each {
            ($f:expr) => {
                for (gradient, y) in gradient.iter_mut().zip(y) {
                    *gradient = $f(*gradient, *y);
                }
            };
        }
        match self {
            Self::None => {}
            Self::Relu => each!(|dy: f32, y: f32| if y > 0.0 { dy } else { 0.0 }),
            Self::LeakyRelu => each!(|dy: f32, y: f32| if y > 0.0 { dy } else { LEAKY_SLOPE * dy }),
            Self::Tanh => each!(|dy: f32, y: f32| dy * (1.0 - y * y)),
            Self::Sigmoid => each!(|dy: f32, y: f32| dy * y * (1.0 - y)),
        }
    }

    /// The activation composed of plain candle operations.
    pub(crate) fn plain(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::None => Ok(x.clone()),
            // By the negative part, for candle's ReLU has the derivative 1 at 0, and hides a NaN: so the derivative there is 0, or the
            // slope, and a NaN stays one, as in the fused path.
            Self::Relu => x + x.neg()?.relu()?,
            Self::LeakyRelu => {
                let below = x.neg()?.relu()?;
                (x + &below)? - (below * f64::from(LEAKY_SLOPE))?
            }
            Self::Tanh => x.tanh(),
            Self::Sigmoid => ((x * 0.5)?.tanh()? * 0.5)? + 0.5,
        }
    }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    // Written so that a NaN passes through, which `f32::max` would hide.
    if x < 0.0 { 0.0 } else { x }
}

#[inline(always)]
fn leaky_relu(x: f32) -> f32 {
    if x > 0.0 { x } else { LEAKY_SLOPE * x }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;
    use crate::{Linear, Param};

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn both_paths_have_the_same_kink_and_hide_no_nan() {
        for (activation, at_zero) in [(Activation::Relu, 0f32), (Activation::LeakyRelu, 0.2)] {
            let x = Var::new(&[[-2f32], [0.0], [3.0], [f32::NAN]], &Device::Cpu).unwrap();
            // The fused path is that of a layer, here one that leaves its input as it is.
            let one = Tensor::ones((1, 1), DType::F32, &Device::Cpu).unwrap();
            let zero = Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
            let [weight, bias] = [("w", one), ("b", zero)].map(|(n, x)| Param::new(n, &x).unwrap());
            let layer = Linear::new(weight, bias, activation).unwrap();
            for y in [activation.plain(&x).unwrap(), layer.forward(&x).unwrap()] {
                let output = numbers(&y);
                assert_eq!(output[..3], [-2.0 * at_zero, 0.0, 3.0]);
                assert!(output[3].is_nan());
                let gradients = y.sum_all().unwrap().backward().unwrap();
                let gradient = numbers(gradients.get(&x).unwrap());
                let expected = [at_zero, at_zero, 1.0];
                let far = |(g, expected): (&f32, f32)| (g - expected).abs() > 1e-6;
                assert!(!gradient.iter().zip(expected).any(far), "{gradient:?}");
            }
        }
    }
}
