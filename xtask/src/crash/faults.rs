//! An error from every file system call: when the run folder is made, and when a checkpoint is saved.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Report;
use super::calls::EVERY_STEP;
use super::story::each;
use super::strace::{Call, Fate, inject, record};
use super::tiny::{End, Ended, Tiny, temporaries};

const ERRORS: [&str; 3] = ["ENOSPC", "EIO", "EACCES"];

/// What has to become of a run in which a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// It ends before training, with this code.
    NotBegun(i32),
    /// It ends with 74.
    Stopped,
    /// It warns and goes on.
    Warned,
    /// It warns, goes on, and lacks a line of metrics.
    LessMetrics,
    /// It goes on: nothing depends on the call.
    Unmoved,
}

struct Case<'a> {
    call: &'a Call,
    error: &'static str,
    expected: Expected,
}

type Checkpoints = BTreeMap<String, Vec<u8>>;

pub(super) fn run(tiny: &Tiny) -> Result<Report> {
    let recorded = tiny.place("recorded")?;
    let trace = record(tiny, &recorded, EVERY_STEP)?;
    let whole = End::of(&recorded, EVERY_STEP)?;
    let (start, (step, save)) = (trace.start(&recorded)?, trace.save()?);

    // What stands before the save: a run that is killed just there has it.
    let killed = tiny.place("before")?;
    let first = save.first().context("a save without a call")?;
    inject(tiny, &killed, EVERY_STEP, first, Fate::Kill)?;
    let before = checkpoints(&killed)?;

    let start: Vec<&Call> = start.iter().filter(can_fail).collect();
    // The last call is the first of the next save.
    let save: Vec<&Call> = save[..save.len() - 1].iter().filter(can_fail).collect();
    let mut cases = Vec::new();
    for error in ERRORS {
        let of_start = start.iter().map(|call| (*call, at_start(call, error)));
        // A run that goes on comes to the call of the same number in another thread, which would fail as well.
        let of_start = of_start.filter(|(call, expected)| {
            matches!(expected, Expected::NotBegun(_)) || trace.is_unique(call)
        });
        let of_save = save.iter().map(|call| (*call, in_save(call)));
        let all = of_start.chain(of_save);
        cases.extend(all.map(|(call, expected)| Case {
            call,
            error,
            expected,
        }));
    }
    let count =
        |kind: fn(&Expected) -> bool| cases.iter().filter(|case| kind(&case.expected)).count();
    let notes = vec![
        format!(
            "{} calls of the start, {} of the save after step {step}",
            start.len(),
            save.len()
        ),
        format!(
            "{} of the runs not begun",
            count(|e| matches!(e, Expected::NotBegun(_)))
        ),
        format!("{} stopped with 74", count(|e| *e == Expected::Stopped)),
        format!(
            "{} warned and went on",
            count(|e| matches!(e, Expected::Warned | Expected::LessMetrics))
        ),
        format!("{} unmoved", count(|e| *e == Expected::Unmoved)),
    ];
    let failures = each(
        &cases,
        |_, case| format!("{} from {}({}", case.error, case.call.name, case.call.text),
        |index, case| suffer(tiny, &format!("fault-{index}"), case, &before, &whole),
    );
    Ok(Report {
        done: cases.len() as u64,
        notes,
        failures,
    })
}

/// Whether a file system can let the call fail. Closing a folder that was read cannot, and the standard library relies on that.
fn can_fail(call: &&Call) -> bool {
    call.name != "close" || !call.open_path().is_some_and(|path| path.is_dir())
}

fn at_start(call: &Call, error: &str) -> Expected {
    let text = &call.text;
    match call.name.as_str() {
        "close" | "fcntl" | "lseek" | "read" => Expected::Unmoved,
        // What stands in place of the run's own files is looked at before they are written.
        "statx" | "newfstatat" | "lstat" if looks_at_itself(call) => Expected::NotBegun(74),
        // Whether something is there is asked again by the call that makes it.
        "statx" | "stat" | "lstat" | "access" | "faccessat2" => Expected::Unmoved,
        "write" if text.contains("/train.log>") => Expected::Unmoved,
        // Where a folder cannot be locked, the lock in it is taken all the same.
        "flock" if !text.contains("/lock>") => Expected::Unmoved,
        _ if text.contains("/train.log\"") => Expected::Warned,
        _ if error == "EACCES" && !lists_a_folder(call) => Expected::NotBegun(73),
        _ => Expected::NotBegun(74),
    }
}

