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

impl ModelConfig {
    /// Weights and biases of encoder and decoder for such images, with the running statistics of batch normalisation.
    ///
    /// Nothing is allocated, and what does not fit into 64 bits is [`u64::MAX`]: a model can be refused before it is made.
    pub fn autoencoder_weights(&self, image: ImageShape, label: LabelUse) -> u64 {
        let encoder = self.encoder_weights(image, label);
        encoder.saturating_add(self.decoder_weights(image, label))
    }

    /// Those of the encoder, with the running statistics, as [`autoencoder_weights`](Self::autoencoder_weights).
    pub fn encoder_weights(&self, image: ImageShape, label: LabelUse) -> u64 {
        let (latent_dim, categories) = (self.latent_dim as u64, self.categories as u64);
        let (noise_dim, style_heads) = match self.posterior {
            PosteriorConfig::Deterministic {} => (0, 1),
            PosteriorConfig::Gaussian {} => (0, 2),
            PosteriorConfig::Universal { noise_dim } => (noise_dim as u64, 1),
        };
        let inferred = if label.is_inferred() { categories } else { 0 };
        let said = latent_dim
            .saturating_mul(style_heads)
            .saturating_add(inferred);
        // Its bias, and with batch normalisation gain, mean and variance.
        let of_units = if self.encoder.batch_norm { 4 } else { 1 };
        let inputs = pixels(image).saturating_add(noise_dim);
        weights(inputs, &self.encoder.hidden, said, of_units)
    }

    /// Those of the decoder, with its cluster heads, as [`autoencoder_weights`](Self::autoencoder_weights).
    pub fn decoder_weights(&self, image: ImageShape, label: LabelUse) -> u64 {
        let (latent_dim, categories) = (self.latent_dim as u64, self.categories as u64);
        let (inputs, heads) = match label {
            LabelUse::Absent => (latent_dim, 0),
            LabelUse::Given | LabelUse::Inferred => (categories.saturating_add(latent_dim), 0),
            LabelUse::Heads => (latent_dim, categories.saturating_mul(latent_dim)),
        };
        weights(inputs, &self.decoder.hidden, pixels(image), 1).saturating_add(heads)
    }

    /// Weights and biases of a discriminator of `inputs` numbers, as [`autoencoder_weights`](Self::autoencoder_weights).
    pub fn discriminator_weights(&self, inputs: usize) -> u64 {
        weights(inputs as u64, &self.discriminator.hidden, 1, 1)
    }
}

/// As [`ImageShape::pixels`], or [`u64::MAX`].
fn pixels(image: ImageShape) -> u64 {
    (image.height as u64).saturating_mul(image.width as u64)
}

/// Of layers from `inputs` through `hidden` to `outputs` units, each with one weight an input and `of_units` further ones: its bias, at
/// the least.
fn weights(inputs: u64, hidden: &[usize], outputs: u64, of_units: u64) -> u64 {
    let widths = hidden.iter().map(|width| *width as u64).chain([outputs]);
    let (sum, _) = widths.fold((0_u64, inputs), |(sum, before), width| {
        let layer = before.saturating_add(of_units).saturating_mul(width);
        (sum.saturating_add(layer), width)
    });
    sum
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

/// The encoder's posterior q(z|x) (paper §2).
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
    /// `U(-a, a)` with `a = 1/√in`, for weights and biases: the default of `torch.nn.Linear` (He et al. 2015 with slope √5). Cluster
    /// heads are drawn as rows of a layer from `latent_dim` numbers, so that they begin further apart than those of one from `categories`.
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
