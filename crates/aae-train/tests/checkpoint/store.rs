//! Which checkpoints a run folder keeps, and which one a run goes on from.

use std::fs;

use aae_train::checkpoint::{BestValidation, load_newest, save};
use aae_train::run_dir::RunDir;

use crate::checkpoint;

/// A run folder with these checkpoints, each knowing `best`.
fn run_with(steps: &[u64], best: Option<u64>) -> (tempfile::TempDir, RunDir) {
    let directory = tempfile::tempdir().unwrap();
    let run = RunDir::create(directory.path(), "aae-s0").unwrap();
    for step in steps {
        let mut checkpoint = checkpoint(*step);
        checkpoint.meta.best = best
            .filter(|best| best <= step)
            .map(|step| BestValidation { step, error: 0.5 });
        assert_eq!(
            save(&run, &checkpoint).unwrap().warnings,
            Vec::<String>::new()
        );
    }
    (directory, run)
}

fn kept(run: &RunDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(run.checkpoints())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_newest_two_and_the_best_are_kept() {
    let (_directory, run) = run_with(&[1, 9, 10, 11], None);
    assert_eq!(kept(&run), ["step-10.safetensors", "step-11.safetensors"]);
    let (_directory, run) = run_with(&[1, 9, 10, 11], Some(9));
    assert_eq!(
        kept(&run),
        [
            "step-10.safetensors",
            "step-11.safetensors",
            "step-9.safetensors"
        ]
    );
}

#[test]
fn going_on_from_an_older_checkpoint_leaves_the_newer_ones() {
    let (_directory, run) = run_with(&[10, 20, 30], None);
    save(&run, &checkpoint(15)).unwrap();
    save(&run, &checkpoint(16)).unwrap();
    let steps = ["step-15", "step-16", "step-20", "step-30"];
    assert_eq!(kept(&run), steps.map(|step| format!("{step}.safetensors")));
}

#[test]
fn the_newest_good_checkpoint_is_taken_and_bad_newer_ones_are_told() {
    let (_directory, run) = run_with(&[10, 20], None);
    let newest = load_newest(&run).unwrap();
    assert_eq!(
        (newest.checkpoint.meta.step, newest.warnings.len()),
        (20, 0)
    );

    fs::write(run.checkpoint(20), b"torn").unwrap();
    let newest = load_newest(&run).unwrap();
    assert_eq!(
        (newest.checkpoint.meta.step, newest.path),
        (10, run.checkpoint(10))
    );
    assert_eq!(newest.warnings.len(), 1);
    assert!(newest.warnings[0].contains("step-20.safetensors: not a valid safetensors file"));

    fs::write(run.checkpoint(10), b"torn too").unwrap();
    let error = load_newest(&run).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    assert!(error.to_string().contains("step-20") && error.to_string().contains("step-10"));
}

#[cfg(unix)]
#[test]
fn checkpoints_of_which_one_cannot_be_read_are_not_all_bad() {
    let (_directory, run) = run_with(&[10, 20], None);
    fs::write(run.checkpoint(10), b"torn").unwrap();
    // A link to itself keeps everybody out; a mode would let root in.
    fs::remove_file(run.checkpoint(20)).unwrap();
    std::os::unix::fs::symlink("step-20.safetensors", run.checkpoint(20)).unwrap();
    let error = load_newest(&run).unwrap_err();
    assert_eq!(error.exit_code(), 74, "{error}");
}

#[test]
fn a_run_without_checkpoints_says_so() {
    let (_directory, run) = run_with(&[], None);
    let error = load_newest(&run).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    assert!(error.to_string().contains("no checkpoint found"), "{error}");
}

#[test]
fn a_state_that_is_not_finite_is_not_saved_over_good_ones() {
    let (_directory, run) = run_with(&[10, 20], None);
    let mut bad = checkpoint(30);
    bad.tensors.get_mut("a.bias").unwrap().data[0] = f32::NAN;
    assert_eq!(save(&run, &bad).unwrap_err().exit_code(), 65);
    assert_eq!(kept(&run), ["step-10.safetensors", "step-20.safetensors"]);
    bad.write(&run.diverged(30)).unwrap();
    assert_eq!(load_newest(&run).unwrap().checkpoint.meta.step, 20);
}
