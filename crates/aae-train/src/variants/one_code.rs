//! The regularization phase of an encoder with one code (paper §2): a discriminator, and the encoder against it.

use aae_models::Autoencoder;
use aae_ops::Param;
use candle_core::{Result, Tensor};

use crate::config::Config;
use crate::phase::Phase;
use crate::regularizer::Regularizer;

/// One discriminator, and the generator phase against it.
#[derive(Debug)]
pub(super) struct OneCode {
    regularizer: Regularizer,
    generator: Phase,
}

/// The losses of the phase.
pub(super) struct GameLosses {
    pub(super) discriminator: Tensor,
    pub(super) generator: Tensor,
}

impl OneCode {
    /// `inputs`: how many numbers the discriminator sees of each sample, a condition's included.
    pub(super) fn new(config: &Config, autoencoder: &Autoencoder, inputs: usize) -> Result<Self> {
        let device = autoencoder.device();
        Ok(Self {
            regularizer: Regularizer::new(config, "discriminator", inputs, device)?,
            generator: Phase::new(
                "generator",
                autoencoder.encoder().params(),
                &config.optimizer.generator,
            )?,
        })
    }

    /// One round: `real` and `codes` `[B, latent_dim]`, each judged beside the same `condition`, if there is one. The encoder does
    /// not move between discriminator and generator, so the same codes serve both.
    pub(super) fn play(
        &mut self,
        real: &Tensor,
        codes: &Tensor,
        condition: Option<&Tensor>,
        step: u64,
    ) -> Result<GameLosses> {
        let regularizer = &mut self.regularizer;
        let discriminator = regularizer.update_discriminator(real, codes, condition, step)?;
        let loss = regularizer.generator_loss(codes, condition, step)?;
        let generator = self.generator.update(&loss)?;
        Ok(GameLosses {
            discriminator,
            generator,
        })
    }

    pub(super) fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)> {
        vec![("discriminator", self.regularizer.discriminator().params())]
    }

    pub(super) fn phases(&mut self) -> [&mut Phase; 2] {
        [self.regularizer.phase(), &mut self.generator]
    }
}
