//! `train`: from a configuration to a trained run, or from an interrupted run to its end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use aae_train::checkpoint::{Checkpoint, save};
use aae_train::config::Config;
use aae_train::durable::{self, DurableError};
use aae_train::observer::Observer;
use aae_train::run_dir::RunDir;
use aae_train::{FitError, Job, Outcome, WarmStart, fit};
use anyhow::Context;

mod flags;
mod prepare;
mod resume;

pub(crate) use flags::{ChangeArgs, TrainArgs, anywhere_else};
pub(crate) use prepare::Prepared;
use resume::{check_data, checkpoint_of, must_be_alike, warn_of_differences};
pub(crate) use resume::{finished, go_on};

use crate::briefing::{self, Ending};
use crate::costs::{Costs, FirstStep};
use crate::evaluate::Measure;
use crate::exit::UsageError;
use crate::figures::Figures;
use crate::logging::LogFile;
use crate::output;
use crate::progress::Progress;
use crate::signals::Stop;
use crate::summary::{self, Summary, last_evaluations};
use crate::text::{count, plural, table};
use crate::trained::run_path;

pub(crate) fn run(args: &TrainArgs, log: &LogFile) -> anyhow::Result<ExitCode> {
    // Clap would not ask for --resume beside a flag that --resume excludes.
    if args.strict && args.resume.is_none() {
        let message = "--strict: expected --resume DIR beside it, the run to go on with";
        return Err(UsageError(message.to_owned()).into());
    }
    if args.dry_run {
        return dry_run(args);
    }
    let (mut prepared, run, checkpoint) = match &args.resume {
        Some(path) => {
            let path = run_path(path);
            let config = RunDir::open(&path)?.read_config()?;
            let prepared = Prepared::new(config, &args.data, Some(&path), &args.place)?;
            let run = RunDir::resume(&path)?;
            if let Some(summary) = finished(&run, &prepared)? {
                return say_finished(&run, &summary);
            }
            if args.strict {
                must_be_alike(&run, &prepared)?;
            }
            let checkpoint = go_on(&prepared, &run, log)?;
            (prepared, run, checkpoint)
        }
        None => {
            let prepared = Prepared::new(args.resolve()?, &args.data, None, &args.place)?;
            // Looked for before there is a folder.
            let warm_start = prepared.warm_start()?;
            let run = args.create(&prepared.config)?;
            let checkpoint = begin(&prepared, &run, log, warm_start)?;
            (prepared, run, checkpoint)
        }
    };
    prepared.figures = !args.no_figures;
    let from = checkpoint.as_ref().map_or(0, |there| there.meta.step);
    let stop = Stop::install().context("could not install the signal handlers")?;
    let ended = train(&prepared, &run, checkpoint, &stop)?;
    match ended.outcome {
        Outcome::Finished { step } => {
            briefing::say(&briefing::ending(&Ending {
                config: &prepared.config,
                data: &prepared.data,
                image: prepared.beginning(run.path()).image,
                folder: run.path(),
                step,
                from,
                time: ended.time,
                evaluation: ended.summary.evaluations.get("test"),
            }));
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Stopped { step } => {
            let (signal, code) = stop.signal();
            let hint = briefing::resume_hint(run.path());
            briefing::say(&format!(
                "stopped by {signal} after step {} and saved; to go on:\n  {hint}",
                count(step)
            ));
            Ok(ExitCode::from(code))
        }
    }
}

fn say_finished(run: &RunDir, summary: &Summary) -> anyhow::Result<ExitCode> {
    output::print(&format!(
        "{}: finished already, all {} are done; nothing was changed\n",
        run.path().display(),
        plural(summary.total_steps, "step")
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes into a new run folder what is known before the first step, and gives the checkpoint that a warm start begins with.
pub(super) fn begin(
    prepared: &Prepared,
    run: &RunDir,
    log: &LogFile,
    warm_start: Option<WarmStart>,
) -> anyhow::Result<Option<Checkpoint>> {
    run.write_config(&prepared.config)?;
    prepared.environment.write(&run.environment())?;
    record_labels(prepared, run)?;
    open_log(log, run);
    // A run that goes on has no choice any more.
    if prepared.config.precision.is_slower_than_f32() {
        tracing::warn!("on this CPU `--precision f32` is faster than bf16");
    }
    keep(run, warm_start)
}

/// Writes which labels the run may see, if it may see any.
fn record_labels(prepared: &Prepared, run: &RunDir) -> Result<(), DurableError> {
    if let Some(labelled) = &prepared.splits.labelled {
        let seen = serde_json::json!({
            "indices": labelled.indices(),
            "labels": labelled.labels(),
        });
        durable::write(&run.labelled(), seen.to_string().as_bytes())?;
    }
    Ok(())
}

/// Saves what a run begins with, if that is another's networks, as its checkpoint of step 0.
fn keep(run: &RunDir, start: Option<WarmStart>) -> anyhow::Result<Option<Checkpoint>> {
    let Some(start) = start else {
        return Ok(None);
    };
    save(run, &start.checkpoint)?;
    let (taken, drawn) = (start.taken.len(), start.drawn.len());
    let steps = plural(start.steps, "step");
    let mut text = format!("{taken} of {} tensors from a run of {steps}", taken + drawn);
    if drawn > 0 {
        text.push_str(&format!("; drawn by the seed: {}", start.drawn.join(", ")));
    }
    briefing::say(&table(&[("warm start", text)]));
    let passed_over = start.warnings.iter();
    passed_over.for_each(|warning| tracing::warn!("warm start: {warning}"));
    if start.has_seen_more {
        tracing::warn!(
            "warm start: the other run has another seed, or other images and labels (`data`): it may have trained on what this one holds out or has no label of"
        );
    }
    Ok(Some(start.checkpoint))
}

/// Says what would be trained; writes nothing.
fn dry_run(args: &TrainArgs) -> anyhow::Result<ExitCode> {
    let (config, folder, step) = match &args.resume {
        Some(path) => {
            let run = RunDir::open(&run_path(path))?;
            let config = run.read_config()?;
            let newest = checkpoint_of(&run, &config)?;
            let step = newest.map(|newest| newest.checkpoint.meta.step);
            (config, run.path().to_path_buf(), step)
        }
        None => {
            let config = args.resolve()?;
            let folder = args.folder(&config)?;
            (config, folder, None)
        }
    };
    let run = args.resume.as_ref().map(|_| folder.as_path());
    let prepared = Prepared::new(config, &args.data, run, &args.place)?;
    if let Some(run) = run {
        let run = RunDir::open(run)?;
        check_data(&run, &prepared)?;
        if args.strict {
            must_be_alike(&run, &prepared)?;
        }
        warn_of_differences(&run, &prepared);
    }
    if step.is_none() {
        prepared.warm_start()?;
    }
    let parameters = prepared.parameters()?;
    let text = briefing::beginning(&briefing::Beginning {
        parameters: &parameters,
        step: step.unwrap_or(0),
        ..prepared.beginning(&folder)
    });
    output::print(&format!("{text}a dry run: nothing is trained or written\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// A training that is over, and nothing went wrong.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) summary: Summary,
    pub(super) time: Duration,
}

/// Trains into a locked run folder, to the end or to a signal, and leaves `summary.json` there.
pub(super) fn train(
    prepared: &Prepared,
    run: &RunDir,
    resume: Option<Checkpoint>,
    stop: &Stop,
) -> anyhow::Result<Ended> {
    let began = Instant::now();
    let mut progress = Progress::new(prepared.beginning(run.path()));
    let config = &prepared.config;
    let (outcome, costs) = prepared.place.run(|device| {
        let mut evaluator = Measure {
            test: &prepared.test,
            splits: &prepared.splits,
            config,
            time: Duration::ZERO,
        };
        let mut figures = Figures::new(run, config, &prepared.test);
        let mut first_step = FirstStep::since(prepared.began);
        let mut observers: Vec<&mut dyn Observer> = vec![&mut first_step, &mut progress];
        if prepared.figures {
            observers.push(&mut figures);
        }
        let outcome = fit(Job {
            config,
            train: &prepared.splits.train,
            labelled: prepared.splits.labelled.as_ref(),
            data_fingerprint: &prepared.fingerprint,
            run,
            device,
            resume,
            evaluator: &mut evaluator,
            observers,
            stop: stop.flag(),
        });
        // Before anything is said of the end.
        let waited = figures.finish();
        Ok((
            outcome,
            Costs::new(first_step.after, evaluator.time, waited),
        ))
    })?;
    tracing::debug!("{costs}");
    progress.end();
    let time = began.elapsed();
    let summarize = |outcome, step| summarize(config, run, &progress, (time, costs), outcome, step);
    let (outcome, summary) = match outcome {
        Ok(Outcome::Finished { step }) => (
            Outcome::Finished { step },
            summarize(summary::Outcome::Finished, step),
        ),
        Ok(Outcome::Stopped { step }) => (
            Outcome::Stopped { step },
            summarize(summary::Outcome::Stopped, step),
        ),
        Err(error) => {
            if let FitError::Diverged { step, .. } = &error {
                summarize(summary::Outcome::Diverged, *step);
            }
            return Err(error.into());
        }
    };
    Ok(Ended {
        outcome,
        summary,
        time,
    })
}

/// Writes `summary.json`; the model is safe, so whatever keeps this from being written is only warned of.
fn summarize(
    config: &Config,
    run: &RunDir,
    progress: &Progress<'_>,
    (time, costs): (Duration, Costs),
    outcome: summary::Outcome,
    step: u64,
) -> Summary {
    let evaluations = last_evaluations(&run.metrics()).unwrap_or_else(|error| {
        tracing::warn!("{error}");
        Default::default()
    });
    let summary = Summary {
        outcome,
        step,
        total_steps: progress.total_steps,
        variant: config.variant.name().to_owned(),
        prior: config.prior.describe(),
        seed: config.seed,
        seconds: time.as_secs_f64(),
        costs,
        parameters: progress.parameters.iter().cloned().collect(),
        evaluations,
    };
    if let Err(error) = summary.write(&run.summary()) {
        tracing::warn!("{error}");
    }
    summary
}

fn open_log(log: &LogFile, run: &RunDir) {
    let path = run.train_log();
    if let Err(error) = log.open(&path) {
        tracing::warn!("{}: could not open: {error}", path.display());
    }
    let command: Vec<String> = std::env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    tracing::debug!("process {}: {}", std::process::id(), command.join(" "));
}
