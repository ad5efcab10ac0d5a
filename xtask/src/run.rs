//! Builds the `aae` program and becomes it.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::thread;

use anyhow::{Context, Result, anyhow};

use crate::cargo::{cargo, describes_package, root};
use crate::device::{Machine, feature, obstacle};

const ANNOUNCEMENT: &str = "building the aae program (the first build takes a few minutes)";

/// Names another cargo profile than `release` to build the program with: the checks have built it for the tests already.
pub(crate) const PROFILE: &str = "AAE_XTASK_PROFILE";

/// The program's own exit code for a device that cannot be had.
const UNAVAILABLE: u8 = 75;

/// Builds the program for the device that `args` choose, then hands this process over to it: its signals, its exit
/// code, its current directory. Returns only if the build failed (with cargo's exit code) or nothing could be started.
pub(crate) fn become_program(args: &[OsString]) -> Result<ExitCode> {
    let machine = Machine::here();
    let feature = feature(args, machine);
    if let Some(obstacle) = feature.and_then(|feature| obstacle(feature, machine)) {
        eprintln!("error: {obstacle}");
        return Ok(ExitCode::from(UNAVAILABLE));
    }
    let profile = std::env::var(PROFILE).unwrap_or_else(|_| "release".to_owned());
    match build(&profile, feature)? {
        Ok(program) => replace_process(&program, args),
        Err(status) => Ok(exit_code(status)),
    }
}

/// Builds the program; says so on stderr, and shows what cargo says, only if there is something to build or to report.
pub(crate) fn build(profile: &str, feature: Option<&str>) -> Result<Result<PathBuf, ExitStatus>> {
    let mut command = cargo();
    command
        .args([
            "build",
            "--profile",
            profile,
            "--package",
            "aae-cli",
            "--bin",
            "aae",
        ])
        .arg("--message-format=json-render-diagnostics")
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"));
    if let Some(feature) = feature {
        command.args(["--features", feature]);
    }
    if io::stderr().is_terminal() {
        // Cargo writes to a pipe, so it has to be told that there is a terminal at the other end.
        command
            .env("CARGO_TERM_PROGRESS_WHEN", "always")
            .env("CARGO_TERM_PROGRESS_WIDTH", "60");
        if std::env::var_os("CARGO_TERM_COLOR").is_none() && std::env::var_os("NO_COLOR").is_none()
        {
            command.env("CARGO_TERM_COLOR", "always");
        }
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;

    let stderr = child.stderr.take().context("cargo has no stderr")?;
    let reports = thread::spawn(move || show_work(stderr, &mut io::stderr()));
    let mut program = None;
    for line in BufReader::new(child.stdout.take().context("cargo has no stdout")?).lines() {
        program = executable(&line.context("cannot read cargo's messages")?).or(program);
    }
    reports
        .join()
        .map_err(|_| anyhow!("the thread that shows cargo's output died"))?
        .context("cannot show cargo's output")?;
    let status = child.wait().context("cannot wait for cargo")?;
    if !status.success() {
        return Ok(Err(status));
    }
    let program = program.context("cargo built the program but did not say where it is")?;
    Ok(Ok(program))
}

/// Passes on what cargo says, but for the one line that it writes when nothing was to be done.
fn show_work(from: impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        if !text.contains("Finished") {
            writeln!(to, "{ANNOUNCEMENT}")?;
            to.write_all(&line)?;
            to.flush()?;
            return pass_on(from, to);
        }
        line.clear();
    }
    Ok(())
}

/// Copies as it comes, progress bars included: they have no line ends.
fn pass_on(mut from: impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..n])?;
        to.flush()?;
    }
}

/// The path of the `aae` program, if this message of cargo's (one JSON object) says where it is.
fn executable(message: &str) -> Option<PathBuf> {
    if !message.contains(r#""reason":"compiler-artifact""#) || !message.contains(r#""name":"aae""#)
    {
        return None;
    }
    let (_, value) = message.split_once(r#""executable":""#)?;
    let mut path = String::new();
    let mut chars = value.chars();
    loop {
        match chars.next()? {
            '"' => return Some(PathBuf::from(path)),
            // Of JSON's escapes a path can hold these two alone, control characters aside.
            '\\' => path.push(chars.next()?),
            other => path.push(other),
        }
    }
}

/// The exit code of a program that ended so; 1 where it has none of its own, as after a signal.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

fn program_command(program: &Path, args: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    for (name, _) in std::env::vars_os().filter(|(name, _)| describes_package(name)) {
        command.env_remove(name);
    }
    command
}

#[cfg(unix)]
fn replace_process(program: &Path, args: &[OsString]) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    // The program calls itself what its user typed, in its usage and in the commands that it suggests.
    let error = program_command(program, args).arg0("cargo xtask").exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}

#[cfg(not(unix))]
fn replace_process(program: &Path, args: &[OsString]) -> Result<ExitCode> {
    let status = program_command(program, args)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    Ok(exit_code(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(cargo_says: &str) -> String {
        let mut out = Vec::new();
        show_work(cargo_says.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_is_shown_when_nothing_was_built() {
        assert_eq!(shown(""), "");
        assert_eq!(
            shown("    Finished `release` profile target(s) in 0.09s\n"),
            ""
        );
        assert_eq!(
            shown("\x1b[1m\x1b[92m    Finished\x1b[0m `release` profile\n"),
            ""
        );
    }

    #[test]
    fn a_build_is_announced_and_shown_whole() {
        let says = "   Compiling aae-ops v0.1.0\n Building [=> ] 1/2\r\x1b[K    Finished in 2m\n";
        assert_eq!(shown(says), format!("{ANNOUNCEMENT}\n{says}"));
    }

    #[test]
    fn an_error_before_any_line_end_is_shown() {
        assert!(shown("error: no such feature").ends_with("error: no such feature"));
    }

    #[test]
    fn the_program_is_found_among_the_messages_of_cargo() {
        let artifact = |name: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"kind":["bin"],"name":"{name}"}},"executable":{executable},"fresh":true}}"#
            )
        };
        assert_eq!(
            executable(&artifact("aae", r#""/a b/target/release/aae""#)),
            Some(PathBuf::from("/a b/target/release/aae"))
        );
        assert_eq!(
            executable(&artifact("aae", r#""C:\\a\\\"b\".exe""#)),
            Some(PathBuf::from(r#"C:\a\"b".exe"#))
        );
        assert_eq!(executable(&artifact("aae", "null")), None);
        assert_eq!(executable(&artifact("build-script-build", r#""x""#)), None);
        assert_eq!(
            executable(r#"{"reason":"build-finished","success":true}"#),
            None
        );
    }
}
