//! The runs in a folder of runs, and the one used last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{LIST, RunDir, RunDirError};

/// The run folders directly in `runs`, sorted by name; none if `runs` does not exist.
///
/// Errors: if `runs` cannot be listed.
pub fn list(runs: &Path) -> Result<Vec<RunDir>, RunDirError> {
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(RunDirError::io(runs, LIST)(error)),
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(RunDirError::io(runs, LIST))?;
    paths.sort();
    Ok(paths
        .iter()
        .filter_map(|path| RunDir::open(path).ok())
        .collect())
}

/// The run in `runs` that was written to last, of those that `suits` takes, or of all if it takes none.
///
/// Errors: if there is none at all.
pub fn newest(runs: &Path, suits: impl Fn(&RunDir) -> bool) -> Result<RunDir, RunDirError> {
    list(runs)?
        .into_iter()
        .max_by_key(|run| (suits(run), last_written(run)))
        .ok_or_else(|| RunDirError::NoRuns {
            runs: runs.to_path_buf(),
        })
}

/// When training last wrote one of the run's files; figures and samples made afterwards do not count.
fn last_written(run: &RunDir) -> Option<SystemTime> {
    [run.config(), run.metrics(), run.model()]
        .iter()
        .filter_map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
        .max()
}
