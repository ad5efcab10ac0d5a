//! A fully connected layer, `activation(x·Wᵀ + b)`, and a stack of them.

use candle_core::{Result, Tensor, bail};

use crate::chain::Chain;
use crate::path::is_fused;
use crate::{Activation, Param};

/// A fully connected layer `activation(x·Wᵀ + b)`.
///
/// Its weight is `[out, in]` and its bias `[out]`, as PyTorch lays them out.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Param,
    bias: Param,
    activation: Activation,
}

impl Linear {
    /// A layer from its parameters. Errors: if `weight` is not `[out, in]` or `bias` not `[out]`.
    pub fn new(weight: Param, bias: Param, activation: Activation) -> Result<Self> {
        let (out, _) = weight.tensor().dims2()?;
        let found = bias.tensor().dims1()?;
        if found != out {
            bail!(
                "{}: expected a bias of {out} numbers for {}, found {found}",
                bias.name(),
                weight.name()
            )
        }
        Ok(Self {
            weight,
            bias,
            activation,
        })
    }

    /// The weight and the bias.
    pub fn params(&self) -> Vec<Param> {
        vec![self.weight.clone(), self.bias.clone()]
    }

    /// The same layer as a constant function: gradients pass through it to `x`, and none is computed for its weights.
    pub fn frozen(&self) -> Self {
        Self {
            weight: self.weight.frozen(),
            bias: self.bias.frozen(),
            activation: self.activation,
        }
    }

    /// Applies the layer: `x` `[B, in]` -> `[B, out]`.
    ///
    /// Errors: if `x` is not a matrix with `in` columns, or lies on another device.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        sequential(std::slice::from_ref(self), x)
    }

    pub(crate) fn weight(&self) -> &Param {
        &self.weight
    }

    pub(crate) fn bias(&self) -> &Param {
        &self.bias
    }

    pub(crate) fn activation(&self) -> Activation {
        self.activation
    }

    fn plain(&self, x: &Tensor) -> Result<Tensor> {
        let product = x.matmul(&self.weight.tensor().t()?)?;
        self.activation
            .plain(&product.broadcast_add(&self.bias.tensor())?)
    }
}

/// Applies `layers` one after another: `x` `[B, in of the first]` -> `[B, out of the last]`.
///
/// The fused path is one operation for the whole stack, so that candle neither sees nor adds up what flows between the
/// layers.
/// Errors: if there is no layer, if `x` or a layer's output does not fit the next layer's weight, or if `x` lies on
/// another device.
pub fn sequential(layers: &[Linear], x: &Tensor) -> Result<Tensor> {
    let Some(first) = layers.first() else {
        bail!("expected at least one layer, found none")
    };
    let mut width = x.dims2()?.1;
    for layer in layers {
        let (outputs, inputs) = layer.weight.tensor().dims2()?;
        if width != inputs {
            bail!(
                "{}: expected rows of {inputs} numbers, found {width}",
                layer.weight.name()
            )
        }
        width = outputs;
    }
    if is_fused(x) {
        // The first weight is an argument so that candle records the operation when x is constant.
        return x
            .contiguous()?
            .apply_op2(&first.weight.tensor(), Chain::new(layers.to_vec()));
    }
    layers
        .iter()
        .try_fold(x.clone(), |x, layer| layer.plain(&x))
}
