//! The adversarial autoencoder (paper §2, tutorial part 2): reconstruction, then a game that shapes the codes like the prior.

use aae_models::{Autoencoder, ImageShape, ReconstructionLoss, losses};
use aae_ops::Param;
use candle_core::{Device, Result};

use super::{StepBatch, StepLosses, Variant};
use crate::config::Config;
use crate::phase::Phase;
use crate::regularizer::Regularizer;

/// An autoencoder whose codes follow a prior.
#[derive(Debug)]
pub struct Aae {
    autoencoder: Autoencoder,
    reconstruction_loss: ReconstructionLoss,
    reconstruction: Phase,
    regularizer: Regularizer,
}

impl Aae {
    /// New networks, drawn by the run's seed.
    pub fn new(config: &Config, image: ImageShape, device: &Device) -> Result<Self> {
        let autoencoder = Autoencoder::new(&config.model, image, config.seed, device)?;
        Ok(Self {
            reconstruction: Phase::new(
                "reconstruction",
                autoencoder.params(),
                &config.optimizer.reconstruction,
            )?,
            regularizer: Regularizer::new(config, autoencoder.encoder().params(), device)?,
            reconstruction_loss: config.loss.reconstruction,
            autoencoder,
        })
    }
}

impl Variant for Aae {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        let StepBatch { images, step } = batch;

        // Reconstruction phase: encoder and decoder.
        let latent = self.autoencoder.encode(images)?;
        let logits = self.autoencoder.decode(&latent.style)?;
        let reconstruction = losses::reconstruction(self.reconstruction_loss, &logits, images)?;
        self.reconstruction.update(&reconstruction)?;

        // Regularization phase: samples of p(z) are real, codes q(z|x) are fake. Encode again: the encoder has just
        // moved. It does not move between discriminator and generator, so these codes serve both.
        let real = self.regularizer.sample_prior(images.dim(0)?, *step)?;
        let codes = self.autoencoder.encode(images)?.style;
        let discriminator = self
            .regularizer
            .update_discriminator(&real, &codes, *step)?;
        let generator = self.regularizer.update_generator(&codes, *step)?;

        Ok(vec![
            ("reconstruction", reconstruction.detach()),
            ("discriminator", discriminator),
            ("generator", generator),
        ])
    }

    fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    fn networks(&self) -> Vec<(&'static str, Vec<Param>)> {
        vec![
            ("encoder", self.autoencoder.encoder().params()),
            ("decoder", self.autoencoder.decoder().params()),
            ("discriminator", self.regularizer.discriminator().params()),
        ]
    }

    fn phases(&self) -> Vec<&Phase> {
        let [discriminator, generator] = self.regularizer.phases();
        vec![&self.reconstruction, discriminator, generator]
    }

    fn phases_mut(&mut self) -> Vec<&mut Phase> {
        let [discriminator, generator] = self.regularizer.phases_mut();
        vec![&mut self.reconstruction, discriminator, generator]
    }
}
