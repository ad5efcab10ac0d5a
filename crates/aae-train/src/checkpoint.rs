//! The state of a run in one file, from which training goes on to the same bytes as if it had never stopped.
//!
//! No generator state is in it: every random number is keyed by seed, purpose and step. `docs/formats.md` describes the file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

mod store;

pub use store::{CheckpointError, Newest, Saved, load_newest, load_newest_that, newest_step, save};
pub(crate) use store::{file_name, step_of};

use crate::config::Config;
use crate::durable::{Disk, Fs};
use crate::tensor_file::{self, TensorFileCause, TensorFileError, Tensors};

const KIND: &str = "checkpoint";

/// No run takes more steps, and every number up to here is exact as an `f64`.
const MOST_STEPS: u64 = 1 << 53;

/// Everything that a run needs to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Networks and optimizer moments, by name.
    pub tensors: Tensors,
    /// Everything else.
    pub meta: CheckpointMeta,
}

/// The part of a checkpoint that is not tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointMeta {
    /// The run's resolved configuration.
    pub config: Config,
    /// [`Config::hash`] of it.
    pub config_hash: String,
    /// Steps done.
    pub step: u64,
    /// Epochs done, whole ones.
    pub epoch: u64,
    /// What the training data was, so that other data is refused on resuming.
    pub data_fingerprint: String,
    /// The lowest validation error so far, where there is a validation set.
    pub best: Option<BestValidation>,
    /// Whole numbers that belong to the state, by name: the optimizers' step counts.
    pub counters: BTreeMap<String, u64>,
}

/// The lowest validation error of a run so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestValidation {
    /// The step after which it was measured, which is that of a checkpoint.
    pub step: u64,
    /// The reconstruction error, finite.
    pub error: f64,
}

impl CheckpointMeta {
    /// Metadata of a state `step` steps and `epoch` whole epochs into the run, with no best validation and no counters yet.
    pub fn new(config: &Config, step: u64, epoch: u64, data_fingerprint: &str) -> Self {
        Self {
            config: config.clone(),
            config_hash: config.hash(),
            step,
            epoch,
            data_fingerprint: data_fingerprint.to_owned(),
            best: None,
            counters: BTreeMap::new(),
        }
    }
}

impl Checkpoint {
    /// Writes the checkpoint durably to `path`, whatever its values are: also for a diverged state that is kept for study.
    ///
    /// Errors: any I/O error; what that leaves is said at [`DurableError`](crate::durable::DurableError).
    pub fn write(&self, path: &Path) -> Result<(), TensorFileError> {
        self.write_in(&Disk, path)
    }

    fn write_in(&self, fs: &dyn Fs, path: &Path) -> Result<(), TensorFileError> {
        tensor_file::write_in(fs, path, KIND, &self.tensors, &self.meta)
    }
}

/// Reads one checkpoint.
///
/// Errors: if it cannot be read, is damaged, of another format, not finite, or if its config is not valid.
pub fn load(path: &Path) -> Result<Checkpoint, TensorFileError> {
    load_in(&Disk, path)
}

fn load_in(fs: &dyn Fs, path: &Path) -> Result<Checkpoint, TensorFileError> {
    check(tensor_file::read_in(fs, path, KIND)?, path)
}

/// As [`load`], of a file's bytes; `path` is only named in errors.
pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Checkpoint, TensorFileError> {
    check(tensor_file::parse(bytes, path, KIND)?, path)
}

fn check(
    (tensors, meta): (Tensors, CheckpointMeta),
    path: &Path,
) -> Result<Checkpoint, TensorFileError> {
    let bad = |message| TensorFileError {
        path: path.to_path_buf(),
        cause: TensorFileCause::Meta(message),
    };
    meta.config
        .validate()
        .map_err(|errors| bad(errors.to_string()))?;
    let found = meta.config.hash();
    if meta.config_hash != found {
        return Err(bad(format!(
            "expected config hash {}, found {found}",
            meta.config_hash
        )));
    }
    let counters = meta.counters.iter();
    let steps = counters.map(|(name, steps)| (name.as_str(), *steps));
    for (name, steps) in steps.chain([("step", meta.step), ("epoch", meta.epoch)]) {
        if steps > MOST_STEPS {
            return Err(bad(format!(
                "{name}: expected at most {MOST_STEPS}, found {steps}"
            )));
        }
    }
    Ok(Checkpoint { tensors, meta })
}
