//! The classification phase (paper §5): encoder and label head learn the labels that are known.

use aae_models::{Autoencoder, Pass, losses};
use candle_core::{Result, Tensor};

use crate::config::Config;
use crate::corruption::Corruption;
use crate::phase::Phase;
use crate::variants::LabelledBatch;

/// The phase that every variant with known labels to infer has.
#[derive(Debug)]
pub(crate) struct Classification {
    pass: fn(u64, &'static str, u64) -> Pass,
    seed: u64,
    corruption: Corruption,
    phase: Phase,
}

impl Classification {
    /// Moves the encoder's hidden layers and its label head, by passes of the given kind: [`Pass::training`], or
    /// [`Pass::tracking`] where no other phase goes through the encoder.
    pub(crate) fn new(
        config: &Config,
        autoencoder: &Autoencoder,
        pass: fn(u64, &'static str, u64) -> Pass,
    ) -> Result<Self> {
        Ok(Self {
            pass,
            seed: config.seed,
            corruption: Corruption::new(config.corruption, config.seed),
            phase: Phase::new(
                "classification",
                autoencoder.encoder().label_params(),
                &config.optimizer.classification,
            )?,
        })
    }

    /// One step towards the labels of `batch`. Returns the loss.
    pub(crate) fn update(
        &mut self,
        autoencoder: &Autoencoder,
        batch: &LabelledBatch,
        step: u64,
    ) -> Result<Tensor> {
        let images = self.corruption.apply(&batch.images, "labelled", step)?;
        let pass = (self.pass)(self.seed, "classification", step);
        let logits = autoencoder.encoder().label_logits(&images, pass)?;
        let loss = losses::classification(&logits, &batch.labels)?;
        self.phase.update(&loss)
    }

    /// The phase.
    pub(crate) fn phase(&mut self) -> &mut Phase {
        &mut self.phase
    }
}
