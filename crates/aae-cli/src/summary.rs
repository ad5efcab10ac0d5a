//! `summary.json`: how a run ended, with its key figures.

use std::collections::BTreeMap;
use std::path::Path;

use aae_train::durable::{self, DurableError};
use aae_train::metrics::{self, EvaluationLine, Line, MetricsError};
use aae_train::regular_file;
use serde::{Deserialize, Serialize};

use crate::costs::Costs;

/// How a run ended, and the last evaluation of each split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) outcome: Outcome,
    /// Steps done.
    pub(crate) step: u64,
    /// Steps of the whole run.
    pub(crate) total_steps: u64,
    /// The variant in the config's words.
    pub(crate) variant: String,
    /// The prior in a few words.
    pub(crate) prior: String,
    pub(crate) seed: u64,
    /// Time that the last process trained, evaluations and figures included.
    pub(crate) seconds: f64,
    /// What of it was not steps.
    #[serde(default)]
    pub(crate) costs: Costs,
    /// Number of parameters per network.
    pub(crate) parameters: BTreeMap<String, usize>,
    /// By split.
    pub(crate) evaluations: BTreeMap<String, EvaluationLine>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// All steps are done.
    Finished,
    /// It was asked to stop, and can go on.
    Stopped,
    /// A loss or weight is no longer finite.
    Diverged,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Diverged => "diverged",
        }
    }
}

impl Summary {
    pub(crate) fn write(&self, path: &Path) -> Result<(), DurableError> {
        durable::write_json(path, self)
    }

    /// The summary of a run, if it has ended and left one that can be read.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let bytes = regular_file::read(path, regular_file::MOST_SUMMARY).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// The last evaluation of each split in a metrics file, by split.
pub(crate) fn last_evaluations(
    metrics: &Path,
) -> Result<BTreeMap<String, EvaluationLine>, MetricsError> {
    let lines = metrics::read(metrics)?.into_iter();
    let evaluations = lines.filter_map(|line| match line {
        Line::Evaluation(line) => Some((line.split.clone(), line)),
        Line::Train(_) => None,
    });
    // Later ones replace earlier ones.
    Ok(evaluations.collect())
}
