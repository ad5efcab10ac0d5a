//! `--warm-start`: runs that begin with the networks of another.
#![allow(clippy::unwrap_used, reason = "for tests")]

mod support;

use std::fs;

use support::{Place, TINY};

#[test]
fn a_warm_start_begins_with_a_checkpoint_of_its_own() {
    let place = Place::trained();
    let train = |args: &[&str]| {
        let all = ["--preset", "ae", "--warm-start", "aae-s0"];
        place.train(&[&all, args].concat())
    };
    train(&["--dry-run", "--name", "dry"])
        .succeeds()
        .prints("begins with    the networks of aae-s0, as far as they fit");
    train(&["--epochs", "1", "--name", "warm"])
        .succeeds()
        .prints("warm start     8 of 8 tensors from a run of 10 steps");
    assert!(place.exists("runs/warm/checkpoints/step-0.safetensors"));
    let model = place.read("runs/warm/model.safetensors");
    place.run(&["report", "warm"]).succeeds();
    let page = String::from_utf8(place.read("runs/warm/report.html")).unwrap();
    assert!(page.contains("the same images and the run it began with (aae-s0), on any"));

    // Killed before it had begun, it finds the other run again.
    for name in ["model.safetensors", "summary.json"] {
        fs::remove_file(place.path(&format!("runs/warm/{name}"))).unwrap();
    }
    let checkpoints = place.path("runs/warm/checkpoints");
    fs::remove_dir_all(&checkpoints).unwrap();
    place
        .run(&["train", "--resume", "runs/warm", "--threads", "1"])
        .succeeds();
    assert_eq!(model, place.read("runs/warm/model.safetensors"));

    let held_out = ["--set", "data.validation=20", "--max-steps", "1"];
    train(&held_out)
        .succeeds()
        .says("it may have trained on what this one holds out");

    // Nothing is made where there is nothing to begin with.
    place
        .train(&["--warm-start", "nowhere", "--name", "none"])
        .ends(2)
        .says("warm_start: nowhere: not a run folder");
    assert!(!place.exists("runs/none"));
    let args = ["--warm-start", "", "--name", "none"];
    place
        .train(&args)
        .ends(2)
        .says("--warm-start: expected the folder of a run");
}

#[test]
fn each_seed_begins_with_its_own_run() {
    let place = Place::new();
    let experiment = |more: &[&str]| {
        let two = ["experiment", "aae", "--epochs", "1", "--seeds", "0,1"];
        place.run(&[&two, TINY.as_slice(), more].concat())
    };
    let from = |runs: &str| experiment(&["--out", "experiments/warm", "--warm-start", runs]);
    from("experiments/aae/s{seed}")
        .ends(2)
        .says("experiments/aae/s0: not a run folder");
    assert!(!place.exists("experiments/warm"));
    experiment(&[]).succeeds();
    // Whatever is wrong with any of them is said before the first is trained.
    let checkpoints = "experiments/aae/s1/checkpoints";
    let last = place.path(&format!("{checkpoints}/step-10.safetensors"));
    let good = fs::read(&last).unwrap();
    fs::write(&last, "no checkpoint").unwrap();
    from("experiments/aae/s{seed}")
        .ends(65)
        .says("aae/s1/checkpoints: no usable checkpoint");
    assert!(!place.exists("experiments/warm"));
    fs::write(&last, good).unwrap();
    from("experiments/aae/s{seed}")
        .succeeds()
        .prints("warm start     12 of 12 tensors from a run of 10 steps");

    // A finished run may have lost its checkpoints.
    fs::remove_dir_all(place.path(checkpoints)).unwrap();
    experiment(&[
        "--warm-start",
        "experiments/aae/s1",
        "--out",
        "experiments/from-model",
    ])
    .succeeds()
    .prints("warm start     8 of 12 tensors from a run of 10 steps")
    .says("s1/checkpoints: no checkpoint found, so what there is was taken from");
    let results = place.json("experiments/warm/results.json");
    let repeat = results["repeat"].as_array().unwrap();
    let words = ["--warm-start", "experiments/aae/s{seed}"];
    assert!(repeat.windows(2).any(|pair| pair == words), "{repeat:?}");
    assert_eq!(results["config"]["warm_start"], "experiments/aae/s{seed}");
}
