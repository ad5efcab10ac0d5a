//! A stack of hidden layers, and an output layer after them: what every network here is made of.

use aae_ops::loss::ElementLoss;
use aae_ops::{Activation, Linear, Param, sequential};
use candle_core::{Result, Tensor};

use crate::NetworkConfig;
use crate::init::Init;

/// Hidden layers with an activation after each, then a linear output layer.
#[derive(Clone, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// Layers `<name>.hidden.<i>`, then `<name>.<output>`, from `inputs` numbers to `outputs` numbers.
    ///
    /// Errors: if a layer would have no inputs or no units; if the device refuses.
    pub fn new(
        config: &NetworkConfig,
        name: &str,
        output: &str,
        inputs: usize,
        outputs: usize,
        init: Init<'_>,
    ) -> Result<Self> {
        let mut layers = hidden_layers(&config.hidden, config.activation, name, inputs, init)?;
        let width = config.hidden.last().copied().unwrap_or(inputs);
        layers.push(init.linear(
            &format!("{name}.{output}"),
            width,
            outputs,
            Activation::None,
        )?);
        Ok(Self { layers })
    }

    /// `[B, inputs]` -> `[B, outputs]`. Errors: if `x` is not a matrix of so many columns.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        sequential(&self.layers, x)
    }

    /// `loss` of [`forward`](Self::forward) against `target` `[B, outputs]`.
    pub(crate) fn loss(&self, x: &Tensor, loss: ElementLoss, target: &Tensor) -> Result<Tensor> {
        loss.of_sequential(&self.layers, x, target)
    }

    /// The same network as a constant function of its input.
    pub fn frozen(&self) -> Self {
        Self {
            layers: self.layers.iter().map(Linear::frozen).collect(),
        }
    }

    /// Every parameter, in sorted name order.
    pub fn params(&self) -> Vec<Param> {
        sorted(self.layers.iter().flat_map(Linear::params))
    }
}

/// Layers `<name>.hidden.<i>` of `widths` units each, the first of them on `inputs` numbers.
pub(crate) fn hidden_layers(
    widths: &[usize],
    activation: Activation,
    name: &str,
    inputs: usize,
    init: Init<'_>,
) -> Result<Vec<Linear>> {
    let mut before = inputs;
    let layer = |(i, &units): (usize, &usize)| {
        let inputs = std::mem::replace(&mut before, units);
        init.linear(&format!("{name}.hidden.{i}"), inputs, units, activation)
    };
    widths.iter().enumerate().map(layer).collect()
}

/// Parameters in the order of their names.
pub(crate) fn sorted(params: impl IntoIterator<Item = Param>) -> Vec<Param> {
    let mut params: Vec<_> = params.into_iter().collect();
    params.sort_by(|a, b| a.name().cmp(b.name()));
    params
}
