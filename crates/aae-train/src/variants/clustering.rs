//! Unsupervised clustering (paper §6): the semi-supervised autoencoder without a single label. The label becomes a cluster.

use aae_models::{Autoencoder, Pass};
use aae_ops::Param;
use candle_core::Result;

use super::two_codes::TwoCodes;
use super::{StepBatch, StepLosses, Variant};
use crate::config::Config;
use crate::corruption::Corruption;
use crate::phase::Phase;
use crate::reconstruction::Reconstruction;

/// An autoencoder with a cluster that follows Cat(K) and a style that follows p(z).
#[derive(Debug)]
pub(super) struct Clustering {
    seed: u64,
    autoencoder: Autoencoder,
    corruption: Corruption,
    reconstruction: Reconstruction,
    game: TwoCodes,
}

impl Clustering {
    /// Trains `autoencoder` as the configuration says, against discriminators drawn by the run's seed.
    pub(super) fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        Ok(Self {
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            reconstruction: Reconstruction::new(config, &autoencoder)?,
            game: TwoCodes::new(config, &autoencoder)?,
            autoencoder,
        })
    }
}

impl Variant for Clustering {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        let StepBatch { images, step, .. } = batch;
        let seen = self.corruption.apply(images, "input", *step)?;

        // Reconstruction phase: the decoder gets the probabilities of the cluster beside the style.
        let pass = Pass::tracking(self.seed, "reconstruction", *step);
        let latent = self.autoencoder.encoder().forward(&seen, pass)?;
        let cluster = self.autoencoder.label(&latent, None)?;
        let loss =
            self.reconstruction
                .loss(&self.autoencoder, &latent, cluster.as_ref(), images)?;
        let reconstruction = self.reconstruction.update(&loss)?;

        // Regularization phase: cluster and style each against its own discriminator.
        let game = self.game.play(&self.autoencoder, &seen, *step)?;

        Ok(vec![
            ("reconstruction", reconstruction),
            ("style_discriminator", game.style_discriminator),
            ("label_discriminator", game.label_discriminator),
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
        let [style, label, generator] = self.game.phases();
        vec![self.reconstruction.phase(), style, label, generator]
    }
}
