//! The discriminator: was this code drawn from the prior, or made by the encoder?

use aae_ops::Param;
use candle_core::{Result, Tensor};

use crate::ModelConfig;
use crate::init::Init;
use crate::mlp::Mlp;

/// A network from codes to one logit: positive for "drawn from the prior".
#[derive(Clone, Debug)]
pub struct Discriminator {
    mlp: Mlp,
}

impl Discriminator {
    /// Parameters `discriminator.hidden.<i>.*` and `discriminator.output.*`.
    pub fn new(config: &ModelConfig, init: Init<'_>) -> Result<Self> {
        let mlp = Mlp::new(
            &config.discriminator,
            "discriminator",
            "output",
            config.latent_dim,
            1,
            init,
        )?;
        Ok(Self { mlp })
    }

    /// Codes `[B, latent_dim]` -> logits `[B, 1]`.
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
