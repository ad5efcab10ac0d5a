//! The checkpoints of a run folder: which are kept, and which one a run goes on from.

use std::io;
use std::path::{Path, PathBuf};

use super::{Checkpoint, CheckpointMeta, load_in};
use crate::durable::{Disk, Fs};
use crate::exit;
use crate::planted;
use crate::run_dir::RunDir;
use crate::tensor_file::{TensorFileError, check_finite};

#[cfg(test)]
mod power_loss;

/// How many of the newest checkpoints are kept: if one turns out damaged, there is another.
const KEPT: usize = 2;

/// A run's checkpoints could not be saved or found.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// One file could not be written or read.
    #[error(transparent)]
    File(#[from] TensorFileError),
    /// The folder cannot be listed.
    #[error("{path}: could not list: {source}")]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no checkpoint.
    #[error("{path}: no checkpoint found; the run stopped before its first")]
    NoCheckpoint {
        /// The folder.
        path: PathBuf,
    },
    /// There are checkpoints, and every one is bad.
    #[error(
        "{path}: no usable checkpoint:\n  {}\n  nothing was changed: mend what is said, or begin a new run",
        .errors.join("\n  ")
    )]
    AllBad {
        /// The folder.
        path: PathBuf,
        /// What is wrong with each.
        errors: Vec<String>,
        /// Whether one could not be read, and so may be good.
        unreadable: bool,
    },
}

impl CheckpointError {
    /// 65 for bad or absent checkpoints, 73 or 74 for I/O errors, one that cannot be read among bad ones too.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(error) => error.exit_code(),
            Self::List { .. }
            | Self::AllBad {
                unreadable: true, ..
            } => exit::IO,
            Self::NoCheckpoint { .. } | Self::AllBad { .. } => exit::DATA,
        }
    }
}

/// A checkpoint was saved.
#[derive(Debug)]
pub struct Saved {
    /// The file.
    pub path: PathBuf,
    /// Old checkpoints that could not be removed.
    pub warnings: Vec<String>,
}

/// The newest good checkpoint of a run.
#[derive(Debug)]
pub struct Newest {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with each newer one, if this is not the newest.
    pub warnings: Vec<String>,
}

/// Saves a checkpoint under its step, and only then removes old ones: the newest two stay, and the best.
///
/// Checkpoints of later steps, which are there after resuming from an older one, are left alone until the run reaches them.
///
/// Errors: if a value is not finite (nothing is written then), or on an I/O error; the checkpoints that were there stay.
pub fn save(run: &RunDir, checkpoint: &Checkpoint) -> Result<Saved, CheckpointError> {
    save_in(&Disk, &run.checkpoints(), checkpoint)
}

/// Loads the newest checkpoint that is whole, and says what is wrong with newer ones.
///
/// Errors: if there is none, or if none is whole.
pub fn load_newest(run: &RunDir) -> Result<Newest, CheckpointError> {
    load_newest_that(run, |_| Ok(()))
}

/// As [`load_newest`], of the checkpoints that `suits` takes; what it says of another counts as what is wrong with that.
pub fn load_newest_that(
    run: &RunDir,
    suits: impl Fn(&CheckpointMeta) -> Result<(), String>,
) -> Result<Newest, CheckpointError> {
    load_newest_in(&Disk, &run.checkpoints(), suits)
}

/// The step of the newest checkpoint, if there is one, as its name says: it is not looked into.
///
/// Errors: if the folder cannot be listed.
pub fn newest_step(run: &RunDir) -> Result<Option<u64>, CheckpointError> {
    Ok(steps(&Disk, &run.checkpoints())?.last().copied())
}

fn save_in(fs: &dyn Fs, folder: &Path, checkpoint: &Checkpoint) -> Result<Saved, CheckpointError> {
    let path = folder.join(file_name(checkpoint.meta.step));
    check_finite(&checkpoint.tensors).map_err(|cause| TensorFileError {
        path: path.clone(),
        cause,
    })?;
    if planted::has("old-removed-first") {
        for step in steps(fs, folder)? {
            let _ = fs.remove_file(&folder.join(file_name(step)));
        }
    }
    checkpoint.write_in(fs, &path)?;
    let warnings = match prune(fs, folder, checkpoint) {
        Ok(warnings) => warnings,
        Err(error) => vec![error.to_string()],
    };
    Ok(Saved { path, warnings })
}

