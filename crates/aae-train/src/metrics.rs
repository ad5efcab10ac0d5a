//! `metrics.jsonl`: a line of JSON per logged step and per evaluation, for people, plots and other programs.
//!
//! Without its times (`seconds`, `images_per_second`) the file is the same for every run of one config, interrupted or not.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

mod file;

pub use file::{Cut, MetricsWriter, from_bytes, read};

use crate::exit;

/// A line of `metrics.jsonl`.
///
/// A number that is not finite is written as `null` and read as NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// What training logs every `log_every` steps.
    Train(TrainLine),
    /// What a model was worth on a part of the data.
    Evaluation(EvaluationLine),
}

impl Line {
    /// Steps done when the line was written.
    pub fn step(&self) -> u64 {
        match self {
            Self::Train(line) => line.step,
            Self::Evaluation(line) => line.step,
        }
    }
}

/// A logged step of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainLine {
    /// Steps done, this one included.
    pub step: u64,
    /// Which epoch the step belongs to, counted from 1.
    pub epoch: u64,
    /// Each loss of this step, by name.
    #[serde(deserialize_with = "numbers_or_null")]
    pub losses: BTreeMap<String, f64>,
    /// The learning rate of each phase in this step, by name.
    #[serde(deserialize_with = "numbers_or_null")]
    pub lr: BTreeMap<String, f64>,
    /// Speed since the last line.
    #[serde(deserialize_with = "number_or_null")]
    pub images_per_second: f64,
    /// Time since the process began to train.
    #[serde(deserialize_with = "number_or_null")]
    pub seconds: f64,
}

/// An evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationLine {
    /// Steps done.
    pub step: u64,
    /// Whole epochs done.
    pub epoch: u64,
    /// Which part of the data: `test`, `validation`.
    pub split: String,
    /// Mean squared error over pixels and images; not a number for a variant without a decoder.
    #[serde(deserialize_with = "number_or_null")]
    pub reconstruction_error: f64,
    /// Further figures, by name, on the same level as the fields above.
    #[serde(flatten, deserialize_with = "numbers_or_null")]
    pub metrics: BTreeMap<String, f64>,
}

/// A metrics file could not be written or read. Training can go on without it.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// An I/O error.
    #[error("{path}: could not {action}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What failed, such as "open", "create", "write" or "cut".
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A line is not one of ours.
    #[error("{path}:{line}: not a line of metrics: {message}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl MetricsError {
    /// 65 for a bad line and what is no file of metrics, 73 if the file cannot be created, 74 for other I/O errors.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io {
                action: OPEN | READ,
                source,
                ..
            } => exit::read(source),
            Self::Io { source, .. } => exit::io(source),
            Self::Line { .. } => exit::DATA,
        }
    }
}

// What was tried with a file that is there, where nothing was to be written.
const OPEN: &str = "open";
const READ: &str = "read";

fn number_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

fn numbers_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, f64>, D::Error> {
    let numbers = BTreeMap::<String, Option<f64>>::deserialize(deserializer)?;
    Ok(numbers
        .into_iter()
        .map(|(name, number)| (name, number.unwrap_or(f64::NAN)))
        .collect())
}
