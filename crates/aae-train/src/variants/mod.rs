//! The training algorithms, one page each: what happens to one mini-batch.

mod aae;
mod ae;
mod classifier;
mod clustering;
mod dimensionality_reduction;
mod label_regularized;
mod one_code;
mod semi_supervised;
mod supervised;
mod two_codes;

use aae_models::{Autoencoder, ImageShape};
use aae_ops::Param;
use candle_core::{Device, Result, Tensor, bail};

use aae::Aae;
use ae::Ae;
use classifier::Classifier;
use clustering::Clustering;
use dimensionality_reduction::DimensionalityReduction;
use label_regularized::LabelRegularized;
use semi_supervised::SemiSupervised;
use supervised::Supervised;

use crate::config::{Config, VariantKind};
use crate::phase::Phase;

/// What a step is given.
#[derive(Debug)]
pub struct StepBatch {
    /// `[B, pixels]` in `[0, 1]`; none for a variant without a decoder.
    pub images: Tensor,
    /// The labels of these images that the experiment owns, `[B]`: none at all for most variants.
    pub labels: Vec<Option<u8>>,
    /// Images with known labels, for a variant that classifies.
    pub labelled: Option<LabelledBatch>,
    /// Which step of the run this is, counted from 0: the key of all that is drawn in it.
    pub step: u64,
}

/// Images whose labels are known.
#[derive(Debug)]
pub struct LabelledBatch {
    /// `[B, pixels]` in `[0, 1]`.
    pub images: Tensor,
    /// One-hot, `[B, categories]`.
    pub labels: Tensor,
}

impl StepBatch {
    /// The batch on a device; where it is there already, nothing is copied.
    pub(crate) fn on(self, device: &Device) -> Result<Self> {
        let labelled = match self.labelled {
            Some(batch) => Some(LabelledBatch {
                images: batch.images.to_device(device)?,
                labels: batch.labels.to_device(device)?,
            }),
            None => None,
        };
        Ok(Self {
            images: self.images.to_device(device)?,
            labelled,
            ..self
        })
    }

    fn labelled(&self) -> Result<&LabelledBatch> {
        match &self.labelled {
            Some(batch) => Ok(batch),
            None => bail!("expected a batch of labelled images"),
        }
    }
}

/// The losses of a step by name: scalars on the device, fetched only when somebody wants to see them.
pub type StepLosses = Vec<(&'static str, Tensor)>;

/// A training algorithm with its networks and optimizers. One of your own is trained by [`fit_variant`](crate::fit_variant).
pub trait Variant {
    /// Trains on one mini-batch. Returns the losses, under the same names in every step: means over the batch, in the units of
    /// [`losses`](aae_models::losses).
    ///
    /// Errors: if the batch lacks what the algorithm needs or has another shape; if the device fails. They end the run.
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses>;

    /// The autoencoder: what is left when training is over.
    fn autoencoder(&self) -> &Autoencoder;

    /// The discriminators by name, with their parameters.
    fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)>;

    /// Every phase, in the order of a step.
    fn phases(&mut self) -> Vec<&mut Phase>;

    /// Every network by name, with its parameters and running statistics: together all that training moves.
    fn networks(&self) -> Vec<(&'static str, Vec<Param>)> {
        let autoencoder = self.autoencoder();
        let mut encoder = autoencoder.encoder().params();
        encoder.extend(autoencoder.encoder().buffers());
        let mut networks = vec![
            ("encoder", encoder),
            ("decoder", autoencoder.decoder().params()),
        ];
        networks.extend(self.discriminators());
        networks
    }

    /// How many numbers each network learns, by its name: running statistics, which no gradient moves, are not counted.
    fn parameters(&self) -> Vec<(String, usize)> {
        let autoencoder = self.autoencoder();
        let mut networks = vec![
            ("encoder", autoencoder.encoder().params()),
            ("decoder", autoencoder.decoder().params()),
        ];
        networks.extend(self.discriminators());
        let count = |params: Vec<Param>| params.iter().map(Param::len).sum::<usize>();
        networks
            .into_iter()
            .map(|(name, params)| (name.to_owned(), count(params)))
            .collect()
    }
}

/// The variant that a configuration names, with freshly drawn weights.
///
/// `config` must be [valid](Config::validate), or a step may panic when it draws from the prior.
/// Errors: if a layer would have no inputs or no units; if the device refuses.
pub fn build(config: &Config, image: ImageShape, device: &Device) -> Result<Box<dyn Variant>> {
    let autoencoder = Autoencoder::new(
        &config.model,
        image,
        config.variant.label_use(),
        config.seed,
        device,
    )?;
    Ok(match config.variant {
        VariantKind::Ae => Box::new(Ae::new(config, autoencoder)?),
        VariantKind::Aae => Box::new(Aae::new(config, autoencoder)?),
        VariantKind::LabelRegularized => Box::new(LabelRegularized::new(config, autoencoder)?),
        VariantKind::Supervised => Box::new(Supervised::new(config, autoencoder)?),
        VariantKind::SemiSupervised => Box::new(SemiSupervised::new(config, autoencoder)?),
        VariantKind::Clustering => Box::new(Clustering::new(config, autoencoder)?),
        VariantKind::DimensionalityReduction => {
            Box::new(DimensionalityReduction::new(config, autoencoder)?)
        }
        VariantKind::Classifier => Box::new(Classifier::new(config, autoencoder)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Override;

    #[test]
    fn running_statistics_are_not_counted_as_parameters() {
        let small = Override::set("model.encoder.hidden=[8]");
        let config = Config::resolve("clustering-16", None, &[small]).unwrap();
        let (height, width) = (2, 3);
        let variant = build(&config, ImageShape { height, width }, &Device::Cpu).unwrap();
        // Weights, biases and gains of 8 units, of a style of 5 numbers and of 16 clusters.
        let expected = (6 * 8 + 8 + 8) + (8 * 5 + 5 + 5) + (8 * 16 + 16 + 16);
        assert_eq!(variant.parameters()[0], ("encoder".to_owned(), expected));
    }

    #[test]
    fn what_a_classifier_does_not_learn_is_not_counted() {
        let small = Override::set("model.encoder.hidden=[8]");
        let config = Config::resolve("nn-100", None, &[small]).unwrap();
        let (height, width) = (2, 3);
        let variant = build(&config, ImageShape { height, width }, &Device::Cpu).unwrap();
        let expected = (6 * 8 + 8) + (8 * 10 + 10);
        assert_eq!(variant.parameters(), [("encoder".to_owned(), expected)]);
    }
}
