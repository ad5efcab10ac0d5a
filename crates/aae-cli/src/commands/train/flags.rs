//! The flags of `train`, those that it shares with `experiment`, and the configuration that they make.

use std::path::{Path, PathBuf};

use aae_train::config::{Config, Override};
use aae_train::presets;
use aae_train::run_dir::{RunDir, default_name};
use clap::Args;

use crate::args::DataArgs;
use crate::device::DeviceArgs;
use crate::trained::RUNS;

/// Flags that change a preset.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChangeArgs {
    /// Change it by a TOML file
    #[arg(long, value_name = "FILE", help_heading = "What to train")]
    pub(crate) config: Option<PathBuf>,
    /// Change any value of the configuration; may be repeated, and wins over the flags below
    #[arg(long, value_name = "KEY=VALUE", help_heading = "What to train")]
    pub(crate) set: Vec<String>,
    /// Passes over the training images
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        help_heading = "What to train"
    )]
    epochs: Option<i64>,
    /// Stop after so many steps, if the epochs have more
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        help_heading = "What to train"
    )]
    max_steps: Option<i64>,
    /// Images in a step
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        help_heading = "What to train"
    )]
    batch_size: Option<i64>,
    /// Train on the first N images only
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        help_heading = "What to train"
    )]
    limit_train: Option<i64>,
    /// Draw figures every N epochs, not only after the last
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        help_heading = "What to train"
    )]
    figures_every: Option<i64>,
    /// Save a checkpoint every N steps
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        help_heading = "What to train"
    )]
    checkpoint_every: Option<i64>,
    /// Multiply in f32, or faster and less precisely in bf16 where the CPU can
    #[arg(long, value_name = "f32|bf16", help_heading = "What to train")]
    precision: Option<String>,
    /// Begin with another run's networks, as far as they fit; {seed} in its path stands for the seed
    #[arg(long, value_name = "RUN", help_heading = "What to train")]
    warm_start: Option<String>,
}

/// Train an autoencoder, plain or adversarial, and leave everything in a run folder
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The adversarial autoencoder, on MNIST
  {program} train
  {program} train --preset aae-mixture --epochs 5 --seed 1
  {program} train --set optimizer.reconstruction.lr=5e-4 --set prior.std=3
  # Four files with MNIST's names
  {program} train --data my-images/ --name mine
  # Go on after an interruption
  {program} train --resume runs/aae-s0")]
pub(crate) struct TrainArgs {
    /// Start from this preset; `presets` lists them
    #[arg(long, value_name = "NAME", default_value = presets::DEFAULT, help_heading = "What to train")]
    preset: String,
    #[command(flatten)]
    changes: ChangeArgs,
    /// Seed of everything random
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        help_heading = "What to train"
    )]
    seed: Option<i64>,
    /// The run folder, which must not exist yet [default: runs/NAME]
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    out: Option<PathBuf>,
    /// Name of the run folder in runs/ [default: PRESET-sSEED]
    #[arg(long)]
    name: Option<String>,
    /// Go on with the interrupted run in this folder, with its own configuration
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "preset", "config", "set", "epochs", "max_steps", "batch_size", "seed", "limit_train", "figures_every",
        "checkpoint_every", "precision", "warm_start", "out", "name",
    ])]
    pub(super) resume: Option<PathBuf>,
    /// With --resume: go on only where the run was begun: same program, processor and device, so that the same bytes come out
    #[arg(long)]
    pub(super) strict: bool,
    /// Draw no figures; `report` and the commands on a trained run can still make them
    #[arg(long)]
    pub(super) no_figures: bool,
    /// Say what would be trained, and stop
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) place: DeviceArgs,
    #[command(flatten)]
    pub(super) data: DataArgs,
}

