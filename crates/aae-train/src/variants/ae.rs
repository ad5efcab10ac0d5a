//! The autoencoder: the reconstruction phase alone (tutorial part 1). Its codes lie wherever reconstruction puts them.

use aae_models::{Autoencoder, ImageShape, ReconstructionLoss, losses};
use aae_ops::Param;
use candle_core::{Device, Result};

use super::{StepBatch, StepLosses, Variant};
use crate::config::Config;
use crate::phase::Phase;

/// A plain autoencoder.
#[derive(Debug)]
pub struct Ae {
    autoencoder: Autoencoder,
    reconstruction_loss: ReconstructionLoss,
    reconstruction: Phase,
}

impl Ae {
    /// A new autoencoder, drawn by the run's seed.
    pub fn new(config: &Config, image: ImageShape, device: &Device) -> Result<Self> {
        let autoencoder = Autoencoder::new(&config.model, image, config.seed, device)?;
        Ok(Self {
            reconstruction: Phase::new(
                "reconstruction",
                autoencoder.params(),
                &config.optimizer.reconstruction,
            )?,
            reconstruction_loss: config.loss.reconstruction,
            autoencoder,
        })
    }
}

impl Variant for Ae {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        // Reconstruction phase: encoder and decoder.
        let latent = self.autoencoder.encode(&batch.images)?;
        let logits = self.autoencoder.decode(&latent.style)?;
        let reconstruction =
            losses::reconstruction(self.reconstruction_loss, &logits, &batch.images)?;
        self.reconstruction.update(&reconstruction)?;

        Ok(vec![("reconstruction", reconstruction.detach())])
    }

    fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    fn networks(&self) -> Vec<(&'static str, Vec<Param>)> {
        vec![
            ("encoder", self.autoencoder.encoder().params()),
            ("decoder", self.autoencoder.decoder().params()),
        ]
    }

    fn phases(&self) -> Vec<&Phase> {
        vec![&self.reconstruction]
    }

    fn phases_mut(&mut self) -> Vec<&mut Phase> {
        vec![&mut self.reconstruction]
    }
}
