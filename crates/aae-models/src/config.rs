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
    /// Ways of the label `y`: classes or clusters; 0 where there is no label.
    pub categories: usize,
    /// How initial weights are drawn.
    pub init: InitScheme,
    /// What the encoder says of `z`: one point, or a distribution.
    pub posterior: PosteriorConfig,
    /// Images to codes.
    pub encoder: EncoderConfig,
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

/// The hidden layers of the encoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Units of each hidden layer, from input to output. The paper's: `[1000, 1000]`.
    pub hidden: Vec<usize>,
    /// The activation after each hidden layer.
    pub activation: Activation,
    /// Whether every layer, the last included, is normalised over the batch before its activation (paper §6).
    pub batch_norm: bool,
}

/// The encoder's posterior q(z|x) (paper §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PosteriorConfig {
    /// `z` is a function of the image: the only noise is the data's.
    Deterministic {},
    /// `z ~ N(μ(x), σ(x)²)`, drawn by the reparametrisation of Kingma and Welling 2014.
    Gaussian {},
    /// `z = f(x, η)` with noise `η ~ N(0, I)` as a further input: any distribution.
    Universal {
        /// Dimensions of `η`, at least 1.
        noise_dim: usize,
    },
}

/// What the label `y` is to an autoencoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelUse {
    /// There is none: the decoder gets `z`.
    Absent,
    /// The decoder is given it beside `z` (paper §4).
    Given,
    /// The encoder infers it, and the decoder gets its probabilities beside `z` (paper §5 and §6).
    Inferred,
    /// The encoder infers it, and the decoder gets `W_C·y + z`: a head for each way, and the style around it (paper §7).
    Heads,
}

impl LabelUse {
    /// Whether the encoder infers the label.
    pub fn is_inferred(self) -> bool {
        matches!(self, Self::Inferred | Self::Heads)
    }
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
