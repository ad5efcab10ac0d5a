//! The adversarial game on the codes: a prior, a discriminator, and the two phases that play.

use aae_models::init::Init;
use aae_models::prior::PriorConfig;
use aae_models::{Discriminator, losses};
use aae_ops::Param;
use aae_ops::stream::{standard_normal, stream};
use candle_core::{Device, Result, Tensor};

use crate::config::Config;
use crate::phase::Phase;

/// Makes codes follow the prior: a discriminator that learns to tell them apart, and an encoder that learns to fool it.
#[derive(Debug)]
pub struct Regularizer {
    prior: PriorConfig,
    latent_dim: usize,
    input_noise: f64,
    seed: u64,
    device: Device,
    discriminator: Discriminator,
    discriminator_phase: Phase,
    generator_phase: Phase,
}

impl Regularizer {
    /// A new discriminator, drawn by the run's seed; `generator` are the parameters that make the codes.
    pub fn new(config: &Config, generator: Vec<Param>, device: &Device) -> Result<Self> {
        let init = Init {
            scheme: config.model.init,
            seed: config.seed,
            device,
        };
        let discriminator = Discriminator::new(&config.model, init)?;
        let optimizers = &config.optimizer;
        Ok(Self {
            prior: config.prior.clone(),
            latent_dim: config.model.latent_dim,
            input_noise: config.regularization.discriminator_input_noise,
            seed: config.seed,
            device: device.clone(),
            discriminator_phase: Phase::new(
                "discriminator",
                discriminator.params(),
                &optimizers.discriminator,
            )?,
            generator_phase: Phase::new("generator", generator, &optimizers.generator)?,
            discriminator,
        })
    }

    /// Samples of p(z) for step number `step`: `[n, latent_dim]`.
    pub fn sample_prior(&self, n: usize, step: u64) -> Result<Tensor> {
        let mut rng = stream(self.seed, "prior.style", step);
        Tensor::from_vec(
            self.prior.sample(n, self.latent_dim, &mut rng),
            (n, self.latent_dim),
            &self.device,
        )
    }

    /// Discriminator phase: samples of p(z) are real, codes are fake; `real`, `codes` `[B, latent_dim]`. Returns the loss.
    pub fn update_discriminator(
        &mut self,
        real: &Tensor,
        codes: &Tensor,
        step: u64,
    ) -> Result<Tensor> {
        let real_then_fake = Tensor::cat(&[real, &codes.detach()], 0)?;
        let judged = self.with_noise(&real_then_fake, "noise.discriminator", step)?;
        let loss = losses::discriminator(&self.discriminator.forward(&judged)?)?;
        self.discriminator_phase.update(&loss)?;
        Ok(loss.detach())
    }

    /// Generator phase: what made `codes` `[B, latent_dim]` shall have them judged real. Returns the loss.
    pub fn update_generator(&mut self, codes: &Tensor, step: u64) -> Result<Tensor> {
        let judged = self.with_noise(codes, "noise.generator", step)?;
        let loss = losses::generator(&self.discriminator.frozen().forward(&judged)?)?;
        self.generator_phase.update(&loss)?;
        Ok(loss.detach())
    }

    /// The discriminator.
    pub fn discriminator(&self) -> &Discriminator {
        &self.discriminator
    }

    /// Discriminator phase and generator phase.
    pub fn phases(&self) -> [&Phase; 2] {
        [&self.discriminator_phase, &self.generator_phase]
    }

    /// Discriminator phase and generator phase.
    pub fn phases_mut(&mut self) -> [&mut Phase; 2] {
        [&mut self.discriminator_phase, &mut self.generator_phase]
    }

    fn with_noise(&self, codes: &Tensor, purpose: &str, step: u64) -> Result<Tensor> {
        if self.input_noise == 0.0 {
            return Ok(codes.clone());
        }
        let mut rng = stream(self.seed, purpose, step);
        let noise = Tensor::from_vec(
            standard_normal(codes.elem_count(), &mut rng),
            codes.shape(),
            &self.device,
        )?;
        codes + (noise * self.input_noise)?
    }
}