/// Whether a call belongs to listing a folder: what cannot be read ends with 74, what cannot be made with 73.
fn lists_a_folder(call: &Call) -> bool {
    matches!(call.name.as_str(), "getdents64" | "newfstatat" | "fstat")
        || call.text.contains("O_DIRECTORY")
}

/// Whether a call looks at a link, and not at what it names.
fn looks_at_itself(call: &Call) -> bool {
    call.name == "lstat" || call.text.contains("AT_SYMLINK_NOFOLLOW")
}

fn in_save(call: &Call) -> Expected {
    let (name, text) = (call.name.as_str(), &call.text);
    match name {
        "close" | "fcntl" | "lseek" => Expected::Unmoved,
        "fdatasync" => Expected::Warned,
        "write" if text.contains("/train.log>") => Expected::Unmoved,
        "write" if text.contains("/metrics.jsonl>") => Expected::LessMetrics,
        "getdents64" | "getdents" | "newfstatat" | "fstat" | "unlink" | "unlinkat" => {
            Expected::Warned
        }
        // The folder is listed to find old checkpoints.
        "openat" if text.contains("O_DIRECTORY") => Expected::Warned,
        _ => Expected::Stopped,
    }
}

/// Trains with a call that fails, and looks at what is left; goes on, and compares.
fn suffer(
    tiny: &Tiny,
    name: &str,
    case: &Case<'_>,
    before: &Checkpoints,
    whole: &End,
) -> Result<()> {
    let run = tiny.place(name)?;
    let ended = inject(tiny, &run, EVERY_STEP, case.call, Fate::Error(case.error))?;
    let warned = ended.stderr.contains("warning: ");
    match case.expected {
        Expected::NotBegun(code) => says_where(&ended.with_code(code)?, &run)?,
        Expected::Stopped => {
            says_where(&ended.with_code(74)?, &run)?;
            let after = checkpoints(&run)?;
            if let Some((name, _)) = before
                .iter()
                .find(|(name, bytes)| after.get(*name) != Some(bytes))
            {
                bail!("{name}, which stood before, is not the same any more");
            }
        }
        Expected::Warned | Expected::LessMetrics => {
            ended.succeeded()?;
            if !warned {
                bail!("no warning");
            }
        }
        Expected::Unmoved => {
            ended.succeeded()?;
        }
    }
    let left = temporaries(&run);
    if !left.is_empty() {
        bail!("left behind: {}", left.join(", "));
    }
    let end = tiny.finish(&run, EVERY_STEP)?;
    match case.expected {
        Expected::LessMetrics => end.must_equal_but_for_metrics(whole)?,
        _ => end.must_equal(whole)?,
    }
    if run.exists() {
        fs::remove_dir_all(&run)?;
    }
    Ok(())
}

/// Errors: if the last line of the program does not name a file of the run.
pub(super) fn says_where(ended: &Ended, run: &Path) -> Result<()> {
    let error = ended
        .stderr
        .lines()
        .rfind(|line| line.starts_with("error: "));
    if !error.is_some_and(|line| line.contains(&run.display().to_string()) || line.contains("runs"))
    {
        bail!(
            "expected an error that names a file of the run, found: {}",
            ended.stderr.trim()
        );
    }
    Ok(())
}

/// The checkpoints of a run by name.
fn checkpoints(run: &Path) -> Result<Checkpoints> {
    let mut found = Checkpoints::new();
    for entry in fs::read_dir(run.join("checkpoints"))? {
        let entry = entry?;
        found.insert(
            entry.file_name().to_string_lossy().into_owned(),
            fs::read(entry.path())?,
        );
    }
    Ok(found)
}
