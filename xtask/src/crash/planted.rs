//! Faults built into the program on purpose, to see that the parts find them.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::tiny::Tiny;
use super::{Options, Report, calls, kills, order};
use crate::run;

/// Kills that are enough to find a state that is not saved whole.
const KILLS: u64 = 20;

type Part = fn(&Tiny) -> Result<Report>;

/// What `crates/aae-train/src/planted.rs` can be asked for, the part that has to find it, and what that is called.
const FAULTS: [(&str, &str, Part); 4] = [
    ("no-file-sync", "order", order::run),
    ("no-directory-sync", "order", order::run),
    ("old-removed-first", "calls", calls::run),
    ("no-moments", "kills", |tiny| kills::run(tiny, KILLS, 0)),
];

pub(super) fn run(options: &Options) -> Result<Report> {
    let Ok(program) = run::build(&options.profile, Some("planted-faults"))? else {
        bail!("the program with the faults could not be built");
    };
    let folder: PathBuf = options.folder.join("planted");
    let tiny = Tiny::new(&folder, &program)?;
    let mut report = Report::default();
    // As long as none is asked for, nothing is to be found.
    for (_, name, part) in [FAULTS[0], FAULTS[2], FAULTS[3]] {
        let found = part(&tiny)?.failures;
        let found = found
            .iter()
            .map(|failure| format!("{name}, without a fault: {failure}"));
        report.failures.extend(found);
    }
    for (fault, name, part) in FAULTS {
        let found = part(&tiny.with_fault(fault))
            .map_or_else(|error| vec![format!("{error:#}")], |report| report.failures);
        report.done += 1;
        match found.first() {
            Some(first) => {
                eprintln!("crash: planted: {fault}: found by {name}: {first}");
                report.notes.push(format!("{fault} found by {name}"));
            }
            None => report
                .failures
                .push(format!("{fault} was not found by {name}")),
        }
    }
    Ok(report)
}
