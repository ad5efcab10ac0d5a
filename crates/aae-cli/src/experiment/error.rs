//! What can be wrong with the folder of an experiment, or with the page that its row belongs in.

use std::path::PathBuf;

use crate::exit;

/// An experiment cannot be made or shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExperimentError {
    /// The run of this seed was made with another configuration.
    #[error(
        "{folder}: holds a run of another configuration:\n{differences}\nchoose another folder with --out, or move this one away"
    )]
    OtherConfig {
        folder: PathBuf,
        /// A line for each key.
        differences: String,
    },
    /// Something that is no run is where a seed's run belongs.
    #[error(
        "{folder}: expected a run folder, an empty folder or nothing, found files but no config.toml; move it away, or choose another --out"
    )]
    NotARun { folder: PathBuf },
    /// `results.json` is not one of ours.
    #[error(
        "{path}: not the results of an experiment: {message}; the `experiment` command writes it anew"
    )]
    Results { path: PathBuf, message: String },
    /// The page has no place for the row.
    #[error("{path}: {message}")]
    Page { path: PathBuf, message: String },
}

impl ExperimentError {
    /// 73 where another run is in the way, else 65.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::OtherConfig { .. } | Self::NotARun { .. } => exit::CANNOT_CREATE,
            Self::Results { .. } | Self::Page { .. } => exit::DATA,
        }
    }
}
