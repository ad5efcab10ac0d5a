//! What a killed process leaves behind: temporary files that were never renamed, and a folder with nothing of a run in it.
//!
//! Only what the lock's holder alone writes is looked at. `sample` and `report` write beside a run without its lock, so a temporary file
//! of theirs may belong to a process that lives; so may a file that only looks like one of ours.

use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::path::Path;

use super::members::{CHECKPOINTS, FIGURES, LOCK, METRICS, is_written_whole};
use super::{LIST, RunDirError};
use crate::{checkpoint, durable};

/// Removes the temporary files of a locked run folder: regular files named after a file that training writes in that place.
pub(super) fn remove(root: &Path) -> Result<(), RunDirError> {
    remove_in(root, |name| is_written_whole(name) || is_damaged(name))?;
    remove_in(&root.join(CHECKPOINTS), is_checkpoint)?;
    let figures = root.join(FIGURES);
    remove_in(&figures, is_picture)?;
    for entry in entries(&figures)?.into_iter().flatten() {
        let entry = entry.map_err(RunDirError::io(&figures, LIST))?;
        if is_a(&entry, fs::FileType::is_dir) && is_epoch(&entry) {
            remove_in(&entry.path(), is_picture)?;
        }
    }
    Ok(())
}

/// Whether there is nothing in `root` that anyone could miss: no file but the lock and litter, no folder but empty ones of ours.
pub(super) fn is_vacant(root: &Path) -> Result<bool, RunDirError> {
    let list = |error| RunDirError::io(root, LIST)(error);
    for entry in entries(root)?.into_iter().flatten() {
        let entry = entry.map_err(list)?;
        let name = entry.file_name();
        let ours = match name.to_str() {
            Some(LOCK) => true,
            Some(CHECKPOINTS | FIGURES) => {
                is_a(&entry, fs::FileType::is_dir)
                    && entries(&entry.path())?.is_some_and(|mut inside| inside.next().is_none())
            }
            _ => {
                is_a(&entry, fs::FileType::is_file)
                    && durable::is_temporary(&name, is_written_whole)
            }
        };
        if !ours {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether this is a copy of metrics that could not be read.
fn is_damaged(name: &str) -> bool {
    let rest = name.strip_prefix(METRICS);
    rest.is_some_and(|rest| rest.starts_with(".damaged-"))
}

fn is_checkpoint(name: &str) -> bool {
    checkpoint::step_of(name.strip_prefix("diverged-").unwrap_or(name)).is_some()
}

fn is_picture(name: &str) -> bool {
    name.ends_with(".png")
}

fn is_epoch(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    name.to_str().is_some_and(|name| name.starts_with("epoch-"))
}

/// A symbolic link is what it is, not what it points to.
fn is_a(entry: &DirEntry, kind: impl Fn(&fs::FileType) -> bool) -> bool {
    entry.file_type().is_ok_and(|found| kind(&found))
}

fn remove_in(folder: &Path, is_member: impl Fn(&str) -> bool) -> Result<(), RunDirError> {
    for entry in entries(folder)?.into_iter().flatten() {
        let entry = entry.map_err(RunDirError::io(folder, LIST))?;
        if is_a(&entry, fs::FileType::is_file)
            && durable::is_temporary(&entry.file_name(), &is_member)
        {
            fs::remove_file(entry.path()).map_err(RunDirError::io(&entry.path(), "remove"))?;
        }
    }
    Ok(())
}

/// What is in a folder; nothing if there is no folder.
fn entries(folder: &Path) -> Result<Option<ReadDir>, RunDirError> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(Some(entries)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(RunDirError::io(folder, LIST)(error)),
    }
}
