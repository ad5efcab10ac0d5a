//! From an error to the exit code of the program: the errors of the libraries carry it, or are known here.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use aae_data::DataError;
use aae_eval::EvalError;
use aae_ops::ThreadsError;
use aae_train::checkpoint::CheckpointError;
use aae_train::config::ConfigErrors;
use aae_train::device::DeviceError;
use aae_train::durable::DurableError;
use aae_train::memory::MemoryError;
use aae_train::metrics::MetricsError;
use aae_train::run_dir::RunDirError;
use aae_train::state::RestoreError;
use aae_train::tensor_file::{TensorFileError, TensorMismatch};
use aae_train::{FitError, WarmStartError};
use aae_viz::VizError;

use crate::experiment::ExperimentError;
use crate::page::PageError;
use crate::text;

pub(crate) use aae_train::exit::{BUG, CANNOT_CREATE, DATA, IO, UNAVAILABLE, USAGE};

/// The command line asks for something that cannot be done.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for UsageError {}

/// A run that is to go on only where it was begun is somewhere else. The command is right, this machine is not.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: --strict: expected the machine and the program that the run was begun with, found {found}; go on there, or without --strict",
    .run.display()
)]
pub(crate) struct OtherMachine {
    /// The run folder.
    pub(crate) run: PathBuf,
    /// What differs.
    pub(crate) found: String,
}

/// A run is to go on, or to be kept as finished, on images that it was not trained on.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: holds a run on other {which} images: expected data {expected:.16}..., found {found:.16}...; give its own with --data DIR, or choose another folder",
    .run.display()
)]
pub(crate) struct OtherData {
    /// The run folder.
    pub(crate) run: PathBuf,
    /// `training` or `test`.
    pub(crate) which: &'static str,
    /// Fingerprint of the run's.
    pub(crate) expected: String,
    /// Fingerprint of those at hand.
    pub(crate) found: String,
}

/// An error in one line, with its causes; one that the line ends with already is not said again.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.ends_with(&cause) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&cause);
    }
    let remedy = error.chain().find_map(remedy);
    if let Some(remedy) = remedy.filter(|_| !line.contains("; ")) {
        line.push_str("; ");
        line.push_str(remedy);
    }
    text::message(&line)
}

/// What to do about what the system says, where that is the same wherever it says it.
fn remedy(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    Some(match cause.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::PermissionDenied => "check its permissions and those of its folder",
        io::ErrorKind::ReadOnlyFilesystem => "choose a folder that can be written to",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room there",
        _ => return None,
    })
}

/// The exit code for an error: that of the first cause which has one.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(of_cause).unwrap_or(BUG)
}

fn of_cause(cause: &(dyn Error + 'static)) -> Option<u8> {
    // An error that has a code of its own.
    macro_rules! carried {
        ($($error:ty),*) => {
            $(if let Some(error) = cause.downcast_ref::<$error>() {
                return Some(error.exit_code());
            })*
        };
    }
    if cause.is::<UsageError>() {
        return Some(USAGE);
    }
    carried!(FitError, WarmStartError, ConfigErrors, MetricsError);
    carried!(RunDirError, CheckpointError, TensorFileError);
    carried!(TensorMismatch, RestoreError, DurableError);
    carried!(DeviceError, ExperimentError, PageError);
    if let Some(error) = cause.downcast_ref::<DataError>() {
        return Some(of_data(error));
    }
    if let Some(error) = cause.downcast_ref::<EvalError>() {
        return Some(of_evaluation(error));
    }
    if cause.is::<OtherData>() {
        return Some(DATA);
    }
    if cause.is::<ThreadsError>() || cause.is::<OtherMachine>() || cause.is::<MemoryError>() {
        return Some(UNAVAILABLE);
    }
    if let Some(VizError::TooLarge { .. }) = cause.downcast_ref::<VizError>() {
        return Some(USAGE);
    }
    cause.is::<io::Error>().then_some(IO)
}

/// A directory that is not there was named wrongly; what is wrong in a file is bad data.
fn of_data(error: &DataError) -> u8 {
    match error {
        DataError::NotFound { .. }
        | DataError::NotADirectory { .. }
        | DataError::MissingFiles { .. }
        | DataError::HoldOut { .. }
        | DataError::ClassTooSmall { .. }
        | DataError::BatchSize { .. } => USAGE,
        DataError::Io { .. } => IO,
        _ => DATA,
    }
}

fn of_evaluation(error: &EvalError) -> u8 {
    match error {
        EvalError::Network(_) => BUG,
        _ => DATA,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_cause_is_not_said_twice() {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = anyhow::Error::new(missing()).context("x.png: could not write: no such file");
        assert_eq!(message(&error), "x.png: could not write: no such file");
        let error = anyhow::Error::new(missing()).context("x.png");
        assert_eq!(message(&error), "x.png: no such file");
    }

    #[test]
    fn the_code_is_found_below_any_context() {
        let error = Err::<(), _>(UsageError("no".to_owned()))
            .context("a")
            .context("b")
            .unwrap_err();
        assert_eq!(code(&error), 2);
        let error = anyhow::Error::from(io::Error::other("disk")).context("while writing");
        assert_eq!(code(&error), 74);
    }

    #[test]
    fn an_error_that_nobody_knows_is_a_bug() {
        assert_eq!(code(&anyhow::anyhow!("what is this")), 70);
    }
}
