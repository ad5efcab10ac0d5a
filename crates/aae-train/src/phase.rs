//! A phase of the training step: a loss, the parameters that it moves, and the optimizer that moves them.
//!
//! Phases differ in rate and momentum, and the encoder belongs to several of them: so each phase has its own optimizer.

use aae_ops::optim::{AdamConfig, Optimizer, SgdConfig};
use aae_ops::{Param, backward, gradient_norm, zero_gradients};
use candle_core::{Result, Tensor};

use crate::config::{OptimizerConfig, OptimizerKind};

/// One phase's parameters, optimizer and learning rate.
#[derive(Debug)]
pub struct Phase {
    name: &'static str,
    params: Vec<Param>,
    optimizer: Optimizer,
    config: OptimizerConfig,
    lr: f64,
}

impl Phase {
    /// A phase that moves `params` and nothing else. Errors: if a decay of the optimizer is not in its range; if the device refuses.
    pub fn new(name: &'static str, params: Vec<Param>, config: &OptimizerConfig) -> Result<Self> {
        let &OptimizerConfig {
            beta1,
            beta2,
            epsilon,
            momentum,
            weight_decay,
            ..
        } = config;
        let optimizer = match config.kind {
            OptimizerKind::Adam => Optimizer::adam(
                AdamConfig {
                    beta1,
                    beta2,
                    epsilon,
                    weight_decay,
                },
                &params,
            )?,
            OptimizerKind::Sgd => Optimizer::sgd(
                SgdConfig {
                    momentum,
                    weight_decay,
                },
                &params,
            )?,
        };
        Ok(Self {
            name,
            params,
            optimizer,
            config: config.clone(),
            lr: config.lr,
        })
    }

    /// Descends one step along the gradient of the scalar `loss`, shortened to the phase's longest allowed norm. Returns the loss,
    /// detached. Errors: if `loss` is not one number; if its backward pass or the device fails.
    pub fn update(&mut self, loss: &Tensor) -> Result<Tensor> {
        backward(loss, &self.params)?;
        let scale = match self.config.clip_norm {
            Some(longest) => {
                (longest / gradient_norm(&self.params)?.max(f64::MIN_POSITIVE)).min(1.0)
            }
            None => 1.0,
        };
        self.optimizer.step(&self.params, self.lr, scale)?;
        // What the gradients were computed from goes back to where the next pass finds it.
        zero_gradients(&self.params);
        Ok(loss.detach())
    }

    /// Sets the learning rate for step number `step`, counted from 0.
    pub fn schedule(&mut self, step: u64, steps_per_epoch: u64, total_steps: u64) {
        self.lr = self.config.lr
            * self
                .config
                .schedule
                .factor(step, steps_per_epoch, total_steps);
    }

    /// Its key in checkpoints and metrics, such as `reconstruction`, `generator` or `style_discriminator`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The learning rate of the present step.
    pub fn lr(&self) -> f64 {
        self.lr
    }

    /// The optimizer, whose state belongs to the run.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// The optimizer, to give it a saved state.
    pub fn optimizer_mut(&mut self) -> &mut Optimizer {
        &mut self.optimizer
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::schedule::Schedule;

    /// Where two updates of a phase take 3 down (x - 1)² / 2.
    fn found(config: &OptimizerConfig) -> f64 {
        let x = Param::new("x", &Tensor::new(&[3f32], &Device::Cpu).unwrap()).unwrap();
        let mut phase = Phase::new("test", vec![x.clone()], config).unwrap();
        for _ in 0..2 {
            let loss = ((x.tensor() - 1.0).unwrap().sqr().unwrap() * 0.5).unwrap();
            phase.update(&loss.sum_all().unwrap()).unwrap();
        }
        f64::from(x.tensor().to_vec1::<f32>().unwrap()[0])
    }

    /// The same by the formulas of Kingma and Ba 2015, and of gradient descent with momentum.
    fn expected(config: &OptimizerConfig) -> f64 {
        let (mut x, mut m, mut v) = (3.0, 0.0, 0.0);
        for t in 1..=2 {
            let g = x - 1.0 + config.weight_decay * x;
            x -= config.lr
                * match config.kind {
                    OptimizerKind::Adam => {
                        m = config.beta1 * m + (1.0 - config.beta1) * g;
                        v = config.beta2 * v + (1.0 - config.beta2) * g * g;
                        let v: f64 = v / (1.0 - config.beta2.powi(t));
                        m / (1.0 - config.beta1.powi(t)) / (v.sqrt() + config.epsilon)
                    }
                    OptimizerKind::Sgd => {
                        m = config.momentum * m + g;
                        m
                    }
                };
        }
        x
    }

    #[test]
    fn every_setting_reaches_the_optimizer() {
        for kind in [OptimizerKind::Adam, OptimizerKind::Sgd] {
            let base = OptimizerConfig {
                kind,
                lr: 0.5,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                momentum: 0.0,
                weight_decay: 0.0,
                clip_norm: None,
                schedule: Schedule::Constant {},
            };
            let changes: [fn(&mut OptimizerConfig); 7] = [
                |_| {},
                |config| config.lr = 0.25,
                |config| config.beta1 = 0.5,
                |config| config.beta2 = 0.9,
                |config| config.epsilon = 0.5,
                |config| config.momentum = 0.7,
                |config| config.weight_decay = 0.3,
            ];
            for change in changes {
                let mut config = base.clone();
                change(&mut config);
                let (found, expected) = (found(&config), expected(&config));
                assert!((found - expected).abs() < 1e-5, "{found} for {config:?}");
            }
        }
    }
}
