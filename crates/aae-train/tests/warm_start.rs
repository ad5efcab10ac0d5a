//! Runs that begin with the networks of another.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

use std::fs;
use std::path::Path;

use aae_train::checkpoint::{load_newest, save};
use aae_train::config::Config;
use aae_train::data::fingerprint;
use aae_train::run_dir::RunDir;
use aae_train::state::capture;
use aae_train::variants::build;
use aae_train::{Outcome, WarmStart, WarmStartError};
use candle_core::Device;
use common::{IMAGE, bytes, config, dataset, train, whole_run};

fn warm_start(config: &Config, from: &Path) -> Result<WarmStart, WarmStartError> {
    let data = fingerprint(&dataset());
    WarmStart::new(config, from, IMAGE, &Device::Cpu, &data)
}

/// A finished semi-supervised run, whose style has ten dimensions.
fn other(folder: &Path) -> RunDir {
    let config = config("semi-supervised-100", &[]);
    let run = whole_run(&config, &folder.join("other"));
    fs::write(run.config(), config.to_toml()).unwrap();
    run
}

#[test]
fn what_fits_is_taken_and_the_rest_is_drawn_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let run = other(folder.path());
    let there = load_newest(&run).unwrap().checkpoint.tensors;
    let config = config("reduction-2d-100", &["seed=7"]);
    let start = warm_start(&config, run.path()).unwrap();
    assert_eq!(start.steps, 12);
    let named = |names: &[String], name: &str| names.iter().any(|found| found == name);
    for name in [
        "encoder.hidden.0.weight",
        "encoder.label.bias",
        "decoder.output.weight",
        "label_discriminator.hidden.0.weight",
    ] {
        assert!(named(&start.taken, name), "{name}: {:?}", start.taken);
    }
    // Styles of two dimensions and not of ten, and heads that the other has not.
    for name in [
        "encoder.style.weight",
        "decoder.heads.weight",
        "decoder.hidden.0.weight",
        "style_discriminator.hidden.0.weight",
    ] {
        assert!(named(&start.drawn, name), "{name}: {:?}", start.drawn);
    }
    let mut cold = build(&config, IMAGE, &Device::Cpu).unwrap();
    let (cold, counters) = capture(cold.as_mut()).unwrap();
    let begun = &start.checkpoint;
    assert_eq!(begun.meta.counters, counters);
    assert_eq!(begun.meta.step, 0);
    assert!(begun.tensors.keys().eq(cold.keys()));
    for (name, tensor) in &begun.tensors {
        // Of a run that begins, so are the optimizers, whatever names their moments have in the other.
        let from = match named(&start.taken, name) {
            true => &there[name],
            false => &cold[name],
        };
        assert_eq!(tensor, from, "{name}");
    }
    assert!(start.taken.iter().any(|name| there[name] != cold[name]));
}

#[test]
fn it_resumes_to_the_same_bytes_without_the_other_run() {
    let folder = tempfile::tempdir().unwrap();
    let from = other(folder.path());
    let config = config("reduction-2d-100", &["warm_start=other"]);
    let begin = |name: &str| {
        let run = RunDir::create_at(&folder.path().join(name)).unwrap();
        fs::write(run.config(), config.to_toml()).unwrap();
        let start = warm_start(&config, from.path()).unwrap().checkpoint;
        save(&run, &start).unwrap();
        (run, start)
    };
    let (whole, start) = begin("whole");
    train(&config, &whole, Some(start), None).unwrap();
    let cold = whole_run(&config, &folder.path().join("cold"));
    assert_ne!(bytes(&whole).0, bytes(&cold).0);
    // Before the first step, within an epoch, and after a checkpoint.
    let begun: Vec<_> = [0, 2, 7].map(|at| (at, begin(&format!("{at}")))).into();
    fs::remove_dir_all(from.path()).unwrap();
    for (stop_at, (run, start)) in begun {
        if stop_at > 0 {
            let stopped = train(&config, &run, Some(start), Some(stop_at)).unwrap();
            assert_eq!(stopped, Outcome::Stopped { step: stop_at });
        }
        let path = run.path().to_path_buf();
        drop(run);
        let run = RunDir::resume(&path).unwrap();
        let checkpoint = load_newest(&run).unwrap().checkpoint;
        assert_eq!(checkpoint.meta.step, stop_at);
        train(&config, &run, Some(checkpoint), None).unwrap();
        assert_eq!(bytes(&whole), bytes(&run), "stopped after {stop_at}");
    }
}

