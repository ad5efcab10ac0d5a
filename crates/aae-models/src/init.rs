//! Initial weights, each drawn from a stream named after its parameter.
//!
//! So two models with an encoder of the same shape start equal, whatever else they have, and the order of construction
//! does not matter.

use aae_ops::stream::{standard_normal, stream};
use aae_ops::{Activation, BatchNorm, Linear, Param};
use candle_core::{Device, Result, Tensor, bail};
use rand::RngExt;

use crate::InitScheme;

/// The standard deviation of the paper's initial weights.
const NORMAL_STD: f32 = 0.01;

/// Where initial weights come from: the scheme, the run's seed, and the device that they go to.
#[derive(Clone, Copy, Debug)]
pub struct Init<'a> {
    /// How weights are drawn.
    pub scheme: InitScheme,
    /// The run's seed.
    pub seed: u64,
    /// Where the parameters live.
    pub device: &'a Device,
}

impl Init<'_> {
    /// A layer `<name>.weight` `[outputs, inputs]`, `<name>.bias` `[outputs]`.
    ///
    /// Errors: as [`weight`](Self::weight).
    pub fn linear(
        self,
        name: &str,
        inputs: usize,
        outputs: usize,
        activation: Activation,
    ) -> Result<Linear> {
        let weight = self.weight(&format!("{name}.weight"), outputs, inputs)?;
        let bias_name = format!("{name}.bias");
        let bias = match self.scheme {
            InitScheme::KaimingUniform => {
                self.uniform(&bias_name, outputs, 1.0 / (inputs as f64).sqrt())
            }
            _ => vec![0.0; outputs],
        };
        let bias = Param::new(bias_name, &Tensor::from_vec(bias, outputs, self.device)?)?;
        Linear::new(weight, bias, activation)
    }

    /// A weight `name` `[outputs, inputs]`.
    ///
    /// Errors: if there would be no input or no output; if the device refuses.
    pub fn weight(self, name: &str, outputs: usize, inputs: usize) -> Result<Param> {
        if inputs == 0 || outputs == 0 {
            bail!(
                "{name}: expected at least one input and one output, found {inputs} and {outputs}"
            )
        }
        let numbers = outputs * inputs;
        let weight = match self.scheme {
            InitScheme::Normal => self.normal(name, numbers),
            InitScheme::XavierUniform => {
                self.uniform(name, numbers, (6.0 / (inputs + outputs) as f64).sqrt())
            }
            InitScheme::KaimingUniform => self.uniform(name, numbers, 1.0 / (inputs as f64).sqrt()),
        };
        Param::new(
            name,
            &Tensor::from_vec(weight, (outputs, inputs), self.device)?,
        )
    }

    /// Batch normalisation of a layer of `width` outputs: gain 1, running mean 0, running variance 1. Errors: if the device refuses.
    pub fn batch_norm(self, name: &str, width: usize) -> Result<BatchNorm> {
        BatchNorm::identity(&format!("{name}.batch_norm"), width, self.device)
    }

    fn normal(self, name: &str, n: usize) -> Vec<f32> {
        let mut rng = stream(self.seed, &format!("init.{name}"), 0);
        standard_normal(n, &mut rng)
            .into_iter()
            .map(|x| NORMAL_STD * x)
            .collect()
    }

    fn uniform(self, name: &str, n: usize, bound: f64) -> Vec<f32> {
        let mut rng = stream(self.seed, &format!("init.{name}"), 0);
        let bound = bound as f32;
        (0..n)
            .map(|_| (2.0 * rng.random::<f32>() - 1.0) * bound)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights of a layer of 300 inputs and 200 outputs, and its biases.
    fn weights_and_biases(scheme: InitScheme, seed: u64, name: &str) -> [Vec<f32>; 2] {
        let init = Init {
            scheme,
            seed,
            device: &Device::Cpu,
        };
        let layer = init.linear(name, 300, 200, Activation::None).unwrap();
        [0, 1].map(|i| {
            let numbers = layer.params()[i].tensor().flatten_all().unwrap();
            numbers.to_vec1().unwrap()
        })
    }

    fn weights(scheme: InitScheme, seed: u64, name: &str) -> Vec<f32> {
        let [weights, _] = weights_and_biases(scheme, seed, name);
        weights
    }

    fn std(xs: Vec<f32>) -> f64 {
        (xs.iter().map(|x| f64::from(x * x)).sum::<f64>() / xs.len() as f64).sqrt()
    }

    #[test]
    fn biases_are_drawn_like_kaiming_s_weights_and_zero_in_the_other_schemes() {
        let biases = |scheme| weights_and_biases(scheme, 0, "layer")[1].clone();
        for scheme in [InitScheme::Normal, InitScheme::XavierUniform] {
            assert_eq!(biases(scheme), [0.0; 200], "{scheme:?}");
        }
        let (found, expected) = (
            std(biases(InitScheme::KaimingUniform)),
            (1f64 / 300.0 / 3.0).sqrt(),
        );
        // Within two of its standard errors, for 200 numbers are few.
        assert!((found / expected - 1.0).abs() < 0.06, "{found}");
    }

    #[test]
    fn schemes_have_their_spread_around_0() {
        for (scheme, expected) in [
            (InitScheme::Normal, 0.01),
            (InitScheme::XavierUniform, (6f64 / 500.0 / 3.0).sqrt()),
            (InitScheme::KaimingUniform, (1f64 / 300.0 / 3.0).sqrt()),
        ] {
            let weights = weights(scheme, 0, "layer");
            let n = weights.len() as f64;
            let mean = weights.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
            let standard_error = expected / n.sqrt();
            assert!(mean.abs() < 4.0 * standard_error, "{scheme:?}: {mean}");
            let found = std(weights);
            assert!(
                (found / expected - 1.0).abs() < 0.01,
                "{scheme:?}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn a_layer_of_nothing_is_refused() {
        let init = Init {
            scheme: InitScheme::KaimingUniform,
            seed: 0,
            device: &Device::Cpu,
        };
        for (inputs, outputs) in [(0, 3), (3, 0)] {
            let layer = init.linear("layer", inputs, outputs, Activation::None);
            let error = layer.unwrap_err().to_string();
            assert!(
                error.contains("layer.weight: expected at least one"),
                "{error}"
            );
        }
    }

    #[test]
    fn weights_depend_on_seed_and_name_alone() {
        let base = weights(InitScheme::KaimingUniform, 0, "a");
        assert_eq!(base, weights(InitScheme::KaimingUniform, 0, "a"));
        assert_ne!(base, weights(InitScheme::KaimingUniform, 1, "a"));
        assert_ne!(base, weights(InitScheme::KaimingUniform, 0, "b"));
    }
}
