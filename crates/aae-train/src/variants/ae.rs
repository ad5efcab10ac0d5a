//! The autoencoder: the reconstruction phase alone (tutorial part 1). Its codes lie wherever reconstruction puts them.

use aae_models::{Autoencoder, Pass};
use aae_ops::Param;
use candle_core::Result;

use super::{StepBatch, StepLosses, Variant};
use crate::config::Config;
use crate::corruption::Corruption;
use crate::phase::Phase;
use crate::reconstruction::Reconstruction;

/// A plain autoencoder; with a corruption, a denoising one.
#[derive(Debug)]
pub(super) struct Ae {
    seed: u64,
    autoencoder: Autoencoder,
    corruption: Corruption,
    reconstruction: Reconstruction,
}

impl Ae {
    /// Trains `autoencoder` as the configuration says.
    pub(super) fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        Ok(Self {
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            reconstruction: Reconstruction::new(config, &autoencoder)?,
            autoencoder,
        })
    }
}

impl Variant for Ae {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        let StepBatch { images, step, .. } = batch;
        let seen = self.corruption.apply(images, "input", *step)?;

        // Reconstruction phase: encoder and decoder.
        let pass = Pass::tracking(self.seed, "reconstruction", *step);
        let latent = self.autoencoder.encoder().forward(&seen, pass)?;
        let loss = self
            .reconstruction
            .loss(&self.autoencoder, &latent, None, images)?;
        let reconstruction = self.reconstruction.update(&loss)?;

        Ok(vec![("reconstruction", reconstruction)])
    }

    fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)> {
        Vec::new()
    }

    fn phases(&mut self) -> Vec<&mut Phase> {
        vec![self.reconstruction.phase()]
    }
}
