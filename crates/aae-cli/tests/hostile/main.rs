//! Hostile files, folders, arguments and environments, given to the program itself: each ends with the right exit code and message,
//! within a second on a processor and a bounded address space, and never waits.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod arguments;
#[path = "../../../aae-data/tests/bomb/mod.rs"]
mod bomb;
mod bytes;
mod configurations;
mod data;
mod folders;
mod metrics;
mod records;
#[path = "../support/mod.rs"]
mod support;
mod tensors;

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use support::Place;

/// Longest time on processors, in seconds, for an error: the system ends a process that needs more.
const ERROR_SECONDS: u32 = 1;
/// Longest time on processors where there is work to be done, such as training to the end and drawing figures.
const WORK_SECONDS: u32 = 30;
/// Address space in kibibytes, of which a program with two threads and libraries for debugging takes a third before it begins.
const ADDRESS_SPACE: u32 = 1 << 20;
/// Who is not done after this long, on however busy a machine, waits for something that does not come.
const WAITS: Duration = Duration::from_secs(60);

/// One thing done to a folder in which the program has trained, one command, and how that must end.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) prepare: fn(&Place),
    pub(crate) args: &'static [&'static str],
    pub(crate) code: i32,
    /// In the error, or in what is printed where there is none.
    pub(crate) says: &'static str,
}

pub(crate) const fn ends(
    name: &'static str,
    prepare: fn(&Place),
    args: &'static [&'static str],
    code: i32,
    says: &'static str,
) -> Case {
    Case {
        name,
        prepare,
        args,
        code,
        says,
    }
}

/// How a case ended.
struct Ending {
    code: Option<i32>,
    signal: Option<i32>,
    text: String,
}

/// Runs every case in a folder of its own; all that are wrong are told at once.
pub(crate) fn check(cases: &[Case]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let place = trained_place();
            (case.prepare)(&place);
            let args: Vec<OsString> = case.args.iter().map(OsString::from).collect();
            let fault = fault(
                &run(&place, &args, &[], seconds(case.code)),
                case.code,
                case.says,
            );
            fault.map(|fault| format!("{}: {fault}", case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Runs the program under its limits, with further variables in its environment.
pub(crate) fn run_with(
    place: &Place,
    args: &[OsString],
    env: &[(&str, OsString)],
    code: i32,
    says: &str,
) {
    let fault = fault(&run(place, args, env, seconds(code)), code, says);
    assert_eq!(fault, None, "{args:?} {env:?}");
}

fn run(place: &Place, args: &[OsString], env: &[(&str, OsString)], seconds: u32) -> Ending {
    let program = place.command(&[]).get_program().to_owned();
    let limits = format!("ulimit -t {seconds} -v {ADDRESS_SPACE}; exec \"$0\" \"$@\"");
    let (out, err) = (place.path("stdout"), place.path("stderr"));
    let mut command = Command::new("/bin/bash");
    command
        .args(["-c", &limits])
        .arg(program)
        .args(args)
        .current_dir(place.path(""))
        .env("AAE_DATA", place.path("data"))
        .env("RUST_BACKTRACE", "0")
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap());
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if began.elapsed() > WAITS => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(3)),
        }
    };
    let text =
        [&err, &out].map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
    Ending {
        code: status.and_then(|status| status.code()),
        signal: status.and_then(|status| status.signal()),
        text: text.concat(),
    }
}

fn seconds(code: i32) -> u32 {
    match code {
        0 => WORK_SECONDS,
        _ => ERROR_SECONDS,
    }
}

fn fault(ending: &Ending, code: i32, says: &str) -> Option<String> {
    const MOST: usize = 50_000;
    let shown: String = ending.text.chars().take(600).collect();
    let fault = match ending {
        Ending {
            signal: Some(signal),
            ..
        } => format!("ended by signal {signal}"),
        Ending { code: None, .. } => format!("still running after {WAITS:?}"),
        Ending {
            code: Some(found), ..
        } if *found != code => {
            format!("expected exit code {code}, found {found}")
        }
        _ if ending.text.contains("panicked") => "a panic".to_owned(),
        _ if !ending.text.contains(says) => format!("expected to read `{says}`"),
        _ if ending.text.len() > MOST && code != 0 => {
            format!("a message of {} bytes", ending.text.len())
        }
        _ if ending
            .text
            .chars()
            .any(|c| c.is_control() && !"\n\t".contains(c)) =>
        {
            "control characters in what it says".to_owned()
        }
        _ => return None,
    };
    Some(format!("{fault}:\n{shown}"))
}

/// A folder like one in which the program has trained ten steps.
fn trained_place() -> Place {
    static TRAINED: OnceLock<Place> = OnceLock::new();
    let trained = TRAINED.get_or_init(|| {
        let place = Place::new();
        place
            .train(&[
                "--set",
                "log_every=5",
                "--checkpoint-every",
                "5",
                "--epochs",
                "1",
            ])
            .succeeds();
        place
    });
    let place = Place::new();
    copy(&trained.path("runs"), &place.path("runs"));
    // Another place's data is elsewhere.
    fs::remove_file(place.path("runs/aae-s0/environment.json")).unwrap();
    place
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.unwrap().file_name()),
        );
        match from.is_dir() {
            true => copy(&from, &to),
            false => drop(fs::copy(&from, &to).unwrap()),
        }
    }
}

/// The run that is there, and its files.
pub(crate) const RUN: &str = "runs/aae-s0";
pub(crate) const SUMMARY: &str = "runs/aae-s0/summary.json";
/// The commands that read most of it.
pub(crate) const REPORT: &[&str] = &["report"];
pub(crate) const RESUME: &[&str] = &["train", "--resume", RUN, "--threads", "1"];
pub(crate) const MODEL: &str = "runs/aae-s0/model.safetensors";
pub(crate) const LAST: &str = "runs/aae-s0/checkpoints/step-10.safetensors";

pub(crate) fn write(place: &Place, path: &str, bytes: impl AsRef<[u8]>) {
    fs::write(place.path(path), bytes).unwrap();
}

/// Removes what is at a path, and puts a pipe there, which nobody writes to.
pub(crate) fn pipe(place: &Place, path: &str) {
    clear(place, path);
    let status = Command::new("mkfifo").arg(place.path(path)).status();
    assert!(status.unwrap().success());
}

/// Removes what is at a path, and puts a link there.
pub(crate) fn link(place: &Place, path: &str, to: &str) {
    clear(place, path);
    std::os::unix::fs::symlink(to, place.path(path)).unwrap();
}

/// Removes what is at a path, and makes a file there that says it has a tebibyte.
pub(crate) fn sparse(place: &Place, path: &str) {
    clear(place, path);
    let file = fs::File::create(place.path(path)).unwrap();
    file.set_len(1 << 40).unwrap();
}

/// Removes what is at a path, if anything is.
pub(crate) fn clear(place: &Place, path: &str) {
    let path = place.path(path);
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

/// Makes the run one that has taken all its steps and has yet to draw its figures.
pub(crate) fn without_end(place: &Place) {
    clear(place, SUMMARY);
}
