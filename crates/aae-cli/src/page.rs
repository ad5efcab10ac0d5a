//! A run or an experiment as one HTML page that needs nothing else: no script, no network, no other file.
//!
//! A run folder may come from anybody. Every text of it is escaped ([`html`]), every file is bounded ([`files`]), and the page forbids
//! itself whatever is not in it.

mod chart;
mod epochs;
mod experiment;
mod files;
mod html;
mod parts;
mod run;

use std::io;
use std::path::{Path, PathBuf};

use aae_train::regular_file;

pub(crate) use experiment::of_experiment;
pub(crate) use run::of_run;

use crate::exit;

/// A file that a page needs cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// What a run of ours would not leave.
    #[error("{path}: {source}; remove it, or train the run again")]
    BadFile { path: PathBuf, source: io::Error },
    /// An I/O error.
    #[error("{path}: could not read: {source}")]
    Io { path: PathBuf, source: io::Error },
}

impl PageError {
    fn new(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match regular_file::is_bad_file(&source) {
            true => Self::BadFile { path, source },
            false => Self::Io { path, source },
        }
    }

    /// 65 for what a run would not leave, 74 for I/O errors.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::BadFile { .. } => exit::DATA,
            Self::Io { .. } => exit::IO,
        }
    }
}
