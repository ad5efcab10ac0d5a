//! The reconstruction phase: encoder and decoder learn to give the clean image back.

use aae_models::{Autoencoder, ReconstructionLoss, losses};
use candle_core::{Result, Tensor};

use crate::config::Config;
use crate::phase::Phase;

/// The phase that every autoencoder has.
#[derive(Debug)]
pub struct Reconstruction {
    loss: ReconstructionLoss,
    phase: Phase,
}

impl Reconstruction {
    /// Moves encoder and decoder.
    pub fn new(config: &Config, autoencoder: &Autoencoder) -> Result<Self> {
        Ok(Self {
            loss: config.loss.reconstruction,
            phase: Phase::new(
                "reconstruction",
                autoencoder.params(),
                &config.optimizer.reconstruction,
            )?,
        })
    }

    /// One step towards decoded `logits` whose sigmoid is `images`, both `[B, pixels]`. Returns the loss.
    pub fn update(&mut self, logits: &Tensor, images: &Tensor) -> Result<Tensor> {
        let loss = losses::reconstruction(self.loss, logits, images)?;
        self.phase.update(&loss)?;
        Ok(loss.detach())
    }

    /// As [`update`](Self::update), with a `penalty` added to what is minimised; the loss returned is without it.
    pub fn update_with(
        &mut self,
        logits: &Tensor,
        images: &Tensor,
        penalty: &Tensor,
    ) -> Result<Tensor> {
        let loss = losses::reconstruction(self.loss, logits, images)?;
        self.phase.update(&(&loss + penalty)?)?;
        Ok(loss.detach())
    }

    /// The phase.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The phase.
    pub fn phase_mut(&mut self) -> &mut Phase {
        &mut self.phase
    }
}
