//! The data set that a command works on.

use std::path::{Path, PathBuf};

use aae_data::{DataError, Dataset, TrainTest, load, locate};
use aae_models::ImageShape;
use aae_train::data::fingerprint;
use aae_train::environment::Environment;

use crate::exit::UsageError;
use crate::shell;

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

/// What names the data of a run to a command that trains again; nothing for the project's own images, which it takes without.
pub(crate) fn words(dir: Option<&Path>) -> Vec<String> {
    let canonical = |dir: &Path| dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let project = locate(None, None).ok();
    let project = project.as_deref().map(canonical);
    let own = dir.filter(|dir| project != Some(canonical(dir)));
    own.map_or_else(Vec::new, |dir| {
        vec!["--data".to_owned(), dir.display().to_string()]
    })
}

/// The same as it is typed behind a command.
pub(crate) fn argument(dir: &Path) -> String {
    match words(Some(dir)).as_slice() {
        [] => String::new(),
        words => format!(" {}", shell::line(words)),
    }
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
    fn images_that_are_not_the_project_s_are_named_to_whoever_trains_again() {
        let project = locate(None, None).unwrap();
        for dir in [project.clone(), project.join("../mnist")] {
            assert_eq!(words(Some(&dir)), [""; 0]);
            assert_eq!(argument(&dir), "");
        }
        assert_eq!(words(None), [""; 0]);
        let own = Path::new("my images");
        assert_eq!(words(Some(own)), ["--data", "my images"]);
        assert_eq!(argument(own), " --data 'my images'");
    }

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
