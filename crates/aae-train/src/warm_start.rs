//! Warm start: a run that begins with the networks of another, as far as those are the same.
//!
//! It begins with a checkpoint of step 0 that holds them, so that to go on with it, after an interruption, nothing of the other run is
//! needed.

use std::path::{Path, PathBuf};

use aae_models::ImageShape;
use candle_core::Device;

use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointMeta, Newest, load_newest};
use crate::config::{Config, LabelNeed};
use crate::environment::Environment;
use crate::exit;
use crate::model_file::ModelFile;
use crate::run_dir::{RunDir, RunDirError};
use crate::state::capture;
use crate::tensor_file::{TensorFileError, Tensors};
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
    /// It has no checkpoint, and its model is bad.
    #[error("warm_start: {0}")]
    Model(#[from] TensorFileError),
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
            Self::Model(error) => error.exit_code(),
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
    /// What is wrong with each newer checkpoint of the other run, and what else is to be known of it.
    pub warnings: Vec<String>,
}

/// What there is of the other run.
struct Source {
    tensors: Tensors,
    config: Config,
    step: u64,
    /// Fingerprint of its training images, if that is known.
    data: Option<String>,
    warnings: Vec<String>,
}

impl Source {
    /// The newest checkpoint in `from`, or the model if the checkpoints were removed, to save space.
    fn read(from: &Path) -> Result<Self, WarmStartError> {
        let run = RunDir::open(from)?;
        match load_newest(&run) {
            Ok(Newest {
                checkpoint: Checkpoint { tensors, meta },
                warnings,
                ..
            }) => Ok(Self {
                tensors,
                config: meta.config,
                step: meta.step,
                data: Some(meta.data_fingerprint),
                warnings,
            }),
            Err(CheckpointError::NoCheckpoint { .. }) if run.model().is_file() => {
                let ModelFile { tensors, meta } = ModelFile::read(&run.model())?;
                Ok(Self {
                    tensors,
                    config: meta.config,
                    step: meta.step,
                    data: Environment::read(&run.environment()).and_then(|e| e.data_fingerprint),
                    warnings: vec![format!(
                        "{}: no checkpoint found, so what there is was taken from {}, which has no discriminators",
                        run.checkpoints().display(),
                        run.model().display()
                    )],
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl WarmStart {
    /// The networks that `config` describes, each tensor that has the same name and shape in the newest checkpoint of the run in `from`
    /// taken from there: weights, biases and running statistics of encoder, decoder and discriminators. Writes nothing. If the other run's
    /// checkpoints were removed, encoder and decoder are those of its model.
    ///
    /// Errors: as [`check`](Self::check); if no weight of the other encoder fits.
    pub fn new(
        config: &Config,
        from: &Path,
        image: ImageShape,
        device: &Device,
        data_fingerprint: &str,
    ) -> Result<Self, WarmStartError> {
        let mut other = Source::read(from)?;
        let mut variant = build(config, image, device)?;
        let (mut tensors, counters) = capture(variant.as_mut())?;
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
        if let Some(first) = other.config.warm_start_folder() {
            other.warnings.push(format!(
                "{} began with {} itself: what that run has seen is in these networks, too",
                from.display(),
                first.display()
            ));
        }
        let meta = CheckpointMeta {
            counters,
            ..CheckpointMeta::new(config, 0, 0, data_fingerprint)
        };
        Ok(Self {
            checkpoint: Checkpoint { tensors, meta },
            has_seen_more: has_seen_more(
                &other.config,
                config,
                other.data.as_deref() == Some(data_fingerprint),
            ),
            warnings: other.warnings,
            steps: other.step,
            taken,
            drawn,
        })
    }

    /// Errors: if there is no run in `from`, or neither a good checkpoint nor, without any, a good model.
    pub fn check(from: &Path) -> Result<(), WarmStartError> {
        Source::read(from).map(drop)
    }
}

/// Whether a run may know what `here` must not: its held-out images, or labels beyond its own.
fn has_seen_more(there: &Config, here: &Config, same_data: bool) -> bool {
    // Of a split and seed a larger draw of labels has all of a smaller one.
    let labels = |config: &Config| match config.variant.label_need() {
        LabelNeed::Never => 0,
        _ => config.data.labelled.unwrap_or(usize::MAX),
    };
    // The seed decides which images are held out, and which of the others have labels.
    let images = |config: &Config| (config.seed, config.data.validation, config.data.limit_train);
    let same = same_data && images(there) == images(here);
    let holds_out = here.data.validation > 0;
    let uses_labels = labels(there) > 0;
    (holds_out && !same) || (uses_labels && !(same && labels(there) <= labels(here)))
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
