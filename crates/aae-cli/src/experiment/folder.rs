//! The folder of one seed's run: whether it is there, and of this configuration.

use std::path::Path;

use aae_train::config::{Config, Difference};
use aae_train::run_dir::{RunDir, RunDirError};

use super::ExperimentError;

/// Most keys named of two configurations that differ.
const MOST_DIFFERENCES: usize = 12;

/// The run in a folder, if there is one, which is then of this configuration; nothing is locked or written.
///
/// Errors: if anything else is there.
pub(crate) fn look(folder: &Path, config: &Config) -> anyhow::Result<Option<RunDir>> {
    let in_the_way = || ExperimentError::NotARun {
        folder: folder.to_path_buf(),
    };
    let run = match RunDir::open(folder) {
        Ok(run) => run,
        Err(RunDirError::NotARun { .. }) => {
            return match RunDir::check_at(folder) {
                Ok(()) => Ok(None),
                Err(RunDirError::Exists { .. }) => Err(in_the_way().into()),
                Err(error) => Err(error.into()),
            };
        }
        Err(RunDirError::AFile { .. }) => return Err(in_the_way().into()),
        Err(error) => return Err(error.into()),
    };
    let there = run.read_config()?;
    match there == *config {
        true => Ok(Some(run)),
        false => Err(ExperimentError::OtherConfig {
            folder: folder.to_path_buf(),
            differences: differences(&there, config),
        }
        .into()),
    }
}

/// Each key in which two configurations differ, a line each.
fn differences(there: &Config, here: &Config) -> String {
    let differences = here.differences(there);
    let shown = differences.iter().take(MOST_DIFFERENCES);
    let mut lines: Vec<String> = shown
        .map(|Difference { key, here, there }| format!("  {key}: {there} there, {here} asked for"))
        .collect();
    if let more @ 1.. = differences.len() - lines.len() {
        lines.push(format!("  and {more} more"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use aae_train::config::Override;

    use super::*;

    fn config(sets: &[&str]) -> Config {
        let sets: Vec<Override> = sets.iter().map(|text| Override::set(text)).collect();
        Config::resolve("aae", None, &sets).unwrap()
    }

    #[test]
    fn differences_are_named_by_their_keys() {
        let here = config(&["prior.std=3", "data.limit_train=500"]);
        assert_eq!(
            differences(&config(&[]), &here),
            "  data.limit_train: absent there, 500 asked for\n  prior.std: 5.0 there, 3.0 asked for"
        );
    }

    #[test]
    fn a_folder_is_vacant_a_run_or_in_the_way() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("s0");
        assert!(look(&folder, &config(&[])).unwrap().is_none());
        std::fs::create_dir(&folder).unwrap();
        assert!(look(&folder, &config(&[])).unwrap().is_none());
        // As a process leaves it that is killed before the configuration stands.
        drop(RunDir::create_at(&folder).unwrap());
        assert!(look(&folder, &config(&[])).unwrap().is_none());
        std::fs::write(folder.join("note.txt"), "mine").unwrap();
        let error = look(&folder, &config(&[])).unwrap_err();
        assert_eq!(crate::exit::code(&error), 73);
        std::fs::write(folder.join("config.toml"), config(&["epochs=5"]).to_toml()).unwrap();
        assert!(look(&folder, &config(&["epochs=5"])).unwrap().is_some());
        let error = look(&folder, &config(&["epochs=3"])).unwrap_err();
        assert_eq!(crate::exit::code(&error), 73);
        assert!(error.to_string().contains("epochs: 5 there, 3 asked for"));
    }
}
