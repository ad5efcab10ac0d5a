//! The folder of one seed's run: whether it is there, of this configuration, on this data, and finished.

use std::path::Path;

use aae_train::checkpoint::load_newest;
use aae_train::config::{Config, Difference};
use aae_train::run_dir::RunDir;

use super::ExperimentError;
use crate::summary::{Outcome, Summary};

/// Most keys named of two configurations that differ.
const MOST_DIFFERENCES: usize = 12;

/// The run in a folder, if there is one, which is then of this configuration; nothing is locked or written.
///
/// Errors: if anything else is there.
pub(crate) fn look(folder: &Path, config: &Config) -> anyhow::Result<Option<RunDir>> {
    let Ok(run) = RunDir::open(folder) else {
        return match is_vacant(folder) {
            true => Ok(None),
            false => Err(ExperimentError::NotARun {
                folder: folder.to_path_buf(),
            }
            .into()),
        };
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

/// Whether nothing is there that a new run would get in the way of.
fn is_vacant(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .flatten()
            .all(|entry| entry.file_name().to_str() == Some("lock")),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Whether a run has done all of its steps and left its model.
///
/// Errors: if it was on other data, as far as its checkpoints are still there to say so.
pub(crate) fn is_finished(run: &RunDir, total_steps: u64, data: &str) -> anyhow::Result<bool> {
    let done =
        |summary: Summary| summary.outcome == Outcome::Finished && summary.step == total_steps;
    if !Summary::read(&run.summary()).is_some_and(done) || !run.model().is_file() {
        return Ok(false);
    }
    match load_newest(run) {
        Ok(newest) if newest.checkpoint.meta.data_fingerprint != data => {
            Err(ExperimentError::OtherData {
                folder: run.path().to_path_buf(),
                expected: data.to_owned(),
                found: newest.checkpoint.meta.data_fingerprint,
            }
            .into())
        }
        // A finished run whose checkpoints were removed, to save space, is finished all the same.
        _ => Ok(true),
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