impl ChangeArgs {
    /// What the flags and `--set` change, with a seed if that is given by itself.
    pub(crate) fn resolve(&self, preset: &str, seed: Option<Override>) -> anyhow::Result<Config> {
        let flags = self.flags().into_iter();
        let overrides: Vec<Override> = flags
            .map(|flag| flag.change)
            .chain(seed)
            .chain(self.set.iter().map(|text| Override::set(text)))
            .collect();
        Ok(Config::resolve(preset, self.config.as_deref(), &overrides)?)
    }

    /// The flags that were given, as words of a command line for any machine.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(file) = &self.config {
            words.extend(["--config".to_owned(), anywhere_else(file, "FILE")]);
        }
        for Flag { flag, value, .. } in self.flags() {
            words.extend([flag.to_owned(), value]);
        }
        for text in &self.set {
            words.extend(["--set".to_owned(), text.clone()]);
        }
        words
    }

    /// The flags that were given.
    fn flags(&self) -> Vec<Flag> {
        let number = |flag, path, value: Option<i64>| {
            value.map(|n| Flag {
                flag,
                value: n.to_string(),
                change: Override::flag(flag, path, n),
            })
        };
        let precision = self.precision.as_deref().map(|precision| Flag {
            flag: "--precision",
            value: precision.to_owned(),
            change: Override::flag("--precision", "precision", precision),
        });
        let warm_start = self.warm_start.as_deref().map(|run| Flag {
            flag: "--warm-start",
            value: anywhere_else(Path::new(run), "RUN"),
            change: Override::flag("--warm-start", "warm_start", run),
        });
        let flags = [
            number("--epochs", "epochs", self.epochs),
            number("--max-steps", "max_steps", self.max_steps),
            number("--batch-size", "batch_size", self.batch_size),
            number("--limit-train", "data.limit_train", self.limit_train),
            number("--figures-every", "figures_every", self.figures_every),
            number(
                "--checkpoint-every",
                "checkpoint_every",
                self.checkpoint_every,
            ),
            precision,
            warm_start,
        ];
        flags.into_iter().flatten().collect()
    }
}

/// A path as it is said to others: where it is on this machine, if it says that, helps nobody on another.
pub(crate) fn anywhere_else(path: &Path, name: &str) -> String {
    match path.is_absolute() {
        true => name.to_owned(),
        false => path.display().to_string(),
    }
}

/// A flag that was given.
struct Flag {
    flag: &'static str,
    /// As on a command line for any machine.
    value: String,
    /// What it changes.
    change: Override,
}

impl TrainArgs {
    /// The preset, changed by the file, by the flags and by `--set`.
    pub(super) fn resolve(&self) -> anyhow::Result<Config> {
        let seed = self.seed.map(|seed| Override::flag("--seed", "seed", seed));
        self.changes.resolve(&self.preset, seed)
    }

    /// The run folder that would be made now.
    ///
    /// Errors: if `--name` is not a plain file name, or if something is in the folder that `--out` names.
    pub(super) fn folder(&self, config: &Config) -> anyhow::Result<PathBuf> {
        Ok(match &self.out {
            Some(out) => {
                RunDir::check_at(out)?;
                out.clone()
            }
            None => RunDir::next(Path::new(RUNS), &self.run_name(config))?,
        })
    }

    fn run_name(&self, config: &Config) -> String {
        let default = || default_name(&self.preset, config.seed);
        self.name.clone().unwrap_or_else(default)
    }

    /// Creates and locks the run folder.
    pub(super) fn create(&self, config: &Config) -> anyhow::Result<RunDir> {
        Ok(match &self.out {
            Some(out) => RunDir::create_at(out)?,
            None => RunDir::create(Path::new(RUNS), &self.run_name(config))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_this_machine_is_not_repeated() {
        let said = |path: &str| anywhere_else(Path::new(path), "RUN");
        assert_eq!(said("experiments/a/s{seed}"), "experiments/a/s{seed}");
        assert_eq!(said("/elsewhere/s{seed}"), "RUN");
    }
}
