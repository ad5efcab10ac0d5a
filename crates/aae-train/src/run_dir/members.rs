//! What training writes into a run folder, and what each is called: the run's own files and folders, and no links out of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{LIST, LOOK, RunDir, RunDirError};
use crate::checkpoint;
use crate::regular_file::describe;

pub(super) const LOCK: &str = "lock";
pub(super) const CONFIG: &str = "config.toml";
pub(super) const METRICS: &str = "metrics.jsonl";
pub(super) const CHECKPOINTS: &str = "checkpoints";
pub(super) const FIGURES: &str = "figures";
const ENVIRONMENT: &str = "environment.json";
const TRAIN_LOG: &str = "train.log";
const LABELLED: &str = "labelled.json";
const MODEL: &str = "model.safetensors";
const SUMMARY: &str = "summary.json";

/// What a member is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A file that is replaced by one which was written whole.
    Whole,
    /// A file that is opened as it is: locked, or written at its end.
    InPlace,
    Folder,
}

/// All of them, in the order in which they are checked.
const MEMBERS: [(&str, Kind); 10] = [
    (LOCK, Kind::InPlace),
    (METRICS, Kind::InPlace),
    (TRAIN_LOG, Kind::InPlace),
    (CHECKPOINTS, Kind::Folder),
    (FIGURES, Kind::Folder),
    (CONFIG, Kind::Whole),
    (ENVIRONMENT, Kind::Whole),
    (LABELLED, Kind::Whole),
    (MODEL, Kind::Whole),
    (SUMMARY, Kind::Whole),
];

impl RunDir {
    /// `config.toml`: the resolved configuration.
    pub fn config(&self) -> PathBuf {
        self.root.join(CONFIG)
    }

    /// `environment.json`: what the run was made with.
    pub fn environment(&self) -> PathBuf {
        self.root.join(ENVIRONMENT)
    }

    /// `labelled.json`: which training images' labels the run may see.
    pub fn labelled(&self) -> PathBuf {
        self.root.join(LABELLED)
    }

    /// `metrics.jsonl`: losses and evaluations.
    pub fn metrics(&self) -> PathBuf {
        self.root.join(METRICS)
    }

    /// `train.log`: what the program said.
    pub fn train_log(&self) -> PathBuf {
        self.root.join(TRAIN_LOG)
    }

    /// `checkpoints/`.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join(CHECKPOINTS)
    }

    /// `checkpoints/step-<n>.safetensors`.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.checkpoints().join(checkpoint::file_name(step))
    }

    /// `checkpoints/diverged-step-<n>.safetensors`: the state that a loss was not finite in, kept for study.
    pub fn diverged(&self, step: u64) -> PathBuf {
        self.checkpoints()
            .join(format!("diverged-step-{step}.safetensors"))
    }

    /// `model.safetensors`: the autoencoder alone.
    pub fn model(&self) -> PathBuf {
        self.root.join(MODEL)
    }

    /// `figures/`.
    pub fn figures(&self) -> PathBuf {
        self.root.join(FIGURES)
    }

    /// `figures/epoch-NNNN/`, for the figures of an epoch before the last.
    pub fn epoch_figures(&self, epoch: u64) -> PathBuf {
        self.figures().join(format!("epoch-{epoch:04}"))
    }

    /// `summary.json`: the key figures at the end.
    pub fn summary(&self) -> PathBuf {
        self.root.join(SUMMARY)
    }
}

/// Whether a file of this name in the run folder itself is written whole.
pub(super) fn is_written_whole(name: &str) -> bool {
    MEMBERS.contains(&(name, Kind::Whole))
}

/// Errors: if one of them is there and is something else, or something else is called like a checkpoint. A run folder may come from
/// anywhere: through a link, training would cut and fill a file that is not the run's; over a directory, it could not save; and a link or
/// a pipe in place of a file that is written whole would be gone.
pub(super) fn check(root: &Path) -> Result<(), RunDirError> {
    for (name, kind) in MEMBERS {
        check_one(&root.join(name), kind)?;
    }
    let folder = root.join(CHECKPOINTS);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(RunDirError::io(&folder, LIST)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(RunDirError::io(&folder, LIST))?;
        let name = entry.file_name();
        if name.to_str().and_then(checkpoint::step_of).is_some() {
            check_one(&entry.path(), Kind::Whole)?;
        }
    }
    Ok(())
}

fn check_one(path: &Path, kind: Kind) -> Result<(), RunDirError> {
    // Of a link itself, not of what it names.
    let found = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(RunDirError::io(path, LOOK)(error)),
    };
    let (expected, is_right) = match kind {
        Kind::Whole | Kind::InPlace => ("a regular file", found.is_file()),
        Kind::Folder => ("a directory", found.is_dir()),
    };
    match is_right {
        true => Ok(()),
        false => Err(RunDirError::Member {
            path: path.to_path_buf(),
            expected,
            found: describe(found),
        }),
    }
}
