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

    /// Samples of p(z): `[n, latent_dim]`. Errors: if the device refuses.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Override;

    /// Draws of a ring of three components, almost points, and of labels of three ways.
    fn draws(seed: u64) -> Draws {
        let seed = format!("seed={seed}");
        let settings = [
            "prior.components=3",
            "prior.std_radial=1e-3",
            "prior.std_tangential=1e-3",
            "model.categories=3",
            seed.as_str(),
        ];
        let settings = settings.map(Override::set);
        let config = Config::resolve("labelled-mixture", None, &settings).unwrap();
        Draws::new(&config, &Device::Cpu)
    }

    /// The component that each draw of p(z|y) lies at: number `k` at the angle `k / 3` of a turn.
    fn components(draws: &Draws, labels: &[Option<u8>], step: u64) -> Vec<u8> {
        let codes = draws.style_of(labels, step).unwrap();
        let component = |code: &Vec<f32>| {
            let turn = code[1].atan2(code[0]) / std::f32::consts::TAU;
            (turn * 3.0).round().rem_euclid(3.0) as u8
        };
        let codes = codes.to_vec2::<f32>().unwrap();
        codes.iter().map(component).collect()
    }

    fn assert_uniform(ways: &[u8]) {
        let n = ways.len() as f64;
        for way in 0..3 {
            let share = ways.iter().filter(|w| **w == way).count() as f64 / n;
            let standard_error = (1.0 / 3.0 * 2.0 / 3.0 / n).sqrt();
            let off = (share - 1.0 / 3.0).abs();
            assert!(off < 4.0 * standard_error, "{way}: {share}");
        }
    }

    #[test]
    fn a_known_label_chooses_its_component_and_an_unknown_one_any() {
        let (draws, labels) = (draws(0), [2, 0, 1, 1, 0, 2]);
        assert_eq!(components(&draws, &labels.map(Some), 0), labels);
        assert_uniform(&components(&draws, &[None; 10_000], 0));
    }

    #[test]
    fn every_label_is_equally_likely() {
        let rows = draws(0).label(10_000, 0).unwrap();
        let rows = rows.to_vec2::<f32>().unwrap();
        let way = |row: &Vec<f32>| row.iter().position(|x| *x == 1.0).unwrap() as u8;
        assert_uniform(&rows.iter().map(way).collect::<Vec<_>>());
    }

    #[test]
    fn every_step_and_every_seed_has_draws_of_its_own() {
        let numbers = |draws: Result<Tensor>| -> Vec<f32> {
            let draws = draws.unwrap().flatten_all().unwrap();
            draws.to_vec1().unwrap()
        };
        // The styles of one component, and the components where no label is known, come from a stream each.
        let all = |seed: u64, step: u64| -> [Vec<f32>; 4] {
            let draws = draws(seed);
            let unknown = components(&draws, &[None; 50], step);
            [
                numbers(draws.style(50, step)),
                numbers(draws.label(50, step)),
                numbers(draws.style_of(&[Some(1); 50], step)),
                unknown.into_iter().map(f32::from).collect(),
            ]
        };
        let base = all(0, 0);
        assert_eq!(base, all(0, 0));
        for other in [all(0, 1), all(1, 0)] {
            for (base, other) in base.iter().zip(&other) {
                assert_ne!(base, other);
            }
        }
    }
}