fn load_newest_in(
    fs: &dyn Fs,
    folder: &Path,
    suits: impl Fn(&CheckpointMeta) -> Result<(), String>,
) -> Result<Newest, CheckpointError> {
    let (mut warnings, mut unreadable) = (Vec::new(), false);
    for step in steps(fs, folder)?.into_iter().rev() {
        let path = folder.join(file_name(step));
        match load_in(fs, &path) {
            // The name decides which is the newest, and which ones are old enough to be removed.
            Ok(Checkpoint { meta, .. }) if meta.step != step => warnings.push(format!(
                "{}: expected the state after step {step}, as the name says, found step {found}; call it {name} to have it used",
                path.display(),
                found = meta.step,
                name = file_name(meta.step),
            )),
            Ok(checkpoint) => match suits(&checkpoint.meta) {
                Ok(()) => {
                    return Ok(Newest {
                        checkpoint,
                        path,
                        warnings,
                    });
                }
                Err(why) => warnings.push(format!("{}: {why}", path.display())),
            },
            Err(error) => {
                unreadable |= error.exit_code() == exit::IO;
                warnings.push(error.to_string());
            }
        }
    }
    let path = folder.to_path_buf();
    Err(match warnings.is_empty() {
        true => CheckpointError::NoCheckpoint { path },
        false => CheckpointError::AllBad {
            path,
            errors: warnings,
            unreadable,
        },
    })
}

/// Removes the checkpoints before the newest ones, up to the one just saved.
fn prune(fs: &dyn Fs, folder: &Path, saved: &Checkpoint) -> Result<Vec<String>, CheckpointError> {
    let best = saved.meta.best.map(|best| best.step);
    let mut past = steps(fs, folder)?;
    past.retain(|step| *step <= saved.meta.step);
    let old = &past[..past.len().saturating_sub(KEPT)];
    let mut warnings = Vec::new();
    for step in old.iter().filter(|step| Some(**step) != best) {
        let path = folder.join(file_name(*step));
        if let Err(error) = fs.remove_file(&path) {
            warnings.push(format!(
                "{}: could not remove an old checkpoint: {error}",
                path.display()
            ));
        }
    }
    Ok(warnings)
}

/// The steps of the checkpoints in a folder, ascending; none if there is no folder.
fn steps(fs: &dyn Fs, folder: &Path) -> Result<Vec<u64>, CheckpointError> {
    let names = match fs.names(folder) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(CheckpointError::List {
                path: folder.to_path_buf(),
                source,
            });
        }
    };
    let mut steps: Vec<u64> = names
        .iter()
        .filter_map(|name| name.to_str().and_then(step_of))
        .collect();
    steps.sort_unstable();
    Ok(steps)
}

/// What the checkpoint of a step is called in the folder of checkpoints.
pub(crate) fn file_name(step: u64) -> String {
    format!("step-{step}.safetensors")
}

/// The step in a checkpoint's file name, if it is one.
pub(crate) fn step_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("step-")?.strip_suffix(".safetensors")?;
    // `+5` and `05` are not names that we give.
    digits
        .parse()
        .ok()
        .filter(|step: &u64| step.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_checkpoints() {
        assert_eq!(step_of("step-0.safetensors"), Some(0));
        assert_eq!(
            step_of("step-18446744073709551615.safetensors"),
            Some(u64::MAX)
        );
        for name in [
            "step-05.safetensors",
            "step-+5.safetensors",
            "step-18446744073709551616.safetensors",
            "step-5.safetensors.bak",
            "diverged-step-5.safetensors",
            ".step-5.safetensors.1-0.aae.tmp",
        ] {
            assert_eq!(step_of(name), None, "{name}");
        }
    }
}
