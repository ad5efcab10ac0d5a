//! `experiment`: one preset trained with several seeds, and its figures with their standard errors.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aae_train::config::{Config, Override};
use aae_train::run_dir::RunDir;
use aae_train::{Outcome, WarmStart};
use anyhow::Context;
use candle_core::Device;
use clap::Args;

use super::eval::{DEFAULT_SAMPLES, Extra, ExtraArgs, Metrics};
use super::train::{ChangeArgs, Ended, Prepared, anywhere_else, begin, finished, go_on, train};
use crate::args::DataArgs;
use crate::device::DeviceArgs;
use crate::exit::UsageError;
use crate::experiment::docs::{self, Page};
use crate::experiment::gather::{self, Subject};
use crate::experiment::{EXPERIMENTS, RESULTS, Seeds, folder, seed_folder, table};
use crate::logging::LogFile;
use crate::signals::Stop;
use crate::text::{count, duration, plural};
use crate::trained::run_path;
use crate::{briefing, output, program, shell};

/// Train a preset with several seeds, and give mean and standard error of every figure
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # Seeds 0, 1, 2, 3, 4, into experiments/aae/
  {program} experiment aae
  {program} experiment aae-8d --seeds 0..9 --at 10,20 --likelihood
  {program} experiment aae --set prior.std=3 --out experiments/narrow
  {program} experiment supervised --probes --judge experiments/nn-all/s0
  {program} experiment aae --docs docs/experiments.md

The same command goes on after an interruption: what is finished is kept.
Results are in results.json.")]
pub(crate) struct ExperimentArgs {
    /// The preset; `presets` lists them
    #[arg(value_name = "NAME")]
    preset: String,
    /// Seeds: 3, or 0,2,5, or 0..4 (both ends included)
    #[arg(long, default_value = "0..4", help_heading = "What to train")]
    seeds: Seeds,
    #[command(flatten)]
    changes: ChangeArgs,
    /// Also give the figures after these epochs
    #[arg(long, value_name = "EPOCH,...", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    at: Vec<u64>,
    /// Also estimate the log-likelihood of the test images, by a Parzen window on 10,000 samples
    #[arg(long)]
    likelihood: bool,
    #[command(flatten)]
    extra: ExtraArgs,
    /// The folder of the experiment; runs are in its folders s0, s1, ... [default: experiments/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Put the figures into the table of this Markdown page, as the row of this experiment
    #[arg(long, value_name = "FILE.md")]
    docs: Option<PathBuf>,
    #[command(flatten)]
    place: DeviceArgs,
    #[command(flatten)]
    data: DataArgs,
}

