//! `cargo xtask ci`: every check of the project, one after another, until one fails.

use std::ffi::OsString;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, root};
use crate::{crash, deny, readme, tidy};

/// One check, with what it does in a few words.
#[derive(Debug)]
struct Job {
    name: &'static str,
    what: &'static str,
    work: Work,
}

#[derive(Debug)]
enum Work {
    /// A cargo command, with what it needs in its environment.
    Cargo {
        args: &'static [&'static str],
        env: &'static [(&'static str, &'static str)],
    },
    /// A check of this crate's own.
    Own(fn() -> Result<()>),
}

const fn cargo_job(name: &'static str, what: &'static str, args: &'static [&'static str]) -> Job {
    let work = Work::Cargo { args, env: &[] };
    Job { name, what, work }
}

/// In the order in which they run: quick ones first.
const JOBS: [Job; 11] = [
    cargo_job(
        "fmt",
        "every file is formatted",
        &["fmt", "--all", "--check"],
    ),
    Job {
        name: "tidy",
        what: "architecture, file sizes, docs links",
        work: Work::Own(tidy::run),
    },
    Job {
        name: "deny",
        what: "licences, sources and versions of the dependencies",
        work: Work::Own(deny::run),
    },
    cargo_job(
        "clippy",
        "no warnings, in tests and examples either",
        &[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    ),
    cargo_job("test", "every test", &["test", "--workspace"]),
    cargo_job(
        "fuzz",
        "every parser takes random changes of good files, five seconds each",
        &[
            "test",
            "--quiet",
            "--workspace",
            "--test",
            "fuzz",
            "--",
            "--seconds",
            "5",
        ],
    ),
    Job {
        name: "doc",
        what: "the API's documentation builds without warnings",
        work: Work::Cargo {
            args: &["doc", "--workspace", "--no-deps"],
            env: &[("RUSTDOCFLAGS", "-D warnings")],
        },
    },
    cargo_job(
        "plain",
        "the program compiles without any feature",
        &["check", "--package", "aae-cli", "--no-default-features"],
    ),
    Job {
        name: "readme",
        what: "every command of README.md runs, its trainings cut to three steps",
        work: Work::Own(readme::run),
    },
    Job {
        name: "crash",
        what: "a training survives kills, races and signals (`cargo xtask crash`)",
        work: Work::Own(crash::check),
    },
    // Optimising candle-datasets' many dependencies would double the minutes that this takes, for one short test.
    cargo_job(
        "features",
        "the tests of the `hub` feature (builds candle-datasets: minutes; after changes of aae-data or Cargo.lock)",
        &[
            "test",
            "--package=aae-data",
            "--features=hub",
            "--test=hub",
            "--config",
            "profile.dev.package.'*'.opt-level=0",
        ],
    ),
];

/// `cargo xtask ci [JOB...] [--skip JOB]...`
pub(crate) fn main(args: &[OsString]) -> Result<ExitCode> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("usage: cargo xtask ci [JOB...] [--skip JOB]...\n\njobs, in this order:");
        for job in &JOBS {
            println!("  {:<10} {}", job.name, job.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let jobs = choose(args)?;
    let mut times = Vec::new();
    for job in jobs {
        eprintln!("\nci: {}: {}", job.name, job.what);
        let start = Instant::now();
        if let Err(error) = job.run() {
            eprintln!(
                "\nci: {name} failed after {time}: {error:#}\nrepeat it with: cargo xtask ci {name}",
                name = job.name,
                time = seconds(start.elapsed()),
            );
            return Ok(ExitCode::FAILURE);
        }
        times.push((job.name, start.elapsed()));
    }
    eprintln!("\nci: all is well");
    for (name, time) in &times {
        eprintln!("  {name:<10} {:>8}", seconds(*time));
    }
    let total = times.iter().map(|(_, time)| *time).sum();
    eprintln!("  {:<10} {:>8}", "together", seconds(total));
    Ok(ExitCode::SUCCESS)
}

/// The jobs that the arguments ask for, in the order of [`JOBS`].
fn choose(args: &[OsString]) -> Result<Vec<&'static Job>> {
    let (mut wanted, mut skipped) = (Vec::new(), Vec::new());
    let mut args = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    while let Some(arg) = args.next() {
        if arg == "--skip" {
            skipped.push(known(
                args.next().context("--skip needs the name of a job")?,
            )?);
        } else {
            wanted.push(known(arg)?);
        }
    }
    let runs = |name| (wanted.is_empty() || wanted.contains(&name)) && !skipped.contains(&name);
    Ok(JOBS.iter().filter(|job| runs(job.name)).collect())
}

fn known(name: String) -> Result<&'static str> {
    match JOBS.iter().find(|job| job.name == name) {
        Some(job) => Ok(job.name),
        None => {
            let names: Vec<_> = JOBS.iter().map(|job| job.name).collect();
            bail!(
                "unknown job or option `{name}`; the jobs are {}",
                names.join(", ")
            )
        }
    }
}

impl Job {
    fn run(&self) -> Result<()> {
        match self.work {
            Work::Own(check) => check(),
            Work::Cargo { args, env } => {
                let settings = env.iter().map(|(name, value)| format!("{name}='{value}' "));
                let line = format!(
                    "{}cargo {}",
                    settings.collect::<String>(),
                    shell_words(args)
                );
                eprintln!("$ {line}");
                let status = cargo()
                    .args(args)
                    .envs(env.iter().copied())
                    .current_dir(root())
                    .stdin(Stdio::null())
                    .status()
                    .context("cannot start cargo")?;
                if !status.success() {
                    bail!("`{line}` ended with {status}");
                }
                Ok(())
            }
        }
    }
}

/// The arguments as a reader can type them.
fn shell_words(args: &[&str]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./".contains(c);
    let quoted = |arg: &&str| {
        if arg.chars().all(plain) {
            (*arg).to_owned()
        } else {
            format!("\"{arg}\"")
        }
    };
    args.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(line: &str) -> Result<Vec<&'static str>> {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Ok(choose(&args)?.iter().map(|job| job.name).collect())
    }

    #[test]
    fn without_arguments_every_job_runs_and_the_features_come_last() {
        let jobs = chosen("").unwrap();
        assert_eq!(jobs.len(), JOBS.len());
        assert_eq!(jobs.last(), Some(&"features"));
    }

    #[test]
    fn named_jobs_run_in_the_order_of_the_list() {
        assert_eq!(chosen("doc fmt").unwrap(), ["fmt", "doc"]);
    }

    #[test]
    fn skipped_jobs_do_not_run() {
        let jobs = chosen("--skip test --skip features").unwrap();
        assert!(!jobs.contains(&"test") && !jobs.contains(&"features"));
        assert_eq!(jobs.len(), JOBS.len() - 2);
    }

    #[test]
    fn unknown_jobs_and_options_are_refused() {
        assert!(
            chosen("fmtt")
                .unwrap_err()
                .to_string()
                .contains("fmt, tidy")
        );
        assert!(chosen("--skip").is_err());
        assert!(chosen("--fast").is_err());
    }

    #[test]
    fn commands_are_shown_as_they_can_be_typed() {
        let args = ["doc", "--config", "package.'*'.x=0"];
        assert_eq!(shell_words(&args), "doc --config \"package.'*'.x=0\"");
    }
}
