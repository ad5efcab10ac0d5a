//! Power losses at every moment of saving: whatever they leave of what was not synced, a checkpoint that verifies is found, and it is no
//! older than the last one whose saving had returned.
//!
//! `AAE_POWER_LOSSES` says how many schedules are tried instead of the usual ten thousand.
#![allow(
    clippy::print_stdout,
    reason = "the count is the figure of docs/reliability.md"
)]

use std::cell::Cell;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config as ProptestConfig, TestCaseError, TestRunner};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::*;
use crate::checkpoint::{BestValidation, CheckpointMeta};
use crate::config::Config;
use crate::durable::forgetful::{Forgetful, Lies};
use crate::tensor_file::{HostTensor, Tensors};

const FOLDER: &str = "checkpoints";

/// A process that saves until the power is lost.
#[derive(Clone, Debug)]
struct Life {
    /// Steps between one checkpoint and the next, and whether it is the best one so far.
    saves: Vec<(u64, bool)>,
    /// Which call to the file system the power is lost in; if there are fewer, it is lost after the last.
    call: usize,
    /// Decides what is left of what was not synced.
    fate: u64,
}

/// Up to three lives of a run; a save takes about seven calls.
fn lives() -> impl Strategy<Value = Vec<Life>> {
    let saves = prop::collection::vec((1..4_u64, prop::bool::weighted(0.3)), 1..5);
    let life = (saves, 1..32_usize, any::<u64>());
    let life = life.prop_map(|(saves, call, fate)| Life { saves, call, fate });
    prop::collection::vec(life, 1..4)
}

/// A state of a few sectors that no other step has.
fn state_at(step: u64, best: Option<u64>, config: &Config) -> Checkpoint {
    let data: Vec<f32> = (0..300_u64).map(|i| (step * 1000 + i) as f32).collect();
    let tensor = HostTensor {
        shape: vec![data.len()],
        data,
    };
    let meta = CheckpointMeta::new(config, step, 0, "data");
    let best = best.map(|step| BestValidation { step, error: 0.5 });
    Checkpoint {
        tensors: Tensors::from([("w".to_owned(), tensor)]),
        meta: CheckpointMeta { best, ..meta },
    }
}

type Save = fn(&dyn Fs, &Path, &Checkpoint) -> Result<Saved, CheckpointError>;

/// Goes through the lives of a run, one power loss after another; says how many of them came within a save.
fn survive(lives: &[Life], save: Save, lies: Lies, config: &Config) -> Result<u64, TestCaseError> {
    let (fs, folder) = (Forgetful::default(), Path::new(FOLDER));
    fs.plant(lies);
    // What the run may count on: the newest checkpoint that was saved, and the best that was.
    let (mut step, mut best, mut within) = (0, None, 0);
    for life in lives {
        fs.lose_power_in(life.call);
        let mut next = step;
        for (steps, is_best) in &life.saves {
            next += steps;
            let next_best = if *is_best { Some(next) } else { best };
            let saved = save(&fs, folder, &state_at(next, next_best, config));
            if saved.is_err() || fs.is_dead() {
                within += 1;
                break;
            }
            (step, best) = (next, next_best);
        }
        fs.restart(&mut ChaCha8Rng::seed_from_u64(life.fate));
        match load_newest_in(&fs, folder, |_| Ok(())) {
            Ok(newest) => {
                let found = newest.checkpoint.meta.step;
                prop_assert!(
                    found >= step,
                    "step {step} was saved, step {found} was found"
                );
                let found_best = newest.checkpoint.meta.best.map(|best| best.step);
                prop_assert_eq!(&newest.checkpoint, &state_at(found, found_best, config));
                (step, best) = (found, found_best);
            }
            // The very first save never ended: there was none before it.
            Err(CheckpointError::NoCheckpoint { .. } | CheckpointError::AllBad { .. })
                if step == 0 => {}
            Err(error) => prop_assert!(false, "step {step} was saved, and then: {error}"),
        }
        if let Some(best) = best {
            let loaded = load_in(&fs, &folder.join(file_name(best)));
            prop_assert!(loaded.is_ok(), "the best was saved, and then: {loaded:?}");
        }
    }
    Ok(within)
}

fn run(cases: u32, save: Save, lies: Lies) -> Result<u64, String> {
    let config = Config::resolve("ae", None, &[]).unwrap();
    let within = Cell::new(0);
    let settings = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(settings)
        .run(&lives(), |lives| {
            within.set(within.get() + survive(&lives, save, lies, &config)?);
            Ok(())
        })
        .map_err(|error| error.to_string())?;
    Ok(within.get())
}

#[test]
fn no_power_loss_costs_a_checkpoint() {
    let cases = std::env::var("AAE_POWER_LOSSES").ok();
    let cases = cases.map_or(10_000, |cases| cases.parse().unwrap());
    let within = run(cases, save_in, Lies::default()).unwrap();
    assert!(within > u64::from(cases) / 2, "only {within} came within");
    println!("{cases} schedules, {within} power losses within a save, no checkpoint lost");
}

/// Removes what is there before the new one stands.
fn save_after_removing(
    fs: &dyn Fs,
    folder: &Path,
    checkpoint: &Checkpoint,
) -> Result<Saved, CheckpointError> {
    for step in steps(fs, folder)? {
        let _ = fs.remove_file(&folder.join(file_name(step)));
    }
    save_in(fs, folder, checkpoint)
}

#[test]
fn planted_faults_are_found() {
    let none = Lies::default();
    let of_files = Lies {
        of_files: true,
        ..none
    };
    let of_directories = Lies {
        of_directories: true,
        ..none
    };
    for (save, lies) in [
        (save_in as Save, of_files),
        (save_in, of_directories),
        (save_after_removing, none),
    ] {
        let error = run(1_000, save, lies).unwrap_err();
        assert!(error.contains("was saved"), "{lies:?}: {error}");
    }
}
