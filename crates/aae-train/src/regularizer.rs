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
    /// In steps.
    noise_half_life: Option<u64>,
    seed: u64,
    device: Device,
    discriminator: Discriminator,
    phase: Phase,
}

impl Regularizer {
    /// A new discriminator of that name on codes of `inputs` numbers, drawn by the run's seed.
    ///
    /// Errors: if a layer would have no inputs or no units; if the device refuses.
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
            noise_half_life: config.regularization.discriminator_noise_half_life,
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

    /// Discriminator phase: samples of the prior are real, codes are fake; both `[B, code]`, with the same `condition`
    /// `[B, inputs - code]` beside them if there is one. Returns the loss: mean over the batch, in nats. Errors: if a shape is another.
    pub fn update_discriminator(
        &mut self,
        real: &Tensor,
        codes: &Tensor,
        condition: Option<&Tensor>,
        step: u64,
    ) -> Result<Tensor> {
        let real_then_fake = Tensor::cat(&[real, &codes.detach()], 0)?;
        let twice = condition.map(|rows| Tensor::cat(&[rows, rows], 0));
        let twice = twice.transpose()?;
        let judged = self.judged(&real_then_fake, twice.as_ref(), "discriminator", step)?;
        let loss = losses::discriminator(&self.discriminator.forward(&judged)?)?;
        self.phase.update(&loss)
    }

    /// Generator phase: what made `codes` `[B, code]` shall have them judged real, beside the `condition` that the discriminator saw.
    /// Returns the loss that it minimises: mean over the batch, in nats. Errors: if a shape is another.
    pub fn generator_loss(
        &self,
        codes: &Tensor,
        condition: Option<&Tensor>,
        step: u64,
    ) -> Result<Tensor> {
        let judged = self.judged(codes, condition, "generator", step)?;
        losses::generator(&self.discriminator.frozen().forward(&judged)?)
    }

    /// The discriminator.
    pub fn discriminator(&self) -> &Discriminator {
        &self.discriminator
    }

    /// The discriminator's phase.
    pub fn phase(&mut self) -> &mut Phase {
        &mut self.phase
    }

    /// What the discriminator sees: codes with noise, and the condition as it is.
    fn judged(
        &self,
        codes: &Tensor,
        condition: Option<&Tensor>,
        role: &str,
        step: u64,
    ) -> Result<Tensor> {
        let codes = self.with_noise(codes, role, step)?;
        match condition {
            Some(condition) => Tensor::cat(&[&codes, condition], 1),
            None => Ok(codes),
        }
    }

    /// The noise's standard deviation.
    fn noise_at(&self, step: u64) -> f64 {
        let halvings = self
            .noise_half_life
            .map_or(0.0, |half_life| step as f64 / half_life as f64);
        self.input_noise * (-halvings).exp2()
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
        codes + (noise * self.noise_at(step))?
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::config::Override;

    #[test]
    fn samples_of_the_prior_are_judged_real_and_codes_are_pulled_towards_them() {
        let settings = [
            "model.discriminator.hidden=[8]",
            "optimizer.discriminator.lr=0.02",
        ];
        let config = Config::resolve("aae", None, &settings.map(Override::set)).unwrap();
        let mut game = Regularizer::new(&config, "discriminator", 2, &Device::Cpu).unwrap();
        let real = Tensor::full(3f32, (6, 2), &Device::Cpu).unwrap();
        let codes = Var::from_tensor(&real.neg().unwrap()).unwrap();
        for step in 0..50 {
            game.update_discriminator(&real, &codes, None, step)
                .unwrap();
        }
        let numbers = |tensor: &Tensor| -> Vec<f32> {
            let tensor = tensor.flatten_all().unwrap();
            tensor.to_vec1().unwrap()
        };
        let judged = |codes: &Tensor| numbers(&game.discriminator.forward(codes).unwrap());
        assert!(judged(&real).iter().all(|logit| *logit > 0.0));
        assert!(judged(&codes).iter().all(|logit| *logit < 0.0));
        // Real samples lie above the codes, so a step against the gradient moves these upwards.
        let loss = game.generator_loss(&codes, None, 0).unwrap();
        let gradients = loss.backward().unwrap();
        let gradient = gradients.get(&codes).unwrap().sum(1).unwrap();
        assert!(numbers(&gradient).iter().all(|g| *g < 0.0), "{gradient}");
    }

    #[test]
    fn noise_fades_where_it_has_a_half_life() {
        let noise = |more: &[&str]| {
            let settings = ["regularization.discriminator_input_noise=3"];
            let settings: Vec<_> = settings
                .iter()
                .chain(more)
                .map(|s| Override::set(s))
                .collect();
            let config = Config::resolve("aae", None, &settings).unwrap();
            let regularizer = Regularizer::new(&config, "discriminator", 2, &Device::Cpu).unwrap();
            [0, 500, 1000, u64::MAX].map(|step| regularizer.noise_at(step))
        };
        assert_eq!(noise(&[]), [3.0; 4]);
        let fading = noise(&["regularization.discriminator_noise_half_life=500"]);
        assert_eq!(fading, [3.0, 1.5, 0.75, 0.0]);
    }

    #[test]
    fn noise_falls_on_the_codes_and_not_on_the_condition() {
        let noise = Override::set("regularization.discriminator_input_noise=100");
        let config = Config::resolve("aae", None, &[noise]).unwrap();
        let regularizer = Regularizer::new(&config, "discriminator", 5, &Device::Cpu).unwrap();
        let ones = |columns| Tensor::ones((4, columns), candle_core::DType::F32, &Device::Cpu);
        let condition = ones(3).unwrap();
        let judged = regularizer
            .judged(&ones(2).unwrap(), Some(&condition), "generator", 0)
            .unwrap();
        for row in judged.to_vec2::<f32>().unwrap() {
            assert!(row[..2].iter().all(|code| *code != 1.0), "{row:?}");
            assert_eq!(row[2..], [1.0; 3]);
        }
    }

    #[test]
    fn the_noise_of_a_step_is_its_own_and_as_large_as_it_is_then() {
        let settings = [
            "regularization.discriminator_input_noise=3",
            "regularization.discriminator_noise_half_life=500",
        ];
        let config = Config::resolve("aae", None, &settings.map(Override::set)).unwrap();
        let regularizer = Regularizer::new(&config, "discriminator", 2, &Device::Cpu).unwrap();
        let codes = Tensor::zeros((5_000, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        let noise = |role: &str, step: u64| -> Vec<f32> {
            let noisy = regularizer.with_noise(&codes, role, step).unwrap();
            noisy.flatten_all().unwrap().to_vec1().unwrap()
        };
        for (step, expected) in [(0, 3.0), (500, 1.5)] {
            let squares: f32 = noise("generator", step).iter().map(|x| x * x).sum();
            let found = (squares / 10_000.0).sqrt();
            // Four standard errors: 4 / √(2n).
            let far = (found / expected - 1.0).abs();
            assert!(far < 0.029, "step {step}: {found} for {expected}");
        }
        let first = noise("generator", 0);
        let halved: Vec<f32> = first.iter().map(|x| x / 2.0).collect();
        assert_ne!(noise("generator", 500), halved);
        assert_ne!(noise("discriminator", 0), first);
    }
}
