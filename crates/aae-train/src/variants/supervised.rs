//! The supervised adversarial autoencoder (paper §4, tutorial part 3): the decoder is given the label, so the code keeps the style.
//!
//! With `regularization.label_in_discriminator` the discriminator is given it, too. Without, the codes of all classes together
//! follow the prior, but each class may keep a region of its own: then the code still tells the digit, and the decoder
//! heeds the code instead of the label.

use aae_models::{Autoencoder, Pass, one_hot};
use aae_ops::Param;
use candle_core::{Result, Tensor, bail};

use super::one_code::OneCode;
use super::{StepBatch, StepLosses, Variant};
use crate::config::Config;
use crate::corruption::Corruption;
use crate::draws::Draws;
use crate::phase::Phase;
use crate::reconstruction::Reconstruction;

/// An autoencoder whose codes follow a prior, and whose decoder knows the label.
#[derive(Debug)]
pub(super) struct Supervised {
    seed: u64,
    autoencoder: Autoencoder,
    corruption: Corruption,
    draws: Draws,
    reconstruction: Reconstruction,
    game: OneCode,
    label_in_discriminator: bool,
}

impl Supervised {
    /// Trains `autoencoder` as the configuration says, against a discriminator drawn by the run's seed.
    pub(super) fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        let label_in_discriminator = config.regularization.label_in_discriminator;
        let label_inputs = if label_in_discriminator {
            config.model.categories
        } else {
            0
        };
        let inputs = config.model.latent_dim + label_inputs;
        Ok(Self {
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            draws: Draws::new(config, autoencoder.device()),
            reconstruction: Reconstruction::new(config, &autoencoder)?,
            game: OneCode::new(config, &autoencoder, inputs)?,
            autoencoder,
            label_in_discriminator,
        })
    }

    /// The labels of a batch as one-hot rows. Errors: if one is not known.
    fn labels(&self, batch: &StepBatch) -> Result<Tensor> {
        let known: Option<Vec<u8>> = batch.labels.iter().copied().collect();
        match known {
            Some(labels) => one_hot(
                &labels,
                self.autoencoder.categories(),
                self.autoencoder.device(),
            ),
            None => bail!("expected the label of every image"),
        }
    }
}

impl Variant for Supervised {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        let StepBatch { images, step, .. } = batch;
        let seen = self.corruption.apply(images, "input", *step)?;
        let encoder = self.autoencoder.encoder();

        // Reconstruction phase: the decoder is told the digit, and the code has room for everything else.
        let label = self.labels(batch)?;
        let pass = Pass::tracking(self.seed, "reconstruction", *step);
        let latent = encoder.forward(&seen, pass)?;
        let loss = self
            .reconstruction
            .loss(&self.autoencoder, &latent, Some(&label), images)?;
        let reconstruction = self.reconstruction.update(&loss)?;

        // Regularization phase: draws and codes may come with the label, the same for both.
        let real = self.draws.style(images.dim(0)?, *step)?;
        let pass = Pass::training(self.seed, "regularization", *step);
        let codes = encoder.forward(&seen, pass)?.style;
        let condition = self.label_in_discriminator.then_some(&label);
        let game = self.game.play(&real, &codes, condition, *step)?;

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

#[cfg(test)]
mod tests {
    use aae_models::ImageShape;
    use candle_core::Device;

    use super::*;
    use crate::config::Override;
    use crate::variants::build;

    #[test]
    fn the_discriminator_sees_the_label_where_it_is_asked_to() {
        for asked in [false, true] {
            let change = format!("regularization.label_in_discriminator={asked}");
            let config = Config::resolve("supervised", None, &[Override::set(&change)]).unwrap();
            let (height, width) = (2, 3);
            let variant = build(&config, ImageShape { height, width }, &Device::Cpu).unwrap();
            let (_, params) = variant.discriminators().remove(0);
            let weight = params.iter().find(|param| param.tensor().rank() == 2);
            let label = if asked { config.model.categories } else { 0 };
            let inputs = config.model.latent_dim + label;
            assert_eq!(weight.unwrap().tensor().dims(), [1000, inputs], "{asked}");
        }
    }
}
