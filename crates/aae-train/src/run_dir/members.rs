//! What training writes into a run folder: the run's own files and folders, and no links out of it.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

use super::{
    CHECKPOINTS, CONFIG, ENVIRONMENT, FIGURES, LABELLED, LIST, LOCK, LOOK, METRICS, MODEL,
    RunDirError, SUMMARY, TRAIN_LOG,
};
use crate::checkpoint;
use crate::regular_file::describe;

type Kind = (&'static str, fn(&FileType) -> bool);

const FILE: Kind = ("a regular file", FileType::is_file);
const FOLDER: Kind = ("a directory", FileType::is_dir);
const MEMBERS: [(&str, Kind); 10] = [
    (LOCK, FILE),
    (METRICS, FILE),
    (TRAIN_LOG, FILE),
    (CHECKPOINTS, FOLDER),
    (FIGURES, FOLDER),
    (CONFIG, FILE),
    (ENVIRONMENT, FILE),
    (LABELLED, FILE),
    (MODEL, FILE),
    (SUMMARY, FILE),
];

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
            check_one(&entry.path(), FILE)?;
        }
    }
    Ok(())
}

fn check_one(path: &Path, (expected, is_right): Kind) -> Result<(), RunDirError> {
    // Of a link itself, not of what it names.
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(RunDirError::io(path, LOOK)(error)),
    };
    match is_right(&kind) {
        true => Ok(()),
        false => Err(RunDirError::Member {
            path: path.to_path_buf(),
            expected,
            found: describe(kind),
        }),
    }
}
