//! The decoder p(x|z): codes to images.

use aae_ops::Param;
use candle_core::{Result, Tensor};

use crate::init::Init;
use crate::mlp::Mlp;
use crate::{ImageShape, ModelConfig};

/// The decoder: logits of pixels from a code.
#[derive(Clone, Debug)]
pub struct Decoder {
    mlp: Mlp,
}

impl Decoder {
    /// Parameters `decoder.hidden.<i>.*` and `decoder.output.*`.
    pub fn new(config: &ModelConfig, image: ImageShape, init: Init<'_>) -> Result<Self> {
        let mlp = Mlp::new(
            &config.decoder,
            "decoder",
            "output",
            config.latent_dim,
            image.pixels(),
            init,
        )?;
        Ok(Self { mlp })
    }

    /// Codes `[B, latent_dim]` -> logits `[B, pixels]`; their sigmoid is the image.
    pub fn forward(&self, style: &Tensor) -> Result<Tensor> {
        self.mlp.forward(style)
    }

    /// Every parameter, in sorted name order.
    pub fn params(&self) -> Vec<Param> {
        self.mlp.params()
    }
}
