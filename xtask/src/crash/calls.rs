//! A kill at every file system call: when the run folder is made, when a checkpoint is saved, and when the model is written at the end.

use std::fs;

use anyhow::{Result, bail};

use super::Report;
use super::story::each;
use super::strace::{Call, Fate, inject, record};
use super::tiny::{End, Length, STEPS, Tiny, saved_and_resumed};

/// A save after every step.
pub(crate) const EVERY_STEP: Length = Length {
    steps: STEPS,
    checkpoint_every: 1,
};

pub(super) fn run(tiny: &Tiny) -> Result<Report> {
    let recorded = tiny.place("recorded")?;
    let trace = record(tiny, &recorded, EVERY_STEP)?;
    let whole = End::of(&recorded, EVERY_STEP)?;
    let (start, (step, save), end) = (trace.start(&recorded)?, trace.save()?, trace.end()?);
    let notes = vec![format!(
        "{} calls of the start, {} of the save after step {step}, {} of the end",
        start.len(),
        save.len(),
        end.len()
    )];
    let calls: Vec<&Call> = start.iter().chain(&save).chain(&end).collect();
    let failures = each(
        &calls,
        |_, call| format!("killed before {}({}", call.name, call.text),
        |index, call| killed_at(tiny, &format!("call-{index}"), call, &whole),
    );
    Ok(Report {
        done: calls.len() as u64,
        notes,
        failures,
    })
}

/// Kills a training at a call, goes on, and compares.
fn killed_at(tiny: &Tiny, name: &str, call: &Call, whole: &End) -> Result<()> {
    let run = tiny.place(name)?;
    let killed = inject(tiny, &run, EVERY_STEP, call, Fate::Kill)?;
    // The tracer ends as the program does.
    if killed.status.code().is_some() {
        let (status, said) = (killed.status, killed.stderr);
        bail!("not killed, but ended with {status}: {}", said.trim());
    }
    let (saved, _) = saved_and_resumed(&run);
    tiny.finish(&run, EVERY_STEP)?.must_equal(whole)?;
    let (_, resumed) = saved_and_resumed(&run);
    if resumed < saved {
        bail!("step {saved} was saved, and the run went on from step {resumed}");
    }
    fs::remove_dir_all(&run)?;
    Ok(())
}
