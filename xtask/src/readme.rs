//! Runs the commands of README.md, so that what it tells a newcomer to type is known to work.
//!
//! Every `cargo xtask` and `cargo run` line of its `sh` and `console` blocks runs, in the README's order and in one empty
//! folder of its own; a training is cut to a few steps. Lines for hardware that may be missing, lines with a
//! placeholder and lines that need a shell are left out, and said to be.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, root};
use crate::run::PROFILE;

/// A training runs this many steps.
const STEPS: &str = "3";
/// A training sees this many images.
const IMAGES: &str = "512";

/// What is done with one line of the README.
#[derive(Debug, PartialEq)]
enum Plan {
    /// Run `cargo` with these arguments.
    Run(Vec<String>),
    /// Leave it out, for this reason.
    Skip(&'static str),
}

/// Runs every command of README.md; the first that fails ends it.
pub(crate) fn run() -> Result<()> {
    let text = fs::read_to_string(root().join("README.md")).context("cannot read README.md")?;
    let lines = commands(&text);
    if lines.is_empty() {
        bail!("README.md has no command in its `sh` and `console` blocks");
    }
    // Inside the clone: cargo finds the alias there, as it does for the reader.
    let folder = root().join("target").join("readme");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot empty the folder of the last check")?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for line in lines {
        match plan(&line) {
            Plan::Skip(reason) => eprintln!("$ {line}\n  left out: {reason}"),
            Plan::Run(args) => {
                eprintln!("$ cargo {}", args.join(" "));
                let mut command: Command = cargo();
                command
                    .args(&args)
                    .current_dir(&folder)
                    .env(PROFILE, "dev")
                    .stdin(Stdio::null());
                let status = command.status().context("cannot start cargo")?;
                if !status.success() {
                    bail!("README.md's `{line}` ended with {status}");
                }
            }
        }
    }
    Ok(())
}

/// The `cargo xtask` and `cargo run` lines in the shell blocks of a Markdown text, without prompts and comments.
fn commands(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<bool> = None;
    let mut lines = markdown.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            block = match block {
                None => Some(matches!(language, "sh" | "console" | "bash" | "shell")),
                Some(_) => None,
            };
        } else if block == Some(true) {
            let mut line = line.strip_prefix("$ ").unwrap_or(line).to_owned();
            while line.ends_with('\\') {
                line.pop();
                line.push_str(lines.next().unwrap_or_default());
            }
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.starts_with("cargo xtask ") || line.starts_with("cargo run ") {
                found.push(line.to_owned());
            }
        }
    }
    found
}

fn plan(line: &str) -> Plan {
    if line.contains(['|', '>', '<', ';', '&', '$', '`', '*', '"', '\'']) {
        return Plan::Skip("it needs a shell");
    }
    let mut args: Vec<String> = line.split_whitespace().skip(1).map(str::to_owned).collect();
    let command = args.get(1).cloned().unwrap_or_default();
    // Any preset will do, and two seeds.
    if command == "experiment" {
        let preset = args.iter_mut().filter(|arg| *arg == "PRESET");
        preset.for_each(|arg| *arg = "aae".to_owned());
        set(&mut args, "--seeds", "0..1");
    }
    if args.iter().any(|arg| is_placeholder(arg)) {
        return Plan::Skip("it has a placeholder");
    }
    let given = |name: &str| {
        args.iter()
            .any(|arg| arg == name || arg.starts_with(&format!("{name}=")))
    };
    if line.contains("cuda") || line.contains("metal") {
        return Plan::Skip("it needs hardware that may be missing");
    }
    if args[0] == "run" {
        // As the tests have built it: of one package alone, candle would be built anew with other features.
        args.retain(|arg| arg != "--release");
        remove(&mut args, "-p");
        return Plan::Run(args);
    }
    if matches!(command.as_str(), "ci" | "tidy") {
        return Plan::Skip("it is one of these checks");
    }
    if command == "bench" {
        return Plan::Skip("it measures, and is compiled by the lints");
    }
    // A resumed run goes on with its own configuration, which was made small when it began.
    let trains = matches!(command.as_str(), "train" | "experiment");
    if trains && !given("--help") && !given("--dry-run") && !given("--resume") {
        set(&mut args, "--max-steps", STEPS);
        set(&mut args, "--limit-train", IMAGES);
    }
    Plan::Run(args)
}

/// `DIR`, `runs/NAME`, `--data=DIR`: a word in capitals that the reader is to replace.
fn is_placeholder(arg: &str) -> bool {
    let is_name = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
    arg.split(['/', '=', '.']).any(is_name)
}

/// Sets an option, in place of the value that it has.
fn set(args: &mut Vec<String>, name: &str, value: &str) {
    remove(args, name);
    args.retain(|arg| !arg.starts_with(&format!("{name}=")));
    args.extend([name.to_owned(), value.to_owned()]);
}

/// Takes an option out, with the value after it.
fn remove(args: &mut Vec<String>, name: &str) {
    if let Some(at) = args.iter().position(|arg| arg == name) {
        args.drain(at..(at + 2).min(args.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(line: &str) -> String {
        match plan(line) {
            Plan::Run(args) => args.join(" "),
            Plan::Skip(reason) => panic!("{line} is left out: {reason}"),
        }
    }

    #[test]
    fn only_xtask_and_run_lines_of_shell_blocks_are_commands() {
        let text = "cargo xtask outside\n\
            ```console\n$ cargo xtask train   # 13 minutes\nepoch 1\n$ cargo test\n$ cargo run -p aae-ops\n```\n\
            ```rust\ncargo xtask rust\n```\n\
            ```sh\ncargo xtask sample --n 4 \\\n    --seed 1\n```\n\
            cargo xtask outside\n";
        assert_eq!(
            commands(text),
            [
                "cargo xtask train",
                "cargo run -p aae-ops",
                "cargo xtask sample --n 4 --seed 1"
            ]
        );
    }

    #[test]
    fn trainings_are_cut_short() {
        assert_eq!(
            runs("cargo xtask train --preset ae"),
            "xtask train --preset ae --max-steps 3 --limit-train 512"
        );
        assert_eq!(
            runs("cargo xtask train --max-steps 1000 --limit-train=60000 -q"),
            "xtask train -q --max-steps 3 --limit-train 512"
        );
        assert_eq!(
            runs("cargo xtask train --resume runs/aae-s0"),
            "xtask train --resume runs/aae-s0"
        );
        assert_eq!(runs("cargo xtask train --dry-run"), "xtask train --dry-run");
        assert_eq!(
            runs("cargo xtask experiment PRESET --seeds 0..4"),
            "xtask experiment aae --seeds 0..1 --max-steps 3 --limit-train 512"
        );
    }

    #[test]
    fn examples_run_in_the_profile_and_with_the_features_of_the_tests() {
        assert_eq!(
            runs("cargo run --release -p aae-viz --example gallery -- target/gallery"),
            "run --example gallery -- target/gallery"
        );
    }

    #[test]
    fn other_commands_run_as_they_stand() {
        let line = "cargo xtask sample --grid=-10..10 --steps 20";
        assert_eq!(format!("cargo {}", runs(line)), line);
    }

    #[test]
    fn what_cannot_run_here_is_left_out() {
        for line in [
            "cargo xtask train --device cuda",
            "cargo xtask train --device=metal",
            "cargo xtask train --data DIR",
            "cargo xtask eval runs/NAME",
            "cargo xtask completions bash > aae.bash",
            "cargo xtask ci",
        ] {
            assert!(matches!(plan(line), Plan::Skip(_)), "{line}");
        }
    }
}
