//! One adversarial game on codes: a discriminator, the phase that trains it, and the loss of whoever plays against it.

use aae_models::init::Init;
use aae_models::{Discriminator, losses};
use aae_ops::stream::{standard_normal, stream};
use candle_core::{Device, Result, Tensor};

use crate::config::Config;
use crate::phase::Phase;

/// Makes codes follow a prior: a discriminator that learns to tell them apart. Who makes the codes minimises
/// [`generator_loss`](Self::generator_loss).
#[derive(Debug)]
pub struct Regularizer {
    name: &'static str,
    input_noise: f64,
    seed: u64,
    device: Device,
    discriminator: Discriminator,
    phase: Phase,
}

impl Regularizer {
    /// A new discriminator of that name on codes of `inputs` numbers, drawn by the run's seed.
    pub fn new(
        config: &Config,
        name: &'static str,
        inputs: usize,
        device: &Device,
    ) -> Result<Self> {
        let init = Init {
            scheme: config.model.init,
            seed: config.seed,
            device,
        };
        let discriminator = Discriminator::new(&config.model.discriminator, name, inputs, init)?;
        Ok(Self {
            name,
            input_noise: config.regularization.discriminator_input_noise,
            seed: config.seed,
            device: device.clone(),
            phase: Phase::new(
                name,
                discriminator.params(),
                &config.optimizer.discriminator,
            )?,
            discriminator,
        })
    }

    /// Discriminator phase: samples of the prior are real, codes are fake; both `[B, inputs]`. Returns the loss.
    pub fn update_discriminator(
        &mut self,
        real: &Tensor,
        codes: &Tensor,
        step: u64,
    ) -> Result<Tensor> {
        let real_then_fake = Tensor::cat(&[real, &codes.detach()], 0)?;
        let judged = self.with_noise(&real_then_fake, "discriminator", step)?;
        let loss = losses::discriminator(&self.discriminator.forward(&judged)?)?;
        self.phase.update(&loss)?;
        Ok(loss.detach())
    }

    /// Generator phase: what made `codes` `[B, inputs]` shall have them judged real. Returns the loss that it minimises.
    pub fn generator_loss(&self, codes: &Tensor, step: u64) -> Result<Tensor> {
        let judged = self.with_noise(codes, "generator", step)?;
        losses::generator(&self.discriminator.frozen().forward(&judged)?)
    }

    /// The discriminator.
    pub fn discriminator(&self) -> &Discriminator {
        &self.discriminator
    }

    /// The discriminator's phase.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The discriminator's phase.
    pub fn phase_mut(&mut self) -> &mut Phase {
        &mut self.phase
    }

    fn with_noise(&self, codes: &Tensor, role: &str, step: u64) -> Result<Tensor> {
        if self.input_noise == 0.0 {
            return Ok(codes.clone());
        }
        let mut rng = stream(self.seed, &format!("noise.{}.{role}", self.name), step);
        let noise = Tensor::from_vec(
            standard_normal(codes.elem_count(), &mut rng),
            codes.shape(),
            &self.device,
        )?;
        codes + (noise * self.input_noise)?
    }
}
