//! From finished runs to the results of an experiment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aae_train::config::Config;
use aae_train::environment::Environment;
use aae_train::metrics::{self, EvaluationLine, Line, MetricsError};
use aae_train::regular_file;
use aae_train::run_dir::RunDir;
use serde_json::{Map, Value};

use super::estimate::Estimate;
use super::results::{FORMAT_VERSION, Moment, Results, SeedRun};
use crate::summary::Summary;

/// What is known of an experiment without its runs.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) experiment: String,
    pub(crate) preset: &'a str,
    pub(crate) repeat: Vec<String>,
    /// Any of the runs'; its seed does not matter.
    pub(crate) config: &'a Config,
    pub(crate) seeds: &'a [u64],
    pub(crate) steps_per_epoch: u64,
    /// Epochs before the last whose figures are wanted too.
    pub(crate) at: &'a [u64],
    /// What was measured on the test images after the last step beside what a run measures itself: for each of the seeds, or none.
    pub(crate) measured: &'a [BTreeMap<String, f64>],
}

impl Subject<'_> {
    fn total_steps(&self) -> u64 {
        self.config.total_steps(self.steps_per_epoch)
    }
}

/// The results of finished runs, which are in the order of the seeds.
///
/// Errors: if a run's metrics cannot be read. What else a run lacks is warned of and absent from the results.
pub(crate) fn results(subject: &Subject<'_>, runs: &[RunDir]) -> Result<Results, MetricsError> {
    let mut evaluations = Vec::new();
    let mut seeds = Vec::new();
    for (index, (run, seed)) in runs.iter().zip(subject.seeds).enumerate() {
        let lines = metrics::read(&run.metrics())?;
        let summary = Summary::read(&run.summary());
        let seconds = summary.and_then(|summary| seconds(&lines, summary.seconds));
        seeds.push(SeedRun {
            seed: *seed,
            minutes: seconds.map(|seconds| seconds / 60.0),
            environment: environment(&run.environment()),
        });
        let mut found = by_moment(lines);
        let last = found.get_mut(&(subject.total_steps(), "test".to_owned()));
        if let (Some(last), Some(measured)) = (last, subject.measured.get(index)) {
            last.metrics.extend(measured.clone());
        }
        evaluations.push(found);
    }
    let with_seed_0 = Config {
        seed: 0,
        ..subject.config.clone()
    };
    let minutes: Option<Vec<f64>> = seeds.iter().map(|run| run.minutes).collect();
    Ok(Results {
        format_version: FORMAT_VERSION,
        experiment: subject.experiment.clone(),
        preset: subject.preset.to_owned(),
        command: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        repeat: subject.repeat.clone(),
        git_revisions: revisions(&seeds),
        config: without_seed(subject.config),
        config_hash: with_seed_0.hash(),
        seeds: subject.seeds.to_vec(),
        epochs: subject.total_steps() / subject.steps_per_epoch.max(1),
        steps: subject.total_steps(),
        steps_per_epoch: subject.steps_per_epoch,
        minutes_per_seed: minutes
            .and_then(|minutes| Estimate::of(minutes.into_iter().map(Some).collect()).mean),
        evaluations: moments(subject, &evaluations),
        runs: seeds,
    })
}

/// A run's evaluations by step and split.
type Evaluations = BTreeMap<(u64, String), EvaluationLine>;

fn by_moment(lines: Vec<Line>) -> Evaluations {
    let evaluations = lines.into_iter().filter_map(|line| match line {
        Line::Evaluation(line) => Some(((line.step, line.split.clone()), line)),
        Line::Train(_) => None,
    });
    evaluations.collect()
}

/// Each wanted moment over all runs: those of `at`, and the last.
fn moments(subject: &Subject<'_>, runs: &[Evaluations]) -> Vec<Moment> {
    let at = subject.at.iter();
    let steps: BTreeSet<u64> = at
        .map(|epoch| epoch.saturating_mul(subject.steps_per_epoch))
        .chain([subject.total_steps()])
        .collect();
    let mut moments = Vec::new();
    for step in steps {
        let found = || {
            runs.iter()
                .flat_map(BTreeMap::values)
                .filter(|line| line.step == step)
        };
        let splits: BTreeSet<&String> = found().map(|line| &line.split).collect();
        if splits.is_empty() {
            tracing::warn!("no run has an evaluation after step {step}");
        }
        for split in splits {
            let lines: Vec<Option<&EvaluationLine>> = runs
                .iter()
                .map(|run| run.get(&(step, split.clone())))
                .collect();
            moments.push(moment(subject, step, split, &lines));
        }
    }
    moments
}

