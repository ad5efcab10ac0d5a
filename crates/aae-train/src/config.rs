//! A run's configuration: every number that decides its outcome, as plain structs in the layout of the TOML files.
//!
//! A preset states all of it; `--config FILE`, flags and `--set` change parts ([`Config::resolve`]). The resolved configuration is
//! written to the run folder before the first step. Where the data lies and how many threads work are not part of it.

use std::path::{Path, PathBuf};

use aae_models::prior::PriorConfig;
use aae_models::{ImageShape, ModelConfig, ReconstructionLoss};
use aae_ops::Precision;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod decode;
mod differences;
pub(crate) mod error;
mod excerpt;
mod layers;
mod validate;
mod variant;

pub use differences::Difference;
pub use error::{ConfigError, ConfigErrors};
pub use excerpt::Excerpt;
pub use layers::Override;
pub(crate) use variant::LabelNeed;
pub use variant::VariantKind;

use crate::corruption::CorruptionConfig;
use crate::presets;
use crate::schedule::Schedule;

/// A run's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which training algorithm.
    pub variant: VariantKind,
    /// Seed of everything random: initial weights, order of the images, draws of the prior. At most 2⁶³ - 1.
    pub seed: u64,
    /// Passes over the training images.
    pub epochs: u64,
    /// Images per step.
    pub batch_size: usize,
    /// Steps between two lines of losses, at least 1.
    pub log_every: u64,
    /// Steps between two checkpoints, at least 1.
    pub checkpoint_every: u64,
    /// Epochs between two evaluations, at least 1.
    pub evaluate_every: u64,
    /// Epochs between two sets of figures; 0: only after the last.
    pub figures_every: u64,
    /// Where to stop, in steps, if before the last epoch's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
    /// The folder of a run whose networks this one begins with, as far as their names and shapes are the same; `{seed}` in it stands
    /// for the seed. Absent: the seed draws them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<String>,
    /// How precisely a training step multiplies; parameters and moments are `f32`, and so is every evaluation. Absent: `f32`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// Which images and labels.
    pub data: DataConfig,
    /// What is done to the images before the encoder sees them; the target stays clean.
    pub corruption: CorruptionConfig,
    /// The networks.
    pub model: ModelConfig,
    /// The distribution that the codes shall follow.
    pub prior: PriorConfig,
    /// What is minimised.
    pub loss: LossConfig,
    /// What keeps the adversarial game in balance.
    pub regularization: RegularizationConfig,
    /// One optimizer per phase.
    pub optimizer: OptimizersConfig,
}

fn is_default(precision: &Precision) -> bool {
    *precision == Precision::default()
}

/// Which images a run trains on, and whose labels it may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Training images held out for validation.
    pub validation: usize,
    /// Train on so many images only, after holding out; absent: on all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_train: Option<usize>,
    /// Of so many of the images trained on, as many of each class, the labels may be seen; absent: of all, by a variant that
    /// uses labels. A variant that uses none sees none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled: Option<usize>,
}

/// What is minimised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossConfig {
    /// How far a reconstruction is from its image.
    pub reconstruction: ReconstructionLoss,
    /// Variants that infer the label: share, in `[0, 1]`, of the reconstruction's gradient that reaches it; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_gradient: Option<f64>,
}

/// What keeps the adversarial game in balance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegularizationConfig {
    /// Standard deviation of the Gaussian noise added to real and fake codes before the discriminator sees them.
    pub discriminator_input_noise: f64,
    /// After how many steps half of that noise is left, after as many again a quarter, and so on; absent: it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator_noise_half_life: Option<u64>,
    /// Variant `dimensionality_reduction`: how far apart the cluster heads are kept, in the units of the codes; 0: anywhere.
    pub head_distance: f64,
    /// Variant `supervised`: the discriminator sees the label beside the code, so that the codes of every class follow the
    /// prior and not only those of all classes together; absent: it sees the code alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub label_in_discriminator: bool,
}

/// The optimizer of each phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizersConfig {
    /// Moves encoder and decoder.
    pub reconstruction: OptimizerConfig,
    /// Moves each discriminator.
    pub discriminator: OptimizerConfig,
    /// Moves the encoder against the discriminators.
    pub generator: OptimizerConfig,
    /// Moves the encoder towards the labels.
    pub classification: OptimizerConfig,
}

/// One phase's optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Which algorithm.
    pub kind: OptimizerKind,
    /// Learning rate, before the schedule; above 0, and at most `f32::MAX`.
    pub lr: f64,
    /// Adam: decay of the first moment, in `[0, 1)`.
    pub beta1: f64,
    /// Adam: decay of the second moment, in `[0, 1)`.
    pub beta2: f64,
    /// Adam: added to the root of the second moment; in the range of `f32`, above 0.
    pub epsilon: f64,
    /// SGD: momentum, in `[0, 1)`.
    pub momentum: f64,
    /// Share of a weight added to its gradient.
    pub weight_decay: f64,
    /// Longest allowed gradient, as the Euclidean norm over all of the phase's parameters; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// How the learning rate changes during the run.
    pub schedule: Schedule,
}

