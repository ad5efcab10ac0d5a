//! `cargo xtask crash`: kills, faults, races and signals, and what is left of a training afterwards.
//!
//! Each part runs the program itself on a tiny data set, does something to it, goes on with `train --resume`, and compares what the run
//! ends with to the bytes of a run that nothing was done to. `docs/reliability.md` has the figures.

mod calls;
mod chance;
mod disks;
mod faults;
mod kills;
mod order;
mod planted;
mod races;
mod signals;
mod story;
mod strace;
mod tiny;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cargo::root;
use crate::run;
use tiny::Tiny;

const HELP: &str = "\
usage: cargo xtask crash [PART...] [OPTIONS]

Trains a tiny model over and over, and ends it in every way there is. Parts, all but the last if none is named:

  order      every file is synced before it gets its name, every name before the next step (needs strace)
  calls      a kill at every file system call of the start, of a save and of the end (needs strace)
  faults     ENOSPC, EIO and EACCES at every file system call of the start and of a save (needs strace)
  disks      small disks of every size, read-only ones, and no room for pictures (needs namespaces to mount them in)
  kills      kills at random times, in new runs and in resumed ones
  races      several programs that begin or resume one run at once
  signals    SIGINT and SIGTERM at random times
  planted    programs with a fault built in, each of which one of the parts must find (builds the program again)

  --kills N, --races N, --signals N   how many of each [default: 100]
  --seed N                            of all random times [default: 0]
  --folder DIR                        where the runs are [default: target/crash]
  --profile NAME                      cargo profile to build the program with [default: dev]
";

/// What to do, and how much of it.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    parts: Vec<Part>,
    kills: u64,
    races: u64,
    signals: u64,
    seed: u64,
    folder: PathBuf,
    profile: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Order,
    Calls,
    Faults,
    Disks,
    Kills,
    Races,
    Signals,
    Planted,
}

const PARTS: [(&str, Part); 8] = [
    ("order", Part::Order),
    ("calls", Part::Calls),
    ("faults", Part::Faults),
    ("disks", Part::Disks),
    ("kills", Part::Kills),
    ("races", Part::Races),
    ("signals", Part::Signals),
    ("planted", Part::Planted),
];

/// What a part found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// How many times it did what it does.
    pub(crate) done: u64,
    /// In a few words, what came of it.
    pub(crate) notes: Vec<String>,
    /// What went wrong; nothing if all is well.
    pub(crate) failures: Vec<String>,
}

impl Options {
    fn parse(args: &[OsString]) -> Result<Self> {
        let mut options = Self {
            parts: Vec::new(),
            kills: 100,
            races: 100,
            signals: 100,
            seed: 0,
            folder: root().join("target").join("crash"),
            profile: "dev".to_owned(),
        };
        let mut args = args.iter().map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            if let Some((_, part)) = PARTS.iter().find(|(name, _)| *name == arg) {
                options.parts.push(*part);
                continue;
            }
            let value = args.next();
            let text = || {
                value
                    .clone()
                    .with_context(|| format!("{arg} needs a value"))
            };
            let number = || -> Result<u64> {
                let text = text()?;
                text.parse()
                    .with_context(|| format!("{arg} {text}: expected a number"))
            };
            match arg.as_str() {
                "--kills" => options.kills = number()?,
                "--races" => options.races = number()?,
                "--signals" => options.signals = number()?,
                "--seed" => options.seed = number()?,
                "--folder" => options.folder = std::path::absolute(text()?)?,
                "--profile" => options.profile = text()?,
                _ => bail!("unknown part or option `{arg}`; `cargo xtask crash --help` lists them"),
            }
        }
        if options.parts.is_empty() {
            let all = PARTS.iter().map(|(_, part)| *part);
            options.parts = all.filter(|part| *part != Part::Planted).collect();
        }
        Ok(options)
    }
}

/// `cargo xtask crash [PART...] [OPTIONS]`
pub(crate) fn main(args: &[OsString]) -> Result<ExitCode> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options::parse(args)?;
    Ok(match run(&options)? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What the checks of the project run: a share of everything that takes a minute and a half.
pub(crate) fn check() -> Result<()> {
    let args = [
        "order",
        "calls",
        "disks",
        "kills",
        "races",
        "signals",
        "--races",
        "10",
        "--signals",
        "10",
    ];
    let args: Vec<OsString> = args.map(OsString::from).into();
    match run(&Options::parse(&args)?)? {
        true => Ok(()),
        false => bail!("see the table above"),
    }
}

/// Runs the parts and prints the table; whether all is well.
fn run(options: &Options) -> Result<bool> {
    let Ok(program) = run::build(&options.profile, None)? else {
        bail!("the program could not be built");
    };
    let tiny = Tiny::new(&options.folder, &program)?;
    let has_strace = strace::works();
    let mut rows = Vec::new();
    for (name, part) in PARTS
        .iter()
        .filter(|(_, part)| options.parts.contains(part))
    {
        let began = Instant::now();
        eprintln!("crash: {name}");
        let needs_strace = [Part::Order, Part::Calls, Part::Faults, Part::Planted].contains(part);
        let report = match part {
            _ if needs_strace && !has_strace => {
                rows.push(format!(
                    "{name:<8} left out: no strace here that may trace; kills at random times need none"
                ));
                continue;
            }
            Part::Order => order::run(&tiny),
            Part::Calls => calls::run(&tiny),
            Part::Faults => faults::run(&tiny),
            Part::Disks if !disks::can_be_mounted(&options.folder) => {
                rows.push(format!(
                    "{name:<8} left out: no file system may be mounted here; failing calls (`faults`) need none"
                ));
                continue;
            }
            Part::Disks => disks::run(&tiny),
            Part::Kills => kills::run(&tiny, options.kills, options.seed),
            Part::Races => races::run(&tiny, options.races),
            Part::Signals => signals::run(&tiny, options.signals, options.seed),
            Part::Planted => planted::run(options),
        };
        let report = report.with_context(|| format!("the part `{name}` could not be run"))?;
        for failure in &report.failures {
            eprintln!("crash: {name}: {failure}");
        }
        rows.push(format!(
            "{name:<8} {:>6} done, {:>3} failed, {:>6.1} s: {}",
            report.done,
            report.failures.len(),
            began.elapsed().as_secs_f64(),
            report.notes.join(", ")
        ));
        if !report.failures.is_empty() {
            rows.push(format!("{:<8} first: {}", "", report.failures[0]));
        }
    }
    println!();
    rows.iter().for_each(|row| println!("{row}"));
    Ok(!rows
        .iter()
        .any(|row| row.trim_start().starts_with("first: ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options> {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Options::parse(&args)
    }

    #[test]
    fn all_parts_run_unless_some_are_named() {
        assert_eq!(parsed("").unwrap().parts.len(), PARTS.len() - 1);
        let options = parsed("kills --kills 7 --seed 3").unwrap();
        assert_eq!(
            (options.parts, options.kills, options.seed),
            (vec![Part::Kills], 7, 3)
        );
    }

    #[test]
    fn unknown_words_and_missing_numbers_are_refused() {
        for line in ["kill", "--kills", "--kills many", "--fast 1"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
