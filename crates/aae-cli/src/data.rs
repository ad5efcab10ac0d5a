//! The data set that a command works on.

use std::path::{Path, PathBuf};

use aae_data::{DataError, Dataset, TrainTest, load, locate};
use aae_models::ImageShape;
use aae_train::data::fingerprint;
use aae_train::environment::Environment;

use crate::exit::UsageError;

/// A data set that was found and read.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) dir: PathBuf,
    pub(crate) data: TrainTest,
    /// Of the training images.
    pub(crate) fingerprint: String,
}

/// Finds and reads the data of a run: `--data`, else the folder that the run was trained on if it is still there, else as
/// [`read`]. Images other than the run's own are warned of.
pub(crate) fn of_run(explicit: Option<&Path>, run: Option<&Path>) -> anyhow::Result<Found> {
    let environment = run.and_then(|run| Environment::read(&run.join("environment.json")));
    let (home, own) = environment.map_or((None, None), |e| (e.data, e.data_fingerprint));
    let home = home.filter(|home| explicit.is_none() && home.is_dir());
    let (dir, data) = read(explicit.or(home.as_deref()))?;
    let fingerprint = fingerprint(&data.train);
    if let (Some(own), Some(run)) = (own, run)
        && fingerprint != own
    {
        let advice = match explicit {
            Some(_) => "",
            None => "; its own are named with --data DIR",
        };
        tracing::warn!(
            "{} was trained on other images than those of {}{advice}",
            run.display(),
            dir.display()
        );
    }
    Ok(Found {
        dir,
        data,
        fingerprint,
    })
}

/// The size of the images.
pub(crate) fn image_shape(images: &Dataset) -> ImageShape {
    ImageShape {
        height: images.height(),
        width: images.width(),
    }
}

/// Finds and reads the data: `--data`, else `AAE_DATA`, else the MNIST that comes with the project. Also says where it was.
fn read(explicit: Option<&Path>) -> anyhow::Result<(PathBuf, TrainTest)> {
    let env = std::env::var_os("AAE_DATA").map(PathBuf::from);
    let dir = locate(explicit, env.as_deref()).map_err(with_advice)?;
    let data = load(&dir)?;
    tracing::debug!("read {}", dir.display());
    Ok((dir, data))
}

/// The library knows no flags: how a directory is named is said here.
fn with_advice(error: DataError) -> anyhow::Error {
    match error {
        DataError::NotFound { .. } => {
            UsageError(format!("{error} by --data DIR or AAE_DATA")).into()
        }
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{code, message};

    #[test]
    fn where_no_data_is_found_it_is_said_how_to_name_some() {
        let looked = vec![PathBuf::from("clone/data/mnist")];
        let error = with_advice(DataError::NotFound { looked });
        assert_eq!(
            message(&error),
            "no data set found; looked in clone/data/mnist; \
             name a directory with the four MNIST files by --data DIR or AAE_DATA"
        );
        assert_eq!(code(&error), 2);
    }
}