/// An optimization algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerKind {
    /// Adam, Kingma and Ba 2015.
    Adam,
    /// Gradient descent with momentum.
    Sgd,
}

impl Config {
    /// The configuration of a run: the preset, changed by `file`, changed by `overrides` in their order (flags before `--set`).
    ///
    /// A later layer that changes the `kind` of the prior or of a schedule replaces that table as a whole.
    ///
    /// Errors: everything that is wrong, at once: an unknown preset, a file that cannot be read or parsed, unknown and missing keys, wrong
    /// types, values that make no sense. Each with its path and where it came from.
    pub fn resolve(
        preset: &str,
        file: Option<&Path>,
        overrides: &[Override],
    ) -> Result<Self, ConfigErrors> {
        let base = match presets::preset(preset) {
            Ok(preset) => preset,
            Err(error) => return Err(ConfigErrors::new(vec![error])),
        };
        let mut errors = Vec::new();
        let base = layers::Layers::preset(base)?;
        let mut layers = base.clone();
        if let Some(file) = file {
            layers.add_file(file, &mut errors);
        }
        layers.add_overrides(overrides, &mut errors);
        decode::decode(&layers, &base.table, errors)
    }

    /// A configuration that states everything, such as a run's `config.toml`, from its text; `origin` names it in errors.
    ///
    /// Errors: as [`resolve`](Self::resolve); a missing key is an error.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ConfigErrors> {
        let mut layers = layers::Layers::default();
        layers
            .add_text(text, origin)
            .map_err(|error| ConfigErrors::new(vec![error]))?;
        let base = layers::Layers::preset(presets::default())?;
        let config = decode::decode(&layers, &base.table, Vec::new());
        config.map_err(|errors| errors.in_file(origin))
    }

    /// The canonical TOML form: every value, in the order of the structs. Reading it gives an equal configuration.
    pub fn to_toml(&self) -> String {
        // Neither a map with keys that are not strings nor a number beyond TOML's is in a valid configuration.
        toml::to_string(self).unwrap_or_else(|error| format!("# not representable: {error}\n"))
    }

    /// SHA-256 of the canonical form, in hexadecimal.
    pub fn hash(&self) -> String {
        crate::hex(&Sha256::digest(self.to_toml()))
    }

    /// Whether the ways of the label are clusters of the variant's own making, with no known label that says which is which.
    pub fn infers_clusters(&self) -> bool {
        self.variant.label_use().is_inferred()
            && (self.variant.label_need() == LabelNeed::Never || self.data.labelled == Some(0))
    }

    /// How many steps the run has: `epochs` times `steps_per_epoch`, or `max_steps` if that is less.
    pub fn total_steps(&self, steps_per_epoch: u64) -> u64 {
        let steps = self.epochs.saturating_mul(steps_per_epoch);
        self.max_steps.map_or(steps, |max| steps.min(max))
    }

    /// The folder that [`warm_start`](Self::warm_start) names for this seed.
    pub fn warm_start_folder(&self) -> Option<PathBuf> {
        let named = self.warm_start.as_ref()?;
        Some(named.replace("{seed}", &self.seed.to_string()).into())
    }

    /// Checks every value that can be checked without the data.
    ///
    /// Errors: all of them at once.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        ConfigErrors::if_any(validate::problems(self))
    }

    /// Checks the values that depend on the data: at least one full batch must be left after holding out, labels must be
    /// those that there are, and the networks for images of this size must fit into memory.
    ///
    /// Errors: all of them at once.
    pub fn validate_for(
        &self,
        training_images: usize,
        classes: usize,
        image: ImageShape,
    ) -> Result<(), ConfigErrors> {
        let problems = validate::problems_with_data(self, training_images, classes, image);
        ConfigErrors::if_any(problems)
    }

    /// As many weights as all networks for such images have together, or a few more.
    pub(crate) fn most_weights(&self, image: ImageShape) -> u64 {
        let model = &self.model;
        let autoencoder = model.autoencoder_weights(image, self.variant.label_use());
        let discriminators = match self.variant.is_adversarial() {
            // Some have one for the code, with the label or without, and some have another for the label.
            true => [
                model
                    .latent_dim
                    .saturating_add(model.categories)
                    .saturating_add(1),
                model.categories,
            ]
            .map(|inputs| model.discriminator_weights(inputs)),
            false => [0, 0],
        };
        let all = discriminators.into_iter();
        all.fold(autoencoder, u64::saturating_add)
    }
}
