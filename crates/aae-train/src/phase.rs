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
    /// A phase that moves `params` and nothing else.
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

    /// Descends one step along the gradient of the scalar `loss`, shortened to the phase's longest allowed norm.
    pub fn update(&mut self, loss: &Tensor) -> Result<()> {
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
        Ok(())
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
