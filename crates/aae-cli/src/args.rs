//! The command line. Every flag that changes the configuration is optional, so that it is known whether it was given.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing::Level;

use crate::commands::{
    compare, completions, encode, eval, experiment, presets, reconstruct, report, runs, sample,
    train,
};
use crate::device::DeviceArgs;
use crate::program;

/// Adversarial autoencoders: train one, then sample from it and look at what it learned.
#[derive(Parser, Debug)]
#[command(name = "aae", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say more
    #[arg(
        short,
        long,
        global = true,
        display_order = 900,
        conflicts_with = "quiet"
    )]
    verbose: bool,
    /// Say nothing but warnings and results
    #[arg(short, long, global = true, display_order = 901)]
    quiet: bool,
}

/// One variant per command, in the order of the help.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Train(Box<train::TrainArgs>),
    Experiment(Box<experiment::ExperimentArgs>),
    Sample(sample::SampleArgs),
    Reconstruct(reconstruct::ReconstructArgs),
    Encode(encode::EncodeArgs),
    Eval(eval::EvalArgs),
    Compare(compare::CompareArgs),
    Report(report::ReportArgs),
    Presets(presets::PresetsArgs),
    Runs(runs::RunsArgs),
    Completions(completions::CompletionsArgs),
}

/// Heading of the flags that say where things are, and not what is to be done.
pub(crate) const MACHINE: &str = "Machine and data";

/// Which trained model a command works with.
#[derive(Args, Clone, Debug)]
pub(crate) struct ModelArgs {
    /// A run folder, a run's name in runs/, or a model.safetensors [default: the newest in runs/]
    pub(crate) run: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: DeviceArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Where the images are.
#[derive(Args, Clone, Debug)]
pub(crate) struct DataArgs {
    /// Directory with the four MNIST files [default: $AAE_DATA, or the MNIST of the project]
    #[arg(long, value_name = "DIR", help_heading = MACHINE)]
    pub(crate) data: Option<PathBuf>,
}

impl Cli {
    /// How much is said on the terminal.
    pub(crate) fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::WARN,
            (false, true) => Level::DEBUG,
            (false, false) => Level::INFO,
        }
    }
}

/// The command line of this process; if it is wrong or asks for help, says so and ends the process.
pub(crate) fn parse() -> Cli {
    let matches = command().get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The parser, with the program's name in the examples.
pub(crate) fn command() -> clap::Command {
    Cli::command().mut_subcommands(|subcommand| {
        let Some(examples) = subcommand.get_after_help() else {
            return subcommand;
        };
        let examples = examples.to_string().replace("{program}", program::name());
        subcommand.after_help(examples)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for subcommand in command().get_subcommands() {
            let help = subcommand.get_after_help().map(ToString::to_string);
            let example = format!("aae {}", subcommand.get_name());
            assert!(
                help.is_some_and(|help| help.contains(&example)),
                "{example}"
            );
        }
    }

    #[test]
    fn examples_fit_into_a_terminal() {
        for subcommand in Cli::command().get_subcommands() {
            let Some(help) = subcommand.get_after_help() else {
                continue;
            };
            // The longer of the program's names.
            let help = help.to_string().replace("{program}", "cargo xtask");
            let wide = help.lines().find(|line| line.chars().count() > 80);
            assert_eq!(wide, None);
        }
    }
}