fn moment(
    subject: &Subject<'_>,
    step: u64,
    split: &str,
    lines: &[Option<&EvaluationLine>],
) -> Moment {
    let figures: Vec<BTreeMap<&str, f64>> = lines
        .iter()
        .map(|line| line.map_or_else(BTreeMap::new, figures))
        .collect();
    let names: BTreeSet<&str> = figures.iter().flat_map(|run| run.keys().copied()).collect();
    let estimate = |name: &str| {
        let estimate = Estimate::of(figures.iter().map(|run| run.get(name).copied()).collect());
        for (seed, _) in subject
            .seeds
            .iter()
            .zip(&estimate.values)
            .filter(|(_, value)| value.is_none())
        {
            tracing::warn!(
                "seed {seed}: no finite {name} of the {split} images after step {step}; it has no mean"
            );
        }
        estimate
    };
    Moment {
        epoch: step / subject.steps_per_epoch.max(1),
        step,
        split: split.to_owned(),
        figures: names
            .into_iter()
            .map(|name| (name.to_owned(), estimate(name)))
            .collect(),
    }
}

/// Every figure of an evaluation by its name, but for those that are not finite: a model without a decoder has no reconstruction error.
pub(crate) fn figures(line: &EvaluationLine) -> BTreeMap<&str, f64> {
    let others = line
        .metrics
        .iter()
        .map(|(name, value)| (name.as_str(), *value));
    others
        .chain([("reconstruction_error", line.reconstruction_error)])
        .filter(|(_, value)| value.is_finite())
        .collect()
}

/// Time that a run trained: each of its processes counts from nought, so that the times of an interrupted run are added.
///
/// `ended`, the last process' time in the summary, has what it did after the last line too.
pub(crate) fn seconds(lines: &[Line], ended: f64) -> Option<f64> {
    let times = lines.iter().filter_map(|line| match line {
        Line::Train(line) => Some(line.seconds).filter(|seconds| seconds.is_finite()),
        Line::Evaluation(_) => None,
    });
    let (mut before, mut last) = (0.0, 0.0);
    for seconds in times {
        if seconds < last {
            before += last;
        }
        last = seconds;
    }
    Some(before + last.max(ended)).filter(|seconds| seconds.is_finite())
}

fn environment(path: &Path) -> Option<Environment> {
    let read = regular_file::read(path, regular_file::MOST_SUMMARY)
        .map_err(|error| error.to_string())
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
    match read {
        Ok(environment) => Some(environment),
        Err(error) => {
            tracing::warn!("{}: could not read: {error}", path.display());
            None
        }
    }
}

/// What trained the runs, without repetitions.
fn revisions(runs: &[SeedRun]) -> Vec<String> {
    let mut revisions: Vec<String> = Vec::new();
    let environments = runs.iter().filter_map(|run| run.environment.as_ref());
    for revision in environments.filter_map(|environment| environment.git_revision.as_ref()) {
        if !revisions.contains(revision) {
            revisions.push(revision.clone());
        }
    }
    if revisions.len() > 1 {
        tracing::warn!(
            "the runs were trained by different revisions of the program: {}",
            revisions.join(", ")
        );
    }
    revisions
}

fn without_seed(config: &Config) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(mut entries)) => {
            entries.remove("seed");
            entries
        }
        // A configuration is a struct, and so an object.
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use aae_train::metrics::TrainLine;

    use super::*;

    fn line(step: u64, seconds: f64) -> Line {
        Line::Train(TrainLine {
            step,
            epoch: 1,
            losses: BTreeMap::new(),
            lr: BTreeMap::new(),
            images_per_second: 1.0,
            seconds,
        })
    }

    #[test]
    fn the_time_of_an_interrupted_run_is_that_of_all_its_processes() {
        let lines = [line(1, 10.0), line(2, 20.0), line(3, 4.0), line(4, 8.0)];
        assert_eq!(seconds(&lines, 9.5), Some(29.5));
        // A finished run that was resumed only drew its figures again.
        assert_eq!(seconds(&lines, 0.5), Some(28.0));
    }
}
