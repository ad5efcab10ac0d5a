//! The adversarial autoencoder with labels in the regularization (paper §2.3): a label chooses the component of the prior.

use aae_models::{Autoencoder, Pass, one_hot};
use aae_ops::Param;
use candle_core::{Result, Tensor};

use super::one_code::OneCode;
use super::{StepBatch, StepLosses, Variant};
use crate::config::Config;
use crate::corruption::Corruption;
use crate::draws::Draws;
use crate::phase::Phase;
use crate::reconstruction::Reconstruction;

/// An autoencoder whose codes follow a prior with components, each class its own.
#[derive(Debug)]
pub(super) struct LabelRegularized {
    seed: u64,
    autoencoder: Autoencoder,
    corruption: Corruption,
    draws: Draws,
    reconstruction: Reconstruction,
    game: OneCode,
    classes: usize,
}

impl LabelRegularized {
    /// Trains `autoencoder` as the configuration says, against a discriminator drawn by the run's seed.
    pub(super) fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        let classes = config.model.categories;
        // The code, the one-hot label, and one more way for a label that is not known.
        let inputs = config.model.latent_dim + classes + 1;
        Ok(Self {
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            draws: Draws::new(config, autoencoder.device()),
            reconstruction: Reconstruction::new(config, &autoencoder)?,
            game: OneCode::new(config, &autoencoder, inputs)?,
            autoencoder,
            classes,
        })
    }

    /// Labels as the discriminator gets them, `[B, classes + 1]`: the last way stands for "not known".
    fn condition(&self, labels: &[Option<u8>]) -> Result<Tensor> {
        let unknown = self.classes as u8;
        let ways: Vec<u8> = labels
            .iter()
            .map(|label| label.unwrap_or(unknown))
            .collect();
        one_hot(&ways, self.classes + 1, self.autoencoder.device())
    }
}

impl Variant for LabelRegularized {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        let StepBatch {
            images,
            labels,
            step,
            ..
        } = batch;
        let seen = self.corruption.apply(images, "input", *step)?;
        let encoder = self.autoencoder.encoder();

        // Reconstruction phase: encoder and decoder, without labels.
        let pass = Pass::tracking(self.seed, "reconstruction", *step);
        let latent = encoder.forward(&seen, pass)?;
        let loss = self
            .reconstruction
            .loss(&self.autoencoder, &latent, None, images)?;
        let reconstruction = self.reconstruction.update(&loss)?;

        // Regularization phase: for a known label real samples come from its component, for an unknown one from the whole
        // prior; the discriminator sees the label beside the code.
        let condition = self.condition(labels)?;
        let real = self.draws.style_of(labels, *step)?;
        let pass = Pass::training(self.seed, "regularization", *step);
        let codes = encoder.forward(&seen, pass)?.style;
        let game = self.game.play(&real, &codes, Some(&condition), *step)?;

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

    #[test]
    fn a_label_that_is_not_known_has_a_way_of_its_own() {
        let ways = ["model.categories=3", "prior.components=3"].map(Override::set);
        let config = Config::resolve("labelled-mixture", None, &ways).unwrap();
        let (height, width) = (2, 3);
        let (image, label) = (ImageShape { height, width }, config.variant.label_use());
        let autoencoder = Autoencoder::new(&config.model, image, label, 0, &Device::Cpu).unwrap();
        let variant = LabelRegularized::new(&config, autoencoder).unwrap();
        let condition = variant.condition(&[Some(1), None]).unwrap();
        assert_eq!(
            condition.to_vec2::<f32>().unwrap(),
            [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
        );
    }
}
