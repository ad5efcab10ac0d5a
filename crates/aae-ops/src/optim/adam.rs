//! Adam (Kingma and Ba 2015, arXiv:1412.6980), as `torch.optim.Adam` computes it.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::{check, check_decay};
use crate::Param;
use crate::pieces::Pieces;
use crate::slices::write;
use crate::vectorized;

/// Adam's constants, the learning rate aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig {
    /// Decay of the mean of gradients, in `[0, 1)`.
    pub beta1: f64,
    /// Decay of the mean of squared gradients, in `[0, 1)`.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// L2 penalty: `weight_decay · θ` is added to the gradient.
    pub weight_decay: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// Adam with its two moments for each parameter.
#[derive(Debug)]
pub struct Adam {
    config: AdamConfig,
    moments: Vec<Moments>,
    pub(super) steps_taken: u64,
}

#[derive(Debug)]
struct Moments {
    name: String,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
}

impl Adam {
    /// Moments of zero for `params`.
    pub(super) fn new(config: AdamConfig, params: &[Param]) -> Result<Self> {
        check_decay("beta1", config.beta1)?;
        check_decay("beta2", config.beta2)?;
        let moments = params
            .iter()
            .map(|param| {
                let zeros = || param.tensor().detach().zeros_like();
                Ok(Moments {
                    name: param.name().to_owned(),
                    exp_avg: zeros()?,
                    exp_avg_sq: zeros()?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            config,
            moments,
            steps_taken: 0,
        })
    }

    pub(super) fn step(&mut self, params: &[Param], lr: f64, gradient_scale: f64) -> Result<()> {
        let moments = self.moments.iter();
        check(params, moments.map(|m| (m.name.as_str(), &m.exp_avg)))?;
        self.steps_taken += 1;
        let t = self.steps_taken as f64;
        let update = Update {
            config: self.config,
            gradient_scale,
            step_size: lr / (1.0 - self.config.beta1.powf(t)),
            root_correction: (1.0 - self.config.beta2.powf(t)).sqrt(),
        };
        for (param, moments) in params.iter().zip(&mut self.moments) {
            let (exp_avg, exp_avg_sq) = (moments.exp_avg.clone(), moments.exp_avg_sq.clone());
            param.use_gradient(
                |gradient| update.fused(param, [&exp_avg, &exp_avg_sq], gradient),
                |gradient| update.plain(param, moments, gradient),
            )?;
        }
        Ok(())
    }

    pub(super) fn state(&self) -> Vec<(String, Tensor)> {
        let both = |m: &Moments| {
            [
                (format!("exp_avg.{}", m.name), m.exp_avg.clone()),
                (format!("exp_avg_sq.{}", m.name), m.exp_avg_sq.clone()),
            ]
        };
        self.moments.iter().flat_map(both).collect()
    }

    pub(super) fn restore(&mut self, tensors: Vec<Tensor>, steps_taken: u64) {
        let mut tensors = tensors.into_iter();
        for moments in &mut self.moments {
            if let (Some(exp_avg), Some(exp_avg_sq)) = (tensors.next(), tensors.next()) {
                (moments.exp_avg, moments.exp_avg_sq) = (exp_avg, exp_avg_sq);
            }
        }
        self.steps_taken = steps_taken;
    }
}

/// What one step does to every number:
///
/// ```text
/// g = gradient_scale·g + weight_decay·θ
/// m = β1·m + (1 - β1)·g
/// v = β2·v + (1 - β2)·g²
/// θ = θ - lr / (1 - β1ᵗ) · m / (√v / √(1 - β2ᵗ) + ε)
/// ```
struct Update {
    config: AdamConfig,
    gradient_scale: f64,
    step_size: f64,
    root_correction: f64,
}

impl Update {
    fn fused(
        &self,
        param: &Param,
        [exp_avg, exp_avg_sq]: [&Tensor; 2],
        gradient: &dyn Pieces,
    ) -> Result<()> {
        let AdamConfig {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = self.config;
        let (beta1_rest, beta2_rest) = ((1.0 - beta1) as f32, (1.0 - beta2) as f32);
        let (beta1, beta2, epsilon, weight_decay) = (
            beta1 as f32,
            beta2 as f32,
            epsilon as f32,
            weight_decay as f32,
        );
        let (scale, step_size) = (self.gradient_scale as f32, self.step_size as f32);
        let inverse_root = (1.0 / self.root_correction) as f32;
        let each = |theta: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32]| {
            vectorized!(|| {
                for (((theta, m), v), g) in theta.iter_mut().zip(m).zip(v).zip(g) {
                    let g = theta.mul_add(weight_decay, scale * *g);
                    *m = beta1.mul_add(*m, beta1_rest * g);
                    *v = beta2.mul_add(*v, beta2_rest * (g * g));
                    *theta -= step_size * *m / v.sqrt().mul_add(inverse_root, epsilon);
                }
            });
        };
        let size = gradient.size();
        write(exp_avg, |m| {
            write(exp_avg_sq, |v| {
                write(&param.tensor(), |theta| {
                    theta
                        .par_chunks_mut(size)
                        .zip(m.par_chunks_mut(size))
                        .zip(v.par_chunks_mut(size))
                        .enumerate()
                        .for_each(|(i, ((theta, m), v))| {
                            gradient.with(i, &mut |g| each(theta, m, v, g));
                        });
                    Ok(())
                })
            })
        })
    }

    fn plain(&self, param: &Param, moments: &mut Moments, gradient: &Tensor) -> Result<()> {
        let AdamConfig {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = self.config;
        let theta = param.tensor().detach();
        let g = ((gradient * self.gradient_scale)? + (&theta * weight_decay)?)?;
        moments.exp_avg = ((&moments.exp_avg * beta1)? + (&g * (1.0 - beta1))?)?;
        moments.exp_avg_sq = ((&moments.exp_avg_sq * beta2)? + (g.sqr()? * (1.0 - beta2))?)?;
        let denominator = ((moments.exp_avg_sq.sqrt()? / self.root_correction)? + epsilon)?;
        param.set(&(theta - (&moments.exp_avg * self.step_size)?.div(&denominator)?)?)
    }
}
