//! Dimensionality reduction (paper §7): each cluster has a head in the space of the codes, and the decoder sees nothing but
//! `W_C·y + z`: the head of the inferred cluster, and the style around it.

use aae_models::{Autoencoder, Pass, losses};
use aae_ops::Param;
use candle_core::{Result, bail};

use super::two_codes::TwoCodes;
use super::{StepBatch, StepLosses, Variant};
use crate::classification::Classification;
use crate::config::Config;
use crate::corruption::Corruption;
use crate::phase::Phase;
use crate::reconstruction::Reconstruction;

/// An autoencoder of cluster heads and styles around them, helped by known labels if there are any.
#[derive(Debug)]
pub(super) struct DimensionalityReduction {
    seed: u64,
    autoencoder: Autoencoder,
    corruption: Corruption,
    head_distance: f64,
    reconstruction: Reconstruction,
    game: TwoCodes,
    /// Nothing where no label is known: the paper's unsupervised row.
    classification: Option<Classification>,
}

impl DimensionalityReduction {
    /// Trains `autoencoder` as the configuration says, against discriminators drawn by the run's seed.
    pub(super) fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        let classification = match config.data.labelled {
            Some(0) => None,
            _ => Some(Classification::new(config, &autoencoder, Pass::training)?),
        };
        Ok(Self {
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            head_distance: config.regularization.head_distance,
            reconstruction: Reconstruction::new(config, &autoencoder)?,
            game: TwoCodes::new(config, &autoencoder)?,
            classification,
            autoencoder,
        })
    }
}

impl Variant for DimensionalityReduction {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        let StepBatch { images, step, .. } = batch;
        let seen = self.corruption.apply(images, "input", *step)?;

        // Reconstruction phase: encoder, heads and decoder. The penalty keeps the heads apart; the loss is reported without it.
        let Some(heads) = self.autoencoder.decoder().heads() else {
            bail!("expected a decoder with cluster heads")
        };
        let penalty = losses::head_distance(&heads, self.head_distance)?;
        let pass = Pass::tracking(self.seed, "reconstruction", *step);
        let latent = self.autoencoder.encoder().forward(&seen, pass)?;
        let cluster = self.autoencoder.label(&latent, None)?;
        let loss =
            self.reconstruction
                .loss(&self.autoencoder, &latent, cluster.as_ref(), images)?;
        self.reconstruction.update(&(&loss + &penalty)?)?;

        // Regularization phase: cluster and style each against its own discriminator.
        let game = self.game.play(&self.autoencoder, &seen, *step)?;

        let mut step_losses = vec![
            ("reconstruction", loss.detach()),
            ("head_distance", penalty.detach()),
            ("style_discriminator", game.style_discriminator),
            ("label_discriminator", game.label_discriminator),
            ("generator", game.generator),
        ];

        // Semi-supervised classification phase, if there is a label to learn from.
        if let Some(phase) = &mut self.classification {
            let loss = phase.update(&self.autoencoder, batch.labelled()?, *step)?;
            step_losses.push(("classification", loss));
        }
        Ok(step_losses)
    }

    fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)> {
        self.game.discriminators()
    }

    fn phases(&mut self) -> Vec<&mut Phase> {
        let [style, label, generator] = self.game.phases();
        let mut phases = vec![self.reconstruction.phase(), style, label, generator];
        phases.extend(self.classification.as_mut().map(Classification::phase));
        phases
    }
}
