//! Warm start: a run that begins with the networks of another, as far as those are the same.
//!
//! It begins with a checkpoint of step 0 that holds them, so that to go on with it, after an interruption, nothing of the other run is
//! needed.

use std::path::{Path, PathBuf};

use aae_models::ImageShape;
use candle_core::Device;

use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointMeta, load_newest};
use crate::config::{Config, LabelNeed};
use crate::exit;
use crate::run_dir::{RunDir, RunDirError};
use crate::state::capture;
use crate::tensor_file::Tensors;
use crate::variants::build;

/// A run could not be begun with another's networks.
#[derive(Debug, thiserror::Error)]
pub enum WarmStartError {
    /// The other is not a run.
    #[error("warm_start: {0}")]
    Run(#[from] RunDirError),
    /// It has no good checkpoint.
    #[error("warm_start: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// Its encoder has not one layer that is the same.
    #[error(
        "warm_start: {run}: expected an encoder with a layer that has name and shape of one of this run's, found none; make the layers of both as wide (model.encoder.hidden)"
    )]
    NothingFits {
        /// The other run.
        run: PathBuf,
    },
    /// The networks could not be built.
    #[error("the networks could not be built: {0}")]
    Candle(#[from] candle_core::Error),
}

impl WarmStartError {
    /// 2 if something is named that is no run or does not fit, 65 for a run without a good checkpoint, 74 for I/O errors.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Run(error) => error.exit_code(),
            Self::Checkpoint(error) => error.exit_code(),
            Self::NothingFits { .. } => exit::USAGE,
            Self::Candle(_) => exit::BUG,
        }
    }
}

/// The state of a run before its first step, with networks of another.
#[derive(Debug)]
pub struct WarmStart {
    /// Of step 0: the networks, and moments and counters of optimizers that have taken no step.
    pub checkpoint: Checkpoint,
    /// Steps that the other run had taken.
    pub steps: u64,
    /// The tensors that are the other run's, by name.
    pub taken: Vec<String>,
    /// Those that are drawn by the seed, as in any other run, for the other run's have another shape or are not there.
    pub drawn: Vec<String>,
    /// Whether the other run may have seen images that this one holds out, or labels that this one may not see.
    pub has_seen_more: bool,
    /// What is wrong with each newer checkpoint of the other run.
    pub warnings: Vec<String>,
}

impl WarmStart {
    /// The networks that `config` describes, each tensor that has the same name and shape in the newest checkpoint of the run in `from`
    /// taken from there: weights, biases and running statistics of encoder, decoder and discriminators. Writes nothing.
    ///
    /// Errors: if there is no run or no good checkpoint in `from`, or if no weight of its encoder fits.
    pub fn new(
        config: &Config,
        from: &Path,
        image: ImageShape,
        device: &Device,
        data_fingerprint: &str,
    ) -> Result<Self, WarmStartError> {
        let newest = load_newest(&RunDir::open(from)?)?;
        let other = newest.checkpoint;
        let variant = build(config, image, device)?;
        let (mut tensors, counters) = capture(variant.as_ref())?;
        let networks = variant.networks().into_iter();
        let names = networks.flat_map(|(_, params)| params);
        let names = names.map(|param| param.name().to_owned());
        let (taken, drawn): (Vec<_>, Vec<_>) =
            names.partition(|name| take(&other.tensors, name, &mut tensors));
        let is_weight = |name: &String| tensors[name].shape.len() > 1;
        if !taken
            .iter()
            .any(|name| name.starts_with("encoder.") && is_weight(name))
        {
            return Err(WarmStartError::NothingFits {
                run: from.to_path_buf(),
            });
        }
        let meta = CheckpointMeta {
            counters,
            ..CheckpointMeta::new(config, 0, 0, data_fingerprint)
        };
        Ok(Self {
            checkpoint: Checkpoint { tensors, meta },
            warnings: newest.warnings,
            steps: other.meta.step,
            has_seen_more: has_seen_more(&other.meta.config, config),
            taken,
            drawn,
        })
    }
}

/// Whether a run may know what `here` must not: its held-out images, or labels beyond its own.
fn has_seen_more(there: &Config, here: &Config) -> bool {
    let labels = |config: &Config| match config.variant.label_need() {
        LabelNeed::Never => Some(0),
        _ => config.data.labelled,
    };
    // The seed decides which images are held out, and which of the others have labels.
    let images = |config: &Config| (config.seed, config.data.validation, config.data.limit_train);
    let same = images(there) == images(here);
    let holds_out = here.data.validation > 0;
    let uses_labels = labels(there) != Some(0);
    (holds_out && !same) || (uses_labels && !(same && labels(there) == labels(here)))
}

/// Takes the tensor over if it has the same shape; whether it has.
fn take(from: &Tensors, name: &str, to: &mut Tensors) -> bool {
    match (from.get(name), to.get_mut(name)) {
        (Some(there), Some(here)) if there.shape == here.shape => {
            here.clone_from(there);
            true
        }
        _ => false,
    }
}
