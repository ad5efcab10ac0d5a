//! The semi-supervised adversarial autoencoder (paper §5, tutorial parts 3 and 4): the encoder infers label and style, and a
//! few known labels say which label is which.

use aae_models::{Autoencoder, Pass};
use aae_ops::Param;
use candle_core::Result;

use super::two_codes::TwoCodes;
use super::{StepBatch, StepLosses, Variant};
use crate::classification::Classification;
use crate::config::Config;
use crate::corruption::Corruption;
use crate::phase::Phase;
use crate::reconstruction::Reconstruction;

/// An autoencoder with a label that follows Cat(K) and a style that follows p(z), helped by known labels.
#[derive(Debug)]
pub(super) struct SemiSupervised {
    seed: u64,
    autoencoder: Autoencoder,
    corruption: Corruption,
    reconstruction: Reconstruction,
    game: TwoCodes,
    classification: Classification,
}

impl SemiSupervised {
    /// Trains `autoencoder` as the configuration says, against discriminators drawn by the run's seed.
    pub(super) fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        Ok(Self {
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            reconstruction: Reconstruction::new(config, &autoencoder)?,
            game: TwoCodes::new(config, &autoencoder)?,
            classification: Classification::new(config, &autoencoder, Pass::training)?,
            autoencoder,
        })
    }
}

impl Variant for SemiSupervised {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        let StepBatch { images, step, .. } = batch;
        let seen = self.corruption.apply(images, "input", *step)?;

        // Reconstruction phase: the decoder gets the probabilities of the label beside the style.
        let pass = Pass::tracking(self.seed, "reconstruction", *step);
        let latent = self.autoencoder.encoder().forward(&seen, pass)?;
        let label = self.autoencoder.label(&latent, None)?;
        let loss = self
            .reconstruction
            .loss(&self.autoencoder, &latent, label.as_ref(), images)?;
        let reconstruction = self.reconstruction.update(&loss)?;

        // Regularization phase: label and style each against its own discriminator.
        let game = self.game.play(&self.autoencoder, &seen, *step)?;

        // Semi-supervised classification phase: the known labels alone.
        let classification =
            self.classification
                .update(&self.autoencoder, batch.labelled()?, *step)?;

        Ok(vec![
            ("reconstruction", reconstruction),
            ("style_discriminator", game.style_discriminator),
            ("label_discriminator", game.label_discriminator),
            ("generator", game.generator),
            ("classification", classification),
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
        vec![
            self.reconstruction.phase(),
            style,
            label,
            generator,
            self.classification.phase(),
        ]
    }
}
