//! The discriminator: was this code drawn from the prior, or made by the encoder?

use aae_ops::Param;
use candle_core::{Result, Tensor};

use crate::NetworkConfig;
use crate::init::Init;
use crate::mlp::Mlp;

/// A network from codes to one logit: positive for "drawn from the prior".
#[derive(Clone, Debug)]
pub struct Discriminator {
    mlp: Mlp,
}

impl Discriminator {
    /// Parameters `<name>.hidden.<i>.*` and `<name>.output.*`, on codes of `inputs` numbers.
    ///
    /// Errors: if a layer would have no inputs or no units; if the device refuses.
    pub fn new(config: &NetworkConfig, name: &str, inputs: usize, init: Init<'_>) -> Result<Self> {
        let mlp = Mlp::new(config, name, "output", inputs, 1, init)?;
        Ok(Self { mlp })
    }

    /// Codes `[B, inputs]` -> logits `[B, 1]`. Errors: if `codes` is not a matrix of so many columns.
    pub fn forward(&self, codes: &Tensor) -> Result<Tensor> {
        self.mlp.forward(codes)
    }

    /// The same network as a constant function: what the generator phase is judged by.
    pub fn frozen(&self) -> Self {
        Self {
            mlp: self.mlp.frozen(),
        }
    }

    /// Every parameter, in sorted name order.
    pub fn params(&self) -> Vec<Param> {
        self.mlp.params()
    }
}
