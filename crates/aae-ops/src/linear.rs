//! A fully connected layer, `activation(x·Wᵀ + b)`, with or without batch normalisation.

use candle_core::{Result, Tensor, bail};

use crate::{Activation, BatchNorm, Mode, Param, sequential};

/// A fully connected layer `activation(x·Wᵀ + b)`.
///
/// Its weight is `[out, in]` and its bias `[out]`, as PyTorch lays them out.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Param,
    bias: Param,
    batch_norm: Option<BatchNorm>,
    activation: Activation,
}

impl Linear {
    /// A layer from its parameters. Errors: if `weight` is not `[out, in]` with `out` above 0, or `bias` not `[out]`.
    pub fn new(weight: Param, bias: Param, activation: Activation) -> Result<Self> {
        let (out, _) = weight.tensor().dims2()?;
        if out == 0 {
            bail!("{}: expected at least one row, found none", weight.name())
        }
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
            batch_norm: None,
            activation,
        })
    }

    /// The layer with its product normalised: `activation(gain · (x·Wᵀ - mean) / √(variance + ε) + b)`.
    ///
    /// Errors: if `batch_norm` has not `out` columns.
    pub fn with_batch_norm(self, batch_norm: BatchNorm) -> Result<Self> {
        let gain = batch_norm.gain();
        if gain.len() != self.width() {
            bail!(
                "{}: expected {} numbers for {}, found {}",
                gain.name(),
                self.width(),
                self.weight.name(),
                gain.len()
            )
        }
        Ok(Self {
            batch_norm: Some(batch_norm),
            ..self
        })
    }

    /// The weight and the bias, and the gain of a batch-normalised layer.
    pub fn params(&self) -> Vec<Param> {
        let gain = self.batch_norm.as_ref().map(BatchNorm::gain);
        [&self.weight, &self.bias]
            .into_iter()
            .chain(gain)
            .cloned()
            .collect()
    }

    /// The running mean and variance of a batch-normalised layer; nothing for others.
    ///
    /// They belong to a saved model like parameters, but no optimizer moves them: passes in [`Mode::TrainAndTrack`] do.
    pub fn buffers(&self) -> Vec<Param> {
        self.batch_norm
            .iter()
            .flat_map(|norm| [norm.running_mean(), norm.running_variance()])
            .cloned()
            .collect()
    }

    /// The same layer as a constant function: gradients pass through it to `x`, and none is computed for its weights.
    /// No mode moves its running statistics.
    pub fn frozen(&self) -> Self {
        Self {
            weight: self.weight.frozen(),
            bias: self.bias.frozen(),
            batch_norm: self.batch_norm.as_ref().map(BatchNorm::frozen),
            activation: self.activation,
        }
    }

    /// Applies the layer in [`Mode::Evaluate`]: `x` `[B, in]` -> `[B, out]`.
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

    pub(crate) fn batch_norm(&self) -> Option<&BatchNorm> {
        self.batch_norm.as_ref()
    }

    pub(crate) fn activation(&self) -> Activation {
        self.activation
    }

    /// How many numbers a row of its output has.
    pub(crate) fn width(&self) -> usize {
        self.bias.len()
    }

    /// Whether none of its parameters wants a gradient.
    pub(crate) fn is_frozen(&self) -> bool {
        let gain = self.batch_norm.as_ref().map(BatchNorm::gain);
        [&self.weight, &self.bias]
            .into_iter()
            .chain(gain)
            .all(Param::is_frozen)
    }

    pub(crate) fn plain(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let mut product = x.matmul(&self.weight.tensor().t()?)?;
        if let Some(norm) = &self.batch_norm {
            product = norm.plain(&product, mode)?;
        }
        self.activation
            .plain(&product.broadcast_add(&self.bias.tensor())?)
    }
}
