//! Samples of the priors for one step, each from its own stream.

use aae_models::one_hot;
use aae_ops::stream::stream;
use candle_core::{Device, Result, Tensor, bail};
use rand::RngExt;

use crate::config::Config;

/// Draws codes and labels from a run's priors.
#[derive(Debug)]
pub struct Draws {
    config: Config,
    device: Device,
}

impl Draws {
    /// For a run with this configuration, which must be [valid](Config::validate): a prior that is not panics when drawn from.
    pub fn new(config: &Config, device: &Device) -> Self {
        Self {
            config: config.clone(),
            device: device.clone(),
        }
    }

    /// Samples of p(z): `[n, latent_dim]`.
    pub fn style(&self, n: usize, step: u64) -> Result<Tensor> {
        let (config, dim) = (&self.config, self.config.model.latent_dim);
        let mut rng = stream(config.seed, "prior.style", step);
        Tensor::from_vec(
            config.prior.sample(n, dim, &mut rng),
            (n, dim),
            &self.device,
        )
    }

    /// Samples of p(z|y) where the label is known, of p(z) where it is not: `[labels.len(), 2]`.
    ///
    /// Errors: if the prior has no component for a label.
    pub fn style_of(&self, labels: &[Option<u8>], step: u64) -> Result<Tensor> {
        let config = &self.config;
        let Some(ways) = config.prior.components() else {
            bail!("expected a prior with components")
        };
        let mut rng = stream(config.seed, "prior.component", step);
        let components: Vec<usize> = labels
            .iter()
            .map(|label| match label {
                Some(label) => usize::from(*label),
                None => rng.random_range(0..ways),
            })
            .collect();
        let mut rng = stream(config.seed, "prior.style", step);
        match config.prior.sample_components(&components, &mut rng) {
            Some(codes) => Tensor::from_vec(codes, (labels.len(), 2), &self.device),
            None => bail!("expected labels below the {ways} components of the prior"),
        }
    }

    /// Samples of p(y), every way equally likely: one-hot rows `[n, categories]`.
    ///
    /// Errors: if the configuration has no label.
    pub fn label(&self, n: usize, step: u64) -> Result<Tensor> {
        let (config, ways) = (&self.config, self.config.model.categories);
        if ways == 0 {
            bail!("expected a configuration with a label, found model.categories = 0")
        }
        let mut rng = stream(config.seed, "prior.label", step);
        let labels: Vec<u8> = (0..n).map(|_| rng.random_range(0..ways) as u8).collect();
        one_hot(&labels, ways, &self.device)
    }
}
