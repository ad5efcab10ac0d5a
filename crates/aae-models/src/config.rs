//! What a model is built from: plain structs that a configuration file states in full.

use aae_ops::Activation;
use serde::{Deserialize, Serialize};

/// Height and width of one grey image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageShape {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl ImageShape {
    /// Pixels of one image.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }
}

/// The three networks of an adversarial autoencoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Dimensions of the latent code `z`.
    pub latent_dim: usize,
    /// How initial weights are drawn.
    pub init: InitScheme,
    /// Images to codes.
    pub encoder: NetworkConfig,
    /// Codes to images.
    pub decoder: NetworkConfig,
    /// Codes to one logit: drawn from the prior, or made by the encoder?
    pub discriminator: NetworkConfig,
}

/// The hidden layers of one multilayer perceptron.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Units of each hidden layer, from input to output. The paper's: `[1000, 1000]`.
    pub hidden: Vec<usize>,
    /// The activation after each hidden layer.
    pub activation: Activation,
}

/// How initial weights are drawn. Biases start at zero but for `kaiming_uniform`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitScheme {
    /// The paper's `N(0, 0.01²)` (appendix A).
    Normal,
    /// `U(-a, a)` with `a = √(6 / (in + out))` (Glorot and Bengio 2010).
    XavierUniform,
    /// `U(-a, a)` with `a = 1/√in`, for weights and biases: the default of `torch.nn.Linear` (He et al. 2015 with slope √5).
    KaimingUniform,
}

/// The reconstruction phase's loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconstructionLoss {
    /// `(x̂ - x)²`, mean over pixels and batch.
    MeanSquaredError,
    /// `½ Σ (x̂ - x)²`, summed over pixels, mean over the batch: the paper's.
    HalfSquaredError,
    /// Binary cross-entropy in nats, summed over pixels, mean over the batch.
    BinaryCrossEntropy,
}
