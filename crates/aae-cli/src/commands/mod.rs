//! The commands, one file each: its arguments, and what it does.

pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod encode;
pub(crate) mod eval;
pub(crate) mod experiment;
pub(crate) mod presets;
pub(crate) mod reconstruct;
pub(crate) mod report;
pub(crate) mod runs;
pub(crate) mod sample;
pub(crate) mod train;

use std::process::ExitCode;

use crate::args::Command;
use crate::logging::LogFile;

/// Does what the command line says.
pub(crate) fn run(command: Command, log: &LogFile) -> anyhow::Result<ExitCode> {
    match command {
        Command::Train(args) => return train::run(&args, log),
        Command::Experiment(args) => return experiment::run(&args, log),
        Command::Sample(args) => sample::run(&args)?,
        Command::Reconstruct(args) => reconstruct::run(&args)?,
        Command::Encode(args) => encode::run(&args)?,
        Command::Eval(args) => eval::run(&args)?,
        Command::Compare(args) => compare::run(&args)?,
        Command::Report(args) => report::run(&args)?,
        Command::Presets(args) => presets::run(&args)?,
        Command::Runs(args) => runs::run(&args)?,
        Command::Completions(args) => completions::run(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}
