//! `cargo xtask`: one front door to the clone. Its own commands check the project; every other command is the `aae`
//! program's, which is built with the features that the chosen device needs and then takes this process over.
//!
//! This crate links no crate of the workspace, so that it is there within seconds of `git clone`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a task has to say goes to the terminal"
)]

mod bench;
mod cargo;
mod ci;
mod crash;
mod deny;
mod device;
mod fuzz;
mod readme;
mod run;
mod tidy;

use std::ffi::OsString;
use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask COMMAND [OPTIONS]

this clone's checks:
  ci [JOB...]    every check of the project, or the named ones (`cargo xtask ci --help` lists them)
  bench          milliseconds per training step, beside plain candle and PyTorch
  crash          a training ended in every way there is: kills, faults, races, signals (`cargo xtask crash --help`)
  fuzz           random changes of good files, given to every parser (`cargo xtask fuzz --help`)
  tidy           the checks that no compiler makes: architecture, file sizes, docs links

every other command is the aae program's, for example `cargo xtask train`:
";

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let command = args.first().map(|arg| arg.to_string_lossy());
    let done = match command.as_deref() {
        Some("ci") => ci::main(&args[1..]),
        Some("bench") => bench::main(&args[1..]),
        Some("crash") => crash::main(&args[1..]),
        Some("fuzz") => fuzz::main(&args[1..]),
        Some("tidy") => tidy::main(&args[1..]),
        None | Some("--help" | "-h" | "help") if args.len() <= 1 => {
            println!("{HELP}");
            run::become_program(&["--help".into()])
        }
        _ => run::become_program(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
