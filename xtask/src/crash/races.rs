//! Several programs that want one run folder at the same moment: one gets it, the others say whose it is.

use std::fs;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Report;
use super::tiny::{Ended, Length, Tiny};

/// Programs in a race.
const RUNNERS: usize = 4;

/// Not over before the others have given up.
const FOR_EVER: Length = Length {
    steps: 1_000_000_000,
    checkpoint_every: 1000,
};

pub(super) fn run(tiny: &Tiny, races: u64) -> Result<Report> {
    let mut failures = Vec::new();
    for race in 0..races {
        // New runs and interrupted ones in turns.
        if let Err(error) = hold(tiny, race % 2 == 1) {
            failures.push(format!("race {race}: {error:#}"));
        }
    }
    Ok(Report {
        done: races,
        notes: vec![format!(
            "{RUNNERS} programs each, half of them with --resume"
        )],
        failures,
    })
}

fn hold(tiny: &Tiny, resumed: bool) -> Result<()> {
    let run = tiny.place("race")?;
    let mut args = tiny.train(&run, FOR_EVER);
    if resumed {
        let mut child = tiny.start(&args)?;
        let saved = run.join("checkpoints").join("step-1000.safetensors");
        let waited = wait_until(|| Ok(saved.exists()));
        child.kill()?;
        child.wait()?;
        waited?;
        args = tiny.resume(&run);
    }
    let children: Result<Vec<Child>> = (0..RUNNERS).map(|_| tiny.start(&args)).collect();
    let mut running = children?;
    let mut ended = Vec::new();
    let waited = wait_until(|| {
        let mut at = 0;
        while at < running.len() {
            match running[at].try_wait()? {
                Some(_) => ended.push(running.swap_remove(at)),
                None => at += 1,
            }
        }
        Ok(running.len() <= 1)
    });
    let winners: Vec<u32> = running.iter().map(Child::id).collect();
    for child in &mut running {
        child.kill()?;
        child.wait()?;
    }
    waited?;
    let [winner] = winners[..] else {
        bail!("no winner");
    };
    for child in ended {
        let loser = Ended::of(child.wait_with_output()?).with_code(73)?;
        if !loser.stderr.contains(&format!("process {winner}")) {
            bail!(
                "expected the winner's number, {winner}, found: {}",
                loser.stderr.trim()
            );
        }
    }
    fs::remove_dir_all(&run)?;
    Ok(())
}

/// Errors: if it takes a minute.
fn wait_until(mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !done()? {
        if began.elapsed() > Duration::from_secs(60) {
            bail!("nothing happened for a minute");
        }
        sleep(Duration::from_millis(2));
    }
    Ok(())
}
