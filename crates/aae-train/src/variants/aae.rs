//! The adversarial autoencoder (paper §2, tutorial part 2): reconstruction, then a game that shapes the codes like the prior.

use aae_models::{Autoencoder, Pass};
use aae_ops::Param;
use candle_core::Result;

use super::one_code::OneCode;
use super::{StepBatch, StepLosses, Variant};
use crate::config::Config;
use crate::corruption::Corruption;
use crate::draws::Draws;
use crate::phase::Phase;
use crate::reconstruction::Reconstruction;

/// An autoencoder whose codes follow a prior.
#[derive(Debug)]
pub(super) struct Aae {
    seed: u64,
    autoencoder: Autoencoder,
    corruption: Corruption,
    draws: Draws,
    reconstruction: Reconstruction,
    game: OneCode,
}

impl Aae {
    /// Trains `autoencoder` as the configuration says, against a discriminator drawn by the run's seed.
    pub(super) fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        Ok(Self {
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            draws: Draws::new(config, autoencoder.device()),
            reconstruction: Reconstruction::new(config, &autoencoder)?,
            game: OneCode::new(config, &autoencoder, config.model.latent_dim)?,
            autoencoder,
        })
    }
}

impl Variant for Aae {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        let StepBatch { images, step, .. } = batch;
        let seen = self.corruption.apply(images, "input", *step)?;
        let encoder = self.autoencoder.encoder();

        // Reconstruction phase: encoder and decoder.
        let pass = Pass::tracking(self.seed, "reconstruction", *step);
        let latent = encoder.forward(&seen, pass)?;
        let loss = self
            .reconstruction
            .loss(&self.autoencoder, &latent, None, images)?;
        let reconstruction = self.reconstruction.update(&loss)?;

        // Regularization phase: samples of p(z) are real, codes q(z|x) are fake. Encode again: the encoder has just moved.
        let real = self.draws.style(images.dim(0)?, *step)?;
        let pass = Pass::training(self.seed, "regularization", *step);
        let codes = encoder.forward(&seen, pass)?.style;
        let game = self.game.play(&real, &codes, None, *step)?;

        Ok(vec![
            ("reconstruction", reconstruction),
            ("discriminator", game.discriminator),
            ("generator", game.generator),
        ])
    }

    fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)> {
        self.game.discriminators()
    }

    fn phases(&mut self) -> Vec<&mut Phase> {
        let [discriminator, generator] = self.game.phases();
        vec![self.reconstruction.phase(), discriminator, generator]
    }
}
