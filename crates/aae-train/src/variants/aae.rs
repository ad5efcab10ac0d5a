//! The adversarial autoencoder (paper §2, tutorial part 2): reconstruction, then a game that shapes the codes like the prior.

use aae_models::{Autoencoder, Pass};
use aae_ops::Param;
use candle_core::Result;

use super::{StepBatch, StepLosses, Variant};
use crate::config::Config;
use crate::corruption::Corruption;
use crate::draws::Draws;
use crate::phase::Phase;
use crate::reconstruction::Reconstruction;
use crate::regularizer::Regularizer;

/// An autoencoder whose codes follow a prior.
#[derive(Debug)]
pub struct Aae {
    seed: u64,
    autoencoder: Autoencoder,
    corruption: Corruption,
    draws: Draws,
    reconstruction: Reconstruction,
    regularizer: Regularizer,
    generator: Phase,
}

impl Aae {
    /// Trains `autoencoder` as the configuration says, against a discriminator drawn by the run's seed.
    pub fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        let (inputs, device) = (config.model.latent_dim, autoencoder.device());
        Ok(Self {
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            draws: Draws::new(config, device),
            reconstruction: Reconstruction::new(config, &autoencoder)?,
            regularizer: Regularizer::new(config, "discriminator", inputs, device)?,
            generator: Phase::new(
                "generator",
                autoencoder.encoder().params(),
                &config.optimizer.generator,
            )?,
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
        let logits = self.autoencoder.decode(&latent.style, None)?;
        let reconstruction = self.reconstruction.update(&logits, images)?;

        // Regularization phase: samples of p(z) are real, codes q(z|x) are fake. Encode again: the encoder has just
        // moved. It does not move between discriminator and generator, so these codes serve both.
        let real = self.draws.style(images.dim(0)?, *step)?;
        let pass = Pass::training(self.seed, "regularization", *step);
        let codes = encoder.forward(&seen, pass)?.style;
        let discriminator = self
            .regularizer
            .update_discriminator(&real, &codes, *step)?;
        let generator = self.regularizer.generator_loss(&codes, *step)?;
        self.generator.update(&generator)?;

        Ok(vec![
            ("reconstruction", reconstruction),
            ("discriminator", discriminator),
            ("generator", generator.detach()),
        ])
    }

    fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)> {
        vec![("discriminator", self.regularizer.discriminator().params())]
    }

    fn phases(&self) -> Vec<&Phase> {
        vec![
            self.reconstruction.phase(),
            self.regularizer.phase(),
            &self.generator,
        ]
    }

    fn phases_mut(&mut self) -> Vec<&mut Phase> {
        vec![
            self.reconstruction.phase_mut(),
            self.regularizer.phase_mut(),
            &mut self.generator,
        ]
    }
}
