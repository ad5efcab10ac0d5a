//! `results.json`: what an experiment has found, in its folder.

use std::collections::BTreeMap;
use std::path::Path;

use aae_train::config::Config;
use aae_train::durable::{self, DurableError};
use aae_train::environment::Environment;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ExperimentError;
use super::estimate::Estimate;

/// Of the file's layout.
pub(super) const FORMAT_VERSION: u32 = 1;

/// The figures of several runs that differ by their seeds alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) format_version: u32,
    /// Name of the folder.
    pub(crate) experiment: String,
    pub(crate) preset: String,
    /// The command line that wrote this file.
    pub(crate) command: Vec<String>,
    /// The program's arguments that repeat it anywhere: without threads, device and absolute paths.
    pub(crate) repeat: Vec<String>,
    /// Revisions of the program that trained, without repetitions.
    pub(crate) git_revisions: Vec<String>,
    /// The configuration without its seed.
    pub(crate) config: Map<String, Value>,
    /// SHA-256 of the configuration with seed 0, as its `config.toml` has it.
    pub(crate) config_hash: String,
    pub(crate) seeds: Vec<u64>,
    /// Whole epochs of each run.
    pub(crate) epochs: u64,
    /// Steps of each run.
    pub(crate) steps: u64,
    pub(crate) steps_per_epoch: u64,
    /// Mean over the runs.
    pub(crate) minutes_per_seed: Option<f64>,
    /// In the order of steps; the last one is after the last step.
    pub(crate) evaluations: Vec<Moment>,
    /// In the order of the seeds.
    pub(crate) runs: Vec<SeedRun>,
}

/// The figures of one split after so many steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moment {
    /// Whole epochs done.
    pub(crate) epoch: u64,
    pub(crate) step: u64,
    pub(crate) split: String,
    pub(crate) figures: BTreeMap<String, Estimate>,
}

/// One of the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeedRun {
    pub(crate) seed: u64,
    /// Time that it trained, over all of its interruptions; absent if that is not known.
    pub(crate) minutes: Option<f64>,
    /// What it was begun with, if that could be read.
    pub(crate) environment: Option<Environment>,
}

impl Results {
    /// Writes the file durably.
    pub(crate) fn write(&self, path: &Path) -> Result<(), DurableError> {
        durable::write_json(path, self)
    }

    /// From the bytes of the file at `path`; whatever is wrong with them is said, and later code may rely on what is checked here.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ExperimentError> {
        let bad = |message: String| ExperimentError::Results {
            path: path.to_path_buf(),
            message,
        };
        let results: Self =
            serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
        let n = results.seeds.len();
        if results.format_version != FORMAT_VERSION {
            let found = results.format_version;
            return Err(bad(format!(
                "expected format version {FORMAT_VERSION}, found {found}"
            )));
        }
        if n == 0 || results.runs.len() != n {
            let found = results.runs.len();
            return Err(bad(format!(
                "expected a run for each of the seeds, found {found} runs and {n} seeds"
            )));
        }
        let mut estimates = results
            .evaluations
            .iter()
            .flat_map(|moment| moment.figures.values());
        if let Some(estimate) = estimates.find(|estimate| estimate.values.len() != n) {
            let found = estimate.values.len();
            return Err(bad(format!(
                "expected {n} values of a figure, one for each seed, found {found}"
            )));
        }
        Ok(results)
    }

    /// The configuration of the run with this seed.
    ///
    /// Errors: if it is none that this program knows; `path` is the file, for the message.
    pub(crate) fn config(&self, path: &Path, seed: u64) -> Result<Config, ExperimentError> {
        let bad = |message: String| ExperimentError::Results {
            path: path.to_path_buf(),
            message,
        };
        let mut entries = self.config.clone();
        entries.insert("seed".to_owned(), seed.into());
        let config: Config = serde_json::from_value(Value::Object(entries))
            .map_err(|error| bad(format!("config: {error}")))?;
        config
            .validate()
            .map_err(|errors| bad(errors.to_string()))?;
        Ok(config)
    }

    /// Whether the runs end with an epoch, and not within one.
    pub(crate) fn ends_with_epoch(&self) -> bool {
        self.epochs > 0 && self.epochs.checked_mul(self.steps_per_epoch) == Some(self.steps)
    }

    /// The moments of one split: of the test images, or else of the first split there is.
    pub(crate) fn main_moments(&self) -> Vec<&Moment> {
        let is_test = |moment: &&Moment| moment.split == "test";
        let first = self.evaluations.iter().find(is_test);
        let Some(first) = first.or(self.evaluations.first()) else {
            return Vec::new();
        };
        let of_split = self.evaluations.iter();
        of_split
            .filter(|moment| moment.split == first.split)
            .collect()
    }
}
