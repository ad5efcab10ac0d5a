//! The reconstruction phase: encoder and decoder learn to give the clean image back.

use aae_models::{Autoencoder, Latent, ReconstructionLoss};
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

    /// The loss of decoding the style of `latent`, and `label` where the decoder has one, to `images` `[B, pixels]`.
    pub fn loss(
        &self,
        autoencoder: &Autoencoder,
        latent: &Latent,
        label: Option<&Tensor>,
        images: &Tensor,
    ) -> Result<Tensor> {
        let decoder = autoencoder.decoder();
        decoder.reconstruction_loss(&latent.style, label, images, self.loss)
    }

    /// One step down the `loss`, which is given back as a number.
    pub fn update(&mut self, loss: &Tensor) -> Result<Tensor> {
        self.phase.update(loss)?;
        Ok(loss.detach())
    }

    /// As [`update`](Self::update), with a `penalty` added to what is minimised; the loss given back is without it.
    pub fn update_with(&mut self, loss: &Tensor, penalty: &Tensor) -> Result<Tensor> {
        self.phase.update(&(loss + penalty)?)?;
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