pub(crate) fn run(args: &ExperimentArgs, log: &LogFile) -> anyhow::Result<ExitCode> {
    let configs = args.configs()?;
    // Whatever is wrong is said before hours of training, not after.
    if let Some(page) = &args.docs {
        Page::read(page)?;
    }
    for config in &configs {
        if let Some(flag) = args.extra().flag()
            && !config.variant.has_decoder()
        {
            let message = format!("{flag}: {} has no decoder", args.preset);
            return Err(UsageError(message).into());
        }
        let there = folder::look(&args.run_folder(config.seed), config)?;
        if let (None, Some(from)) = (there, config.warm_start_folder()) {
            WarmStart::check(&run_path(&from))?;
        }
    }
    let stop = Stop::install().context("could not install the signal handlers")?;
    let config = configs[0].clone();
    let mut runs = Vec::new();
    // The same for every seed.
    let mut steps_per_epoch = 0;
    for config in configs {
        let (seed, n) = (config.seed, runs.len() + 1);
        let of = format!("seed {seed} ({n} of {})", args.seeds.as_slice().len());
        let prepared = Prepared::new(config, &args.data, None, &args.place)?;
        steps_per_epoch = prepared.steps_per_epoch();
        args.check_moments(&prepared.config, steps_per_epoch)?;
        if runs.is_empty() {
            let (test, splits) = (prepared.test.dataset(), &prepared.splits);
            let check = |device: &Device| args.extra().check(test, splits, &args.data, device);
            prepared.place.run(check)?;
        }
        match args.seed(&prepared, &of, log, &stop) {
            Ok(Some(run)) => runs.push(run),
            Ok(None) => return Ok(ExitCode::from(stop.signal().1)),
            Err(error) => return Err(error.context(of)),
        }
    }
    let Some(measured) = args.measured(&runs, &stop)? else {
        return Ok(ExitCode::from(stop.signal().1));
    };
    let results = gather::results(
        &Subject {
            experiment: args.name(),
            preset: &args.preset,
            repeat: args.repeat(),
            config: &config,
            seeds: args.seeds.as_slice(),
            steps_per_epoch,
            at: &args.at,
            measured: &measured,
        },
        &runs,
    )?;
    let path = args.folder().join(RESULTS);
    results.write(&path)?;
    output::print(&format!("\n{}\n", table::table(&results)))?;
    output::wrote(&path)?;
    if let Some(page) = &args.docs {
        match docs::put(page, &results)? {
            true => output::wrote(page)?,
            false => output::print(&format!("{} is as it was\n", page.display()))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl ExperimentArgs {
    /// The configuration of each seed.
    fn configs(&self) -> anyhow::Result<Vec<Config>> {
        let names_seed = |text: &&String| {
            let key = text.split('=').next().unwrap_or_default();
            key.trim() == "seed"
        };
        if let Some(text) = self.changes.set.iter().find(names_seed) {
            return Err(UsageError(format!(
                "--set {text}: the seeds of an experiment are given with --seeds"
            ))
            .into());
        }
        let seeds = self.seeds.as_slice().iter();
        seeds.map(|seed| self.config(*seed)).collect()
    }

    fn config(&self, seed: u64) -> anyhow::Result<Config> {
        // Seeds are at most 2^63 - 1.
        let seed = Override::flag("--seeds", "seed", seed as i64);
        self.changes.resolve(&self.preset, Some(seed))
    }

    fn folder(&self) -> PathBuf {
        let default = || Path::new(EXPERIMENTS).join(&self.preset);
        self.out.clone().unwrap_or_else(default)
    }

    fn run_folder(&self, seed: u64) -> PathBuf {
        self.folder().join(seed_folder(seed))
    }

    /// The experiment is called as its folder is.
    fn name(&self) -> String {
        let folder = self.folder();
        let name = folder.file_name().unwrap_or(self.preset.as_ref());
        name.to_string_lossy().into_owned()
    }

    /// Arguments that repeat the experiment on any machine: without those that do not change its figures.
    fn repeat(&self) -> Vec<String> {
        let mut words = vec!["experiment".to_owned(), self.preset.clone()];
        words.extend(["--seeds".to_owned(), self.seeds.to_string()]);
        words.extend(self.changes.words());
        if !self.at.is_empty() {
            let at: Vec<String> = self.at.iter().map(u64::to_string).collect();
            words.extend(["--at".to_owned(), at.join(",")]);
        }
        if self.likelihood {
            words.push("--likelihood".to_owned());
        }
        if self.extra.probes {
            words.push("--probes".to_owned());
        }
        let places = [
            ("--judge", &self.extra.judge, "RUN"),
            ("--data", &self.data.data, "DIR"),
        ];
        for (flag, path, anywhere) in places {
            if let Some(path) = path {
                words.extend([flag.to_owned(), anywhere_else(path, anywhere)]);
            }
        }
        let name = self.name();
        if name != self.preset {
            words.extend(["--out".to_owned(), format!("{EXPERIMENTS}/{name}")]);
        }
        words
    }

    /// Errors: if a run is not evaluated after an epoch of `--at`.
    fn check_moments(&self, config: &Config, steps_per_epoch: u64) -> Result<(), UsageError> {
        let every = config.evaluate_every.max(1);
        let steps = config.total_steps(steps_per_epoch);
        let last = steps / steps_per_epoch.max(1);
        let ends_with_epoch = last * steps_per_epoch == steps;
        let is_evaluated = |epoch: u64| {
            epoch <= last && (epoch.is_multiple_of(every) || (epoch == last && ends_with_epoch))
        };
        match self.at.iter().find(|epoch| !is_evaluated(**epoch)) {
            None => Ok(()),
            Some(epoch) => Err(UsageError(format!(
                "--at {epoch}: expected epochs up to {last} after which a run is evaluated (evaluate_every = {every})"
            ))),
        }
    }

    /// The finished run of a seed, trained as far as it was not; nothing if a signal stopped it.
    fn seed(
        &self,
        prepared: &Prepared,
        of: &str,
        log: &LogFile,
        stop: &Stop,
    ) -> anyhow::Result<Option<RunDir>> {
        let folder = self.run_folder(prepared.config.seed);
        let there = folder::look(&folder, &prepared.config)?;
        if let Some(run) = there.as_ref()
            && finished(run, prepared)?.is_some()
        {
            let folder = folder.display();
            briefing::say(&format!("{of}: finished before, kept: {folder}"));
            return Ok(there);
        }
        if stop.is_asked() {
            self.say_stopped(stop, &format!("before {of}"));
            return Ok(None);
        }
        briefing::say(&format!("\n{of}"));
        let (run, checkpoint) = match there {
            Some(_) => {
                let run = RunDir::resume(&folder)?;
                let checkpoint = go_on(prepared, &run, log)?;
                (run, checkpoint)
            }
            None => {
                let warm_start = prepared.warm_start()?;
                let run = RunDir::create_at(&folder)?;
                let checkpoint = begin(prepared, &run, log, warm_start)?;
                (run, checkpoint)
            }
        };
        let Ended { outcome, time, .. } = train(prepared, &run, checkpoint, stop)?;
        match outcome {
            Outcome::Finished { step } => {
                let time = duration(time);
                briefing::say(&format!(
                    "{of}: finished {} in {time}",
                    plural(step, "step")
                ));
                // Without the lock: others may look at it while the next seeds train.
                Ok(Some(RunDir::open(&folder)?))
            }
            Outcome::Stopped { step } => {
                let step = count(step);
                self.say_stopped(stop, &format!("in {of} after step {step}, and saved"));
                Ok(None)
            }
        }
    }

    /// What is measured of finished runs because somebody asked.
    fn extra(&self) -> Extra<'_> {
        Extra {
            args: &self.extra,
            likelihood: self.likelihood.then_some(DEFAULT_SAMPLES),
            window: None,
        }
    }

    /// That of each run, if any was asked for; nothing if a signal stopped it.
    fn measured(&self, runs: &[RunDir], stop: &Stop) -> anyhow::Result<Option<Vec<Metrics>>> {
        let mut measured = Vec::new();
        if self.extra().flag().is_none() {
            return Ok(Some(measured));
        }
        self.place.open()?.run(|device| {
            for run in runs {
                let folder = run.path().display();
                if stop.is_asked() {
                    self.say_stopped(stop, &format!("before {folder} was measured"));
                    return Ok(None);
                }
                let found = self.extra().of_run(run.path(), &self.data, device);
                measured.push(found.with_context(|| {
                    format!(
                        "{folder} could not be measured; \
                         without the flag the same command gives the other figures"
                    )
                })?);
            }
            Ok(Some(measured))
        })
    }

    fn say_stopped(&self, stop: &Stop, when: &str) {
        let (signal, _) = stop.signal();
        let args = std::env::args_os().skip(1);
        let words: Vec<String> = args
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let (program, line) = (program::name(), shell::line(&words));
        briefing::say(&format!(
            "stopped by {signal} {when}; to go on, give the same command:\n  {program} {line}"
        ));
    }
}
