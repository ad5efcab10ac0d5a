//! The paper's baseline (table 2, "NN"): the encoder and its label head, trained on the known labels alone.

use aae_models::{Autoencoder, Pass};
use aae_ops::Param;
use candle_core::Result;

use super::{StepBatch, StepLosses, Variant};
use crate::classification::Classification;
use crate::config::Config;
use crate::phase::Phase;

/// A classifier. Its autoencoder's decoder stays as it was drawn, and is good for nothing.
#[derive(Debug)]
pub(super) struct Classifier {
    autoencoder: Autoencoder,
    classification: Classification,
}

impl Classifier {
    /// Trains the encoder of `autoencoder` as the configuration says.
    pub(super) fn new(config: &Config, autoencoder: Autoencoder) -> Result<Self> {
        Ok(Self {
            classification: Classification::new(config, &autoencoder, Pass::tracking)?,
            autoencoder,
        })
    }
}

impl Variant for Classifier {
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses> {
        // Classification phase.
        let classification =
            self.classification
                .update(&self.autoencoder, batch.labelled()?, batch.step)?;

        Ok(vec![("classification", classification)])
    }

    fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)> {
        Vec::new()
    }

    fn phases(&mut self) -> Vec<&mut Phase> {
        vec![self.classification.phase()]
    }

    /// Of the encoder the hidden layers and the label's head; its style head and the decoder learn nothing.
    fn parameters(&self) -> Vec<(String, usize)> {
        let learned = self.autoencoder.encoder().label_params();
        vec![("encoder".to_owned(), learned.iter().map(Param::len).sum())]
    }
}
