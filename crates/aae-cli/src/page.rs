//! A run or an experiment as one HTML page that needs nothing else: no script, no network, no other file.
//!
//! A run folder may come from anybody. Every text of it is escaped ([`html`]), every file is bounded ([`files`]), and the page forbids
//! itself whatever is not in it.

mod chart;
mod experiment;
mod files;
mod html;
mod parts;
mod run;

use std::io;
use std::path::PathBuf;

pub(crate) use experiment::of_experiment;
pub(crate) use run::of_run;

/// A bad file.
const DATA: u8 = 65;
/// An I/O error.
const IO: u8 = 74;

/// A file that a page needs cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// Not a file, but a folder, a device or a pipe.
    #[error(
        "{path}: expected a regular file, found something else; remove it, or train the run again"
    )]
    NotAFile { path: PathBuf },
    /// More than a run of ours would leave.
    #[error(
        "{path}: expected at most {most} bytes, found {found}; this is not a file that training wrote"
    )]
    TooLarge {
        path: PathBuf,
        most: u64,
        found: u64,
    },
    /// An I/O error.
    #[error("{path}: could not read: {source}")]
    Io { path: PathBuf, source: io::Error },
}

impl PageError {
    /// 65 for what a run would not leave, 74 for I/O errors.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NotAFile { .. } | Self::TooLarge { .. } => DATA,
            Self::Io { .. } => IO,
        }
    }
}
