//! The data set that a command works on.

use std::path::{Path, PathBuf};

use aae_data::{DataError, TrainTest, load, locate};

/// Finds and reads the data: `--data`, else `AAE_DATA`, else the MNIST that comes with the project. Also says where it was.
pub(crate) fn read(explicit: Option<&Path>) -> Result<(PathBuf, TrainTest), DataError> {
    let env = std::env::var_os("AAE_DATA").map(PathBuf::from);
    let dir = locate(explicit, env.as_deref())?;
    let data = load(&dir)?;
    tracing::debug!("read {}", dir.display());
    Ok((dir, data))
}
