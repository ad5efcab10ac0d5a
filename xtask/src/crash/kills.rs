//! Kills at random times. A story is one training: it is killed, goes on, as often as not is killed again, and ends. One long training
//! takes half of all kills, or as many as it gets before its end.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Report;
use super::chance::Chance;
use super::story::each;
use super::tiny::{End, Length, SHORT, Tiny, saved_and_resumed, temporaries};

/// The training that is killed again and again.
const LONG: Length = Length {
    steps: 1000,
    checkpoint_every: 4,
};

/// Kills so often in all that one long training is among them.
const FOR_LONG: u64 = 100;

pub(super) fn run(tiny: &Tiny, kills: u64, seed: u64) -> Result<Report> {
    let (whole, time) = tiny.whole("whole", SHORT)?;
    let (landed, most_chained) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut failures = Vec::new();
    if kills >= FOR_LONG {
        let (whole, _) = tiny.whole("whole-long", LONG)?;
        let mut chance = Chance::new(seed, u64::MAX);
        let run = tiny.place("chained")?;
        match story(tiny, &run, LONG, &whole, &mut |count| {
            (count < kills / 2).then(|| chance.time(time))
        }) {
            Ok(count) => {
                landed.fetch_add(count, Ordering::Relaxed);
                most_chained.store(count, Ordering::Relaxed);
            }
            Err(error) => failures.push(format!("the chained training: {error:#}")),
        }
    }
    // Some programs have ended before they are killed: there are more stories than it takes.
    let stories: Vec<u64> = (0..4 * kills).collect();
    failures.extend(each(
        &stories,
        |index, _| format!("story {index} of seed {seed}"),
        |index, story_seed| {
            if landed.load(Ordering::Relaxed) >= kills {
                return Ok(());
            }
            let mut chance = Chance::new(seed, *story_seed);
            let run = tiny.place(&format!("story-{index}"))?;
            let mut next = |count| (count == 0 || chance.heads()).then(|| chance.time(time));
            let count = story(tiny, &run, SHORT, &whole, &mut next)?;
            landed.fetch_add(count, Ordering::Relaxed);
            fs::remove_dir_all(&run)?;
            Ok(())
        },
    ));
    let (landed, chained) = (landed.into_inner(), most_chained.into_inner());
    if landed < kills && failures.is_empty() {
        failures.push(format!("only {landed} of {kills} kills landed"));
    }
    let mut notes = vec![format!(
        "{landed} kills landed before the program had ended"
    )];
    if chained > 0 {
        notes.push(format!(
            "{chained} of them in one training of {} steps",
            LONG.steps
        ));
    }
    Ok(Report {
        done: landed,
        notes,
        failures,
    })
}

/// Trains and kills after each time that `next` gives, which is told how many kills there were; at last goes on to the end and compares.
/// How many kills came before the program had ended.
fn story(
    tiny: &Tiny,
    run: &Path,
    length: Length,
    whole: &End,
    next: &mut dyn FnMut(u64) -> Option<Duration>,
) -> Result<u64> {
    let (mut count, mut saved_before) = (0, 0);
    while let Some(time) = next(count) {
        let mut child = tiny.start(&tiny.go_on(run, length))?;
        sleep(time);
        child.kill()?;
        let ended = super::tiny::Ended::of(child.wait_with_output()?);
        let (saved, resumed) = saved_and_resumed(run);
        // A process that was killed before it said where it goes on has said nothing new.
        if resumed > 0 && resumed < saved_before && ended.stdout.contains("going on") {
            bail!("step {saved_before} was saved, and the run went on from step {resumed}");
        }
        saved_before = saved;
        if ended.status.success() {
            break;
        }
        if ended.status.code().is_some() {
            bail!(
                "not killed, but ended with {}: {}",
                ended.status,
                ended.stderr.trim()
            );
        }
        count += 1;
    }
    tiny.finish(run, length)?.must_equal(whole)?;
    let (_, resumed) = saved_and_resumed(run);
    if resumed < saved_before && saved_before < length.steps {
        bail!("step {saved_before} was saved, and the run went on from step {resumed}");
    }
    match temporaries(run) {
        left if left.is_empty() => Ok(count),
        left => bail!("left behind: {}", left.join(", ")),
    }
}
