//! `cargo xtask bench`: the benchmark of whole training steps, built as `cargo bench` builds it.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cargo::{cargo, root};
use crate::run::exit_code;

const HELP: &str = "\
usage: cargo xtask bench [OPTIONS]

Milliseconds per training step: ours, the same step in plain candle, and in PyTorch, timed in turns; and how far ours is from
the machine's own bound.

  --variant NAME      the training algorithm whose step is timed, by its first preset [default: aae]
  --preset NAME       an experiment instead
  --threads N         [default: 2; with --scaling every core]
  --batch N           images per step [default: the preset's]
  --width N           units of every hidden layer [default: the preset's]
  --precision P       f32 or bf16: what products are computed in [default: f32]
  --steps N           steps per round [default: 20]
  --rounds N          rounds, after one that does not count [default: 5]
  --torch PYTHON      a Python with torch, to time beside
  --torch-mode MODE   eager, fused, compile or bf16 [default: fused, with --precision bf16 bf16]
  --scaling           a Markdown table: threads up to --threads, batches of 32 to 1024, widths of 256 to 4096, each varied alone
  --variants          a Markdown table: the first preset of every variant
  --json              one line of JSON for each measurement
";

/// Runs the benchmark with these arguments.
pub(crate) fn main(args: &[OsString]) -> Result<ExitCode> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    // Cargo is quiet, for the benchmark's own words are what is wanted; to compile takes minutes the first time.
    eprintln!("building the benchmark…");
    let args = args.iter().enumerate().map(|(i, arg)| {
        let of_torch = i > 0 && args[i - 1] == "--torch";
        match of_torch && Path::new(arg).components().count() > 1 {
            // Cargo runs it in another folder.
            true => std::path::absolute(arg).map_or_else(|_| arg.clone(), Into::into),
            false => arg.clone(),
        }
    });
    let status = cargo()
        .current_dir(root())
        .args([
            "bench",
            "--quiet",
            "-p",
            "aae-train",
            "--bench",
            "step",
            "--",
        ])
        .args(args)
        .status()
        .context("cannot start cargo")?;
    Ok(exit_code(status))
}