#[test]
fn what_cannot_be_begun_with_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = other(folder.path());
    let fails = |config: &Config, from: &Path| {
        let error = warm_start(config, from).unwrap_err();
        (error.exit_code(), error.to_string())
    };
    let path = run.path().display().to_string();
    let narrow = config(
        "reduction-2d-100",
        &["model.encoder.hidden=[6]", "model.categories=4"],
    );
    let (code, message) = fails(&narrow, run.path());
    assert_eq!(code, 2);
    assert!(message.contains(&path) && message.contains("model.encoder.hidden"));

    let config = config("reduction-2d-100", &[]);
    let (code, message) = fails(&config, &folder.path().join("nowhere"));
    assert_eq!(code, 2);
    assert!(message.starts_with("warm_start: ") && message.contains("not a run folder"));

    // What is damaged is passed over while there is an older one.
    fs::write(run.checkpoint(12), "no checkpoint").unwrap();
    let start = warm_start(&config, run.path()).unwrap();
    assert_eq!((start.steps, start.warnings.len()), (10, 1));
    for file in fs::read_dir(run.checkpoints()).unwrap() {
        fs::write(file.unwrap().path(), "no checkpoint").unwrap();
    }
    let (code, message) = fails(&config, run.path());
    assert_eq!(code, 65);
    assert!(message.contains("no usable checkpoint"), "{message}");
}

#[test]
fn without_checkpoints_the_networks_are_those_of_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let run = other(folder.path());
    let config = config("semi-supervised-100", &["seed=7"]);
    let whole = warm_start(&config, run.path()).unwrap();
    fs::remove_dir_all(run.checkpoints()).unwrap();
    let start = warm_start(&config, run.path()).unwrap();
    assert_eq!(start.steps, whole.steps);
    assert_eq!(start.warnings.len(), 1, "{:?}", start.warnings);
    for name in &start.taken {
        let tensors = &start.checkpoint.tensors;
        assert_eq!(tensors[name], whole.checkpoint.tensors[name], "{name}");
    }
    let of_games = |name: &String| name.contains("discriminator");
    assert!(start.drawn.iter().all(of_games), "{:?}", start.drawn);
    assert!(whole.drawn.is_empty(), "{:?}", whole.drawn);
    assert_eq!(start.taken.len() + start.drawn.len(), whole.taken.len());

    fs::write(run.model(), "no model").unwrap();
    for error in [
        warm_start(&config, run.path()).unwrap_err(),
        WarmStart::check(run.path()).unwrap_err(),
    ] {
        assert_eq!(error.exit_code(), 65);
        assert!(error.to_string().contains("model.safetensors"), "{error}");
    }
}

#[test]
fn what_the_other_run_began_with_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let first = config("semi-supervised-100", &["warm_start=runs/first"]);
    let run = whole_run(&first, &folder.path().join("second"));
    fs::write(run.config(), first.to_toml()).unwrap();
    let start = warm_start(&config("semi-supervised-100", &[]), run.path()).unwrap();
    assert_eq!(start.warnings.len(), 1, "{:?}", start.warnings);
    assert!(start.warnings[0].contains("began with runs/first itself"));
}

#[test]
fn a_folder_is_named_for_each_seed() {
    let folder = |seed: &str, text: &str| {
        let config = config("aae", &[seed, &format!("warm_start={text}")]);
        config.warm_start_folder().unwrap()
    };
    assert_eq!(folder("seed=3", "a/s{seed}"), Path::new("a/s3"));
    assert_eq!(folder("seed=3", "a/s1"), Path::new("a/s1"));
    assert_eq!(config("aae", &[]).warm_start_folder(), None);
}

#[test]
fn it_is_told_if_the_other_run_knows_what_this_one_must_not() {
    let folder = tempfile::tempdir().unwrap();
    let run = other(folder.path());
    let seen_more = |preset: &str, more: &[&str]| {
        let config = config(preset, more);
        warm_start(&config, run.path()).unwrap().has_seen_more
    };
    let labels = "data.labelled=7";
    assert!(!seen_more("semi-supervised-100", &[labels]));
    assert!(!seen_more("reduction-2d-100", &[labels]));
    // More labels, among which are the other run's.
    assert!(!seen_more("reduction-2d-100", &["data.labelled=8"]));
    assert!(!seen_more("semi-supervised-all", &[]));
    // The same settings on other images hold out others.
    let same = config("semi-supervised-100", &[labels]);
    let elsewhere = WarmStart::new(&same, run.path(), IMAGE, &Device::Cpu, "other images");
    assert!(elsewhere.unwrap().has_seen_more);
    // Other labels: drawn by another seed, of more images, or where none may be seen.
    assert!(seen_more("reduction-2d-100", &[labels, "seed=1"]));
    assert!(seen_more("reduction-2d-100", &["data.labelled=4"]));
    assert!(seen_more("reduction-2d-unsupervised", &[]));
    // Other images.
    assert!(seen_more(
        "reduction-2d-100",
        &[labels, "data.validation=3"]
    ));
    assert!(seen_more(
        "reduction-2d-100",
        &[labels, "data.limit_train=30"]
    ));

    // Without labels only images count that are held out.
    let config = config("aae", &["data.validation=0"]);
    let run = whole_run(&config, &folder.path().join("unlabelled"));
    fs::write(run.config(), config.to_toml()).unwrap();
    let seen_more = |more: &[&str]| {
        let config = common::config("aae", more);
        warm_start(&config, run.path()).unwrap().has_seen_more
    };
    assert!(!seen_more(&["data.validation=0", "seed=1"]));
    assert!(seen_more(&["data.validation=2"]));
}
