//! SIGINT and SIGTERM at random times: the run is saved, ends with the right code, soon, and goes on to the same end.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Report;
use super::chance::Chance;
use super::story::each;
use super::tiny::{End, Ended, Length, Tiny, saved_and_resumed};

/// Long enough that most signals come while it trains.
const MIDDLING: Length = Length {
    steps: 600,
    checkpoint_every: 50,
};

/// The longest time from a signal to the end, beside a step, which takes milliseconds here.
const SOON: Duration = Duration::from_secs(5);

/// What came of the signals.
#[derive(Debug, Default)]
struct Tally {
    saved: u64,
    before_training: u64,
    after_the_end: u64,
    slowest: Duration,
}

pub(super) fn run(tiny: &Tiny, signals: u64, seed: u64) -> Result<Report> {
    let (whole, time) = tiny.whole("whole", MIDDLING)?;
    let tally = Mutex::new(Tally::default());
    let stories: Vec<u64> = (0..signals).collect();
    let mut failures = each(
        &stories,
        |index, _| format!("signal {index} of seed {seed}"),
        |index, story| {
            let mut chance = Chance::new(seed, *story);
            let (name, code) = if chance.heads() {
                ("INT", 130)
            } else {
                ("TERM", 143)
            };
            let run = tiny.place(&format!("signal-{index}"))?;
            let mut child = tiny.start(&tiny.train(&run, MIDDLING))?;
            sleep(chance.time(time));
            let training = run.join("metrics.jsonl").exists();
            send(name, child.id())?;
            let began = Instant::now();
            let ended = loop {
                if child.try_wait()?.is_some() {
                    break began.elapsed();
                }
                sleep(Duration::from_millis(1));
            };
            let program = Ended::of(child.wait_with_output()?);
            let outcome = outcome(&run, program, code, training)?;
            if ended > SOON {
                bail!("ended {:.1} s after SIG{name}", ended.as_secs_f64());
            }
            tiny.finish(&run, MIDDLING)?.must_equal(&whole)?;
            if let Ok(mut tally) = tally.lock() {
                match outcome {
                    Outcome::Saved => tally.saved += 1,
                    Outcome::BeforeTraining => tally.before_training += 1,
                    Outcome::AfterTheEnd => tally.after_the_end += 1,
                }
                tally.slowest = tally.slowest.max(ended);
            }
            fs::remove_dir_all(&run)?;
            Ok(())
        },
    );
    let tally = tally
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    // Half of so many come while it trains: a program that hears none would end each run as if nothing had come.
    if tally.saved == 0 && signals >= 10 {
        failures.push(format!("not one of {signals} signals was heard"));
    }
    let notes = vec![
        format!("{} saved", tally.saved),
        format!("{} before training began", tally.before_training),
        format!("{} after its end", tally.after_the_end),
        format!("slowest {:.2} s", tally.slowest.as_secs_f64()),
    ];
    Ok(Report {
        done: signals,
        notes,
        failures,
    })
}

enum Outcome {
    Saved,
    BeforeTraining,
    AfterTheEnd,
}

/// How a program ended that a signal was sent to; `training` says whether it had begun to train by then.
fn outcome(run: &Path, program: Ended, code: i32, training: bool) -> Result<Outcome> {
    match program.status.code() {
        Some(0) => {
            End::of(run, MIDDLING)?;
            Ok(Outcome::AfterTheEnd)
        }
        // Killed by the signal itself: while there is nothing to save, nobody catches it.
        None if !training => Ok(Outcome::BeforeTraining),
        _ => {
            let program = program.with_code(code)?;
            let said = program.stdout.contains("and saved; to go on:");
            let (saved, _) = saved_and_resumed(run);
            if !said || saved == 0 || !run.join("model.safetensors").exists() {
                bail!("nothing was saved: {}", program.stdout);
            }
            Ok(Outcome::Saved)
        }
    }
}

fn send(name: &str, process: u32) -> Result<()> {
    // It may have ended already.
    Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .stderr(Stdio::null())
        .status()
        .context("cannot run `kill`")?;
    Ok(())
}
