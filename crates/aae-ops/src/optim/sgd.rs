//! Stochastic gradient descent with momentum, as `torch.optim.SGD` computes it (dampening 0, no Nesterov).

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::{check, check_decay};
use crate::Param;
use crate::pieces::Pieces;
use crate::slices::write;
use crate::vectorized;

/// SGD's constants, the learning rate aside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SgdConfig {
    /// Decay of the running sum of gradients, in `[0, 1)`.
    pub momentum: f64,
    /// L2 penalty: `weight_decay · θ` is added to the gradient.
    pub weight_decay: f64,
}

/// SGD with a momentum buffer for each parameter.
#[derive(Debug)]
pub struct Sgd {
    config: SgdConfig,
    buffers: Vec<(String, Tensor)>,
    pub(super) steps_taken: u64,
}

impl Sgd {
    /// Momentum buffers of zero for `params`.
    pub(super) fn new(config: SgdConfig, params: &[Param]) -> Result<Self> {
        check_decay("momentum", config.momentum)?;
        let buffers = params
            .iter()
            .map(|param| {
                Ok((
                    param.name().to_owned(),
                    param.tensor().detach().zeros_like()?,
                ))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            config,
            buffers,
            steps_taken: 0,
        })
    }

    /// For every number: `g = gradient_scale·g + weight_decay·θ`, `b = momentum·b + g`, `θ = θ - lr·b`.
    pub(super) fn step(&mut self, params: &[Param], lr: f64, gradient_scale: f64) -> Result<()> {
        let buffers = self.buffers.iter();
        check(params, buffers.map(|(name, b)| (name.as_str(), b)))?;
        self.steps_taken += 1;
        for (param, (_, buffer)) in params.iter().zip(&mut self.buffers) {
            let (config, before) = (self.config, buffer.clone());
            param.use_gradient(
                |gradient| config.fused(param, &before, gradient, lr as f32, gradient_scale as f32),
                |gradient| {
                    let theta = param.tensor().detach();
                    let g = ((gradient * gradient_scale)? + (&theta * config.weight_decay)?)?;
                    *buffer = ((&before * config.momentum)? + g)?;
                    param.set(&(theta - (&*buffer * lr)?)?)
                },
            )?;
        }
        Ok(())
    }

    pub(super) fn state(&self) -> Vec<(String, Tensor)> {
        self.buffers
            .iter()
            .map(|(name, buffer)| (format!("momentum_buffer.{name}"), buffer.clone()))
            .collect()
    }

    pub(super) fn restore(&mut self, tensors: Vec<Tensor>, steps_taken: u64) {
        for ((_, buffer), saved) in self.buffers.iter_mut().zip(tensors) {
            *buffer = saved;
        }
        self.steps_taken = steps_taken;
    }
}

impl SgdConfig {
    fn fused(
        self,
        param: &Param,
        buffer: &Tensor,
        gradient: &dyn Pieces,
        lr: f32,
        scale: f32,
    ) -> Result<()> {
        let (momentum, weight_decay) = (self.momentum as f32, self.weight_decay as f32);
        let each = |theta: &mut [f32], b: &mut [f32], g: &[f32]| {
            vectorized!(|| {
                for ((theta, b), g) in theta.iter_mut().zip(b).zip(g) {
                    let g = theta.mul_add(weight_decay, scale * *g);
                    *b = momentum.mul_add(*b, g);
                    *theta = (-lr).mul_add(*b, *theta);
                }
            });
        };
        let size = gradient.size();
        write(buffer, |b| {
            write(&param.tensor(), |theta| {
                theta
                    .par_chunks_mut(size)
                    .zip(b.par_chunks_mut(size))
                    .enumerate()
                    .for_each(|(i, (theta, b))| gradient.with(i, &mut |g| each(theta, b, g)));
                Ok(())
            })
        })
    }
}
