//! The fuzz targets on a stable compiler: seeded mutations, in a process of their own whose time and memory are watched.
//!
//! `cargo test` runs a few thousand inputs of each target; `cargo xtask fuzz` as many as wanted. The same seed makes the same inputs.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a test program: it fails by panicking, and reports to the terminal"
)]

mod child;
mod mutate;
mod planted;
mod seeds;
#[path = "../../../../fuzz/targets.rs"]
mod targets;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A target by name, with words of its format and how many inputs `cargo test` tries.
pub(crate) struct Parser {
    pub(crate) name: &'static str,
    pub(crate) run: targets::Target,
    pub(crate) words: &'static [&'static str],
    pub(crate) quick: u64,
}

pub(crate) const PARSERS: [Parser; 5] = [
    Parser {
        name: "idx",
        run: targets::idx,
        words: &["\0\0\x08\x03", "\0\0\x08\x01", "\0\0\0\x01", "\0\0\0\0"],
        quick: 50_000,
    },
    Parser {
        name: "gzip",
        run: targets::gzip,
        words: &["\x1f", "\0\0\x08\x03", "\0\0\0\x01", "\x08\0\0\0"],
        quick: 20_000,
    },
    Parser {
        name: "checkpoint",
        run: targets::checkpoint,
        words: &[
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\\"",
            ":",
            ",",
            "null",
            "-1",
            "1e999",
            "\"F16\"",
            "\"w\":",
            "__metadata__",
            "data_offsets",
            "shape",
            "[0,4]",
            "nan",
        ],
        quick: 10_000,
    },
    Parser {
        name: "config",
        run: targets::config,
        words: &[
            "=",
            "[",
            "]",
            "[[",
            "{",
            "}",
            "\"",
            "\"\"\"",
            "'",
            ".",
            "\n",
            "#",
            "inf",
            "nan",
            "-1",
            "1e308",
            "1979-05-27",
            "kind",
            "true",
            "[prior]\n",
            "kind = \"step\"",
            "at_epochs = []",
        ],
        quick: 5_000,
    },
    Parser {
        name: "metrics",
        run: targets::metrics,
        words: &[
            "{",
            "}",
            "[",
            "\"",
            ":",
            ",",
            "\n",
            "null",
            "-1",
            "1e999",
            "{\"a\":",
            "\"kind\":",
            "\"train\"",
            "\"evaluation\"",
            "\"losses\":{}",
            "\\ud800",
        ],
        quick: 20_000,
    },
];

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    target: Option<String>,
    pub(crate) executions: Option<u64>,
    pub(crate) seconds: Option<u64>,
    pub(crate) seed: u64,
    /// Each input is written here before it is tried: what kills the process is then found in it.
    pub(crate) trace: Option<PathBuf>,
    child: bool,
    write_corpus: bool,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(plan) = parse(&args) else {
        // `cargo test NAME` gives every test program the name of a test.
        println!(
            "fuzz: left out: expected no argument, or --target T, --executions N, --seconds N, --seed S"
        );
        return ExitCode::SUCCESS;
    };
    if plan.write_corpus {
        return write_corpus();
    }
    if args.is_empty() {
        check_the_check();
    }
    let wanted = |parser: &&Parser| {
        plan.target
            .as_deref()
            .is_none_or(|name| name == parser.name)
    };
    if plan.child {
        let parser = PARSERS.iter().chain(&planted::PLANTED).find(wanted);
        return child::run(parser.unwrap(), &plan);
    }
    let chosen: Vec<&Parser> = PARSERS.iter().filter(wanted).collect();
    if chosen.is_empty() {
        let names = PARSERS.each_ref().map(|parser| parser.name).join(", ");
        eprintln!("fuzz: unknown target; expected one of {names}");
        return ExitCode::from(2);
    }
    let failed: Vec<&str> = chosen
        .into_iter()
        .filter(|parser| !passes(parser, &plan))
        .map(|parser| parser.name)
        .collect();
    match failed.is_empty() {
        true => ExitCode::SUCCESS,
        false => {
            let seed = plan.seed;
            eprintln!(
                "fuzz: failed: {}; repeat with the same --seed {seed}",
                failed.join(", ")
            );
            ExitCode::FAILURE
        }
    }
}

fn parse(args: &[String]) -> Option<Plan> {
    let mut plan = Plan::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--target" => plan.target = Some(args.next()?.clone()),
            "--executions" => plan.executions = Some(args.next()?.parse().ok()?),
            "--seconds" => plan.seconds = Some(args.next()?.parse().ok()?),
            "--seed" => plan.seed = args.next()?.parse().ok()?,
            "--trace" => plan.trace = Some(args.next()?.into()),
            "--child" => plan.child = true,
            "--write-corpus" => plan.write_corpus = true,
            _ => return None,
        }
    }
    Some(plan)
}

/// Each planted fault is found, and said to be what it is.
fn check_the_check() {
    for (parser, finding) in planted::PLANTED.iter().zip([
        "panic in execution",
        "time-out in execution",
        "memory in execution",
        "",
    ]) {
        let output = command(parser, &Plan::default(), None).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(finding),
            "{}: {said}",
            parser.name
        );
        let killed = output.status.code().is_none();
        assert_eq!(
            killed,
            finding.is_empty(),
            "{}: {}",
            parser.name,
            output.status
        );
    }
    println!("{} planted faults were found", planted::PLANTED.len());
}

/// Runs a target in a process of its own, and once more with a trace if that process is killed.
fn passes(parser: &Parser, plan: &Plan) -> bool {
    let status = command(parser, plan, None).status().unwrap();
    if status.code().is_some() {
        return status.success();
    }
    let input = kept_inputs().join(format!("{}-fatal", parser.name));
    eprintln!("{}: {status}; looking for the input", parser.name);
    let _ = command(parser, plan, Some(&input)).status();
    eprintln!("{}: the input is {}", parser.name, input.display());
    false
}

fn command(parser: &Parser, plan: &Plan, trace: Option<&Path>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--child",
        "--target",
        parser.name,
        "--seed",
        &plan.seed.to_string(),
    ]);
    let quick = match plan.seconds {
        None => Some(plan.executions.unwrap_or(parser.quick)),
        Some(_) => plan.executions,
    };
    for (flag, number) in [("--executions", quick), ("--seconds", plan.seconds)] {
        command.args(
            number
                .into_iter()
                .flat_map(|n| [flag.to_owned(), n.to_string()]),
        );
    }
    command.args(
        trace
            .into_iter()
            .flat_map(|path| [Path::new("--trace"), path]),
    );
    command
}

/// Where inputs are left that something is wrong with.
pub(crate) fn kept_inputs() -> PathBuf {
    let folder = std::env::temp_dir().join("aae-fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes the good files of today into `fuzz/corpus/`, for cargo-fuzz.
fn write_corpus() -> ExitCode {
    for parser in &PARSERS {
        let folder = seeds::corpus(parser.name);
        std::fs::create_dir_all(&folder).unwrap();
        for (index, bytes) in seeds::made(parser.name).iter().enumerate() {
            std::fs::write(folder.join(format!("good-{index}")), bytes).unwrap();
        }
    }
    ExitCode::SUCCESS
}
