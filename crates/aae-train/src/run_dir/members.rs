//! What training writes in place into a run folder: the run's own files and folders, and no links out of it.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

use super::{CHECKPOINTS, FIGURES, LOCK, METRICS, RunDirError, TRAIN_LOG};

type Kind = (&'static str, fn(&FileType) -> bool);

const FILE: Kind = ("a regular file", FileType::is_file);
const FOLDER: Kind = ("a folder", FileType::is_dir);

/// Everything else gets its name by renaming, which replaces a link instead of following it.
const WRITTEN_IN_PLACE: [(&str, Kind); 5] = [
    (LOCK, FILE),
    (METRICS, FILE),
    (TRAIN_LOG, FILE),
    (CHECKPOINTS, FOLDER),
    (FIGURES, FOLDER),
];

/// Errors: if one of them is there and is something else. A run folder may come from anywhere: through a link, training would cut and
/// fill a file that is not the run's.
pub(super) fn check(root: &Path) -> Result<(), RunDirError> {
    for (name, (expected, is_right)) in WRITTEN_IN_PLACE {
        let path = root.join(name);
        // Of a link itself, not of what it names.
        let kind = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(RunDirError::io(&path, "look at")(error)),
        };
        if !is_right(&kind) {
            let found = match kind {
                kind if kind.is_symlink() => "a link",
                kind if kind.is_dir() => "a folder",
                kind if kind.is_file() => "a file",
                _ => "a pipe, socket or device",
            };
            return Err(RunDirError::Member {
                path,
                expected,
                found,
            });
        }
    }
    Ok(())
}
