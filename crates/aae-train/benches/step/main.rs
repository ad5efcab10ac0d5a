//! Milliseconds per training step: ours, the same step in plain candle, and in PyTorch.
//!
//! `cargo xtask bench --help` lists the flags. All are timed in turns, round by round, and medians are reported: a machine whose
//! speed drifts slows them alike. The ratio is the median of the rounds' ratios.
#![allow(clippy::print_stderr)]

mod args;
mod failure;
mod flops;
mod measure;
mod plain_candle;
mod report;
mod roofline;
mod steps;
mod table;
mod torch;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use aae_data::{DataError, Split, load, locate};

use args::Args;
use failure::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, message }) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}

fn run() -> Result<(), Failure> {
    let args = Args::parse(std::env::args().skip(1))?;
    // What is wrong with the flags is said before anything is loaded.
    args.config()?;
    let data = |error: DataError| Failure::broken(error.to_string());
    let images = load(&locate(None, None).map_err(data)?).map_err(data)?;
    let train = Split::all(&Arc::new(images.train));
    let rows = match (args.scaling, args.variants) {
        (true, _) => Some(table::scaling(&args)),
        (_, true) => Some(table::variants(&args)?),
        _ => None,
    };
    if let Some(rows) = rows {
        if !args.json {
            say(&report::head(&args));
        }
        return table::table(&args, &rows, &train, |args, measured| {
            say(&match args.json {
                true => report::json(args, measured),
                false => report::row(measured),
            });
        });
    }
    let measured = measure::measure(&args, args.threads(), args.steps, &train)?;
    say(&match args.json {
        true => report::json(&args, &measured),
        false => report::text(&args, &measured),
    });
    Ok(())
}

/// A line on standard output, or nowhere if nobody reads it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
