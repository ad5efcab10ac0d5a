//! The encoder q(z|x): images to codes.

use aae_ops::Param;
use candle_core::{Result, Tensor};

use crate::init::Init;
use crate::mlp::Mlp;
use crate::{ImageShape, ModelConfig};

/// What the encoder makes of a batch of images.
#[derive(Clone, Debug)]
pub struct Latent {
    /// The code `z`, `[B, latent_dim]`.
    pub style: Tensor,
}

/// The deterministic encoder: z = f(x).
#[derive(Clone, Debug)]
pub struct Encoder {
    mlp: Mlp,
}

impl Encoder {
    /// Parameters `encoder.hidden.<i>.*` and `encoder.style.*`.
    pub fn new(config: &ModelConfig, image: ImageShape, init: Init<'_>) -> Result<Self> {
        let mlp = Mlp::new(
            &config.encoder,
            "encoder",
            "style",
            image.pixels(),
            config.latent_dim,
            init,
        )?;
        Ok(Self { mlp })
    }

    /// Images `[B, pixels]` in `[0, 1]` -> codes.
    pub fn forward(&self, images: &Tensor) -> Result<Latent> {
        Ok(Latent {
            style: self.mlp.forward(images)?,
        })
    }

    /// Every parameter, in sorted name order.
    pub fn params(&self) -> Vec<Param> {
        self.mlp.params()
    }
}
