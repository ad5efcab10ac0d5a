//! `cargo xtask fuzz`: the fuzz targets on a stable compiler, as long as wanted.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, root};

const HELP: &str = "\
usage: cargo xtask fuzz [--target idx|gzip|checkpoint|config|metrics] [--executions N] [--seconds N] [--seed S]

Gives every parser (or one) random changes of good files, in a process whose panics, time and memory are watched. Without numbers as
many as `cargo test` does. With a nightly compiler and cargo-fuzz, `cargo +nightly fuzz run idx` goes where coverage leads it.
";

/// The options of the test program, each with a value.
const OPTIONS: [&str; 4] = ["--target", "--executions", "--seconds", "--seed"];

pub(crate) fn main(args: &[OsString]) -> Result<ExitCode> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    check(args)?;
    let status = cargo()
        .args(["test", "--quiet", "--workspace", "--test", "fuzz", "--"])
        .args(args)
        .current_dir(root())
        .status()
        .context("cannot start cargo")?;
    Ok(match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The test program leaves out what it does not understand, as `cargo test NAME` needs it to.
fn check(args: &[OsString]) -> Result<()> {
    for pair in args.chunks(2) {
        let option = pair[0].to_string_lossy();
        let Some(value) = pair.get(1).map(|value| value.to_string_lossy()) else {
            bail!("{option}: expected a value after it")
        };
        if !OPTIONS.contains(&&*option) {
            bail!(
                "unknown option `{option}`; the options are {}",
                OPTIONS.join(", ")
            )
        }
        if option != "--target" && value.parse::<u64>().is_err() {
            bail!("{option}: expected a whole number, found `{value}`")
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_known_and_have_whole_numbers() {
        let checked = |line: &str| {
            let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            check(&args).map_err(|error| error.to_string())
        };
        assert_eq!(checked(""), Ok(()));
        assert_eq!(checked("--target idx --seconds 3"), Ok(()));
        for wrong in ["--seconds", "--seconds x", "--fast 3", "idx"] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }
}
