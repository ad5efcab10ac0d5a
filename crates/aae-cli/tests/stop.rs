//! Signals, and going on after them.
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
#[cfg(target_os = "linux")]
use std::process::{Child, Command};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use support::{PRESETS, Place, Run, TINY, signal, training, wait_until};

/// Waits until the run has written so many lines of metrics.
fn wait_for_lines(place: &Place, run: &str, lines: usize) {
    wait_until(&format!("{lines} lines of {run}"), || {
        place.exists(&format!("{run}/metrics.jsonl")) && place.metrics_lines(run) >= lines
    });
}

impl Place {
    fn metrics_lines(&self, run: &str) -> usize {
        self.read(&format!("{run}/metrics.jsonl"))
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
    }
}

#[test]
fn interrupted_and_resumed_equals_uninterrupted_for_every_variant() {
    let place = Place::new();
    let steps = "1200";
    let mut interrupted = 0;
    for (index, (preset, needed)) in PRESETS.into_iter().enumerate() {
        let common = [
            "--preset",
            preset,
            "--epochs",
            "100000",
            "--max-steps",
            steps,
            "--set",
            "log_every=7",
        ];
        let common = [
            &common[..],
            &[
                "--set",
                "evaluate_every=13",
                "--checkpoint-every",
                "250",
                "-q",
            ],
        ]
        .concat();
        let needed = needed.iter().flat_map(|setting| ["--set", *setting]);
        let common: Vec<&str> = common.into_iter().chain(needed).collect();
        let (whole, parts) = (format!("{preset}-whole"), format!("{preset}-parts"));
        place
            .train(&[&common[..], &["--name", &whole]].concat())
            .succeeds();

        let child = place.spawn(&training(&[&common[..], &["--name", &parts]].concat()));
        let folder = format!("runs/{parts}");
        // At another step each time.
        wait_for_lines(&place, &folder, 1 + 7 * index);
        signal(&child, "INT");
        let run = Run::new(child.wait_with_output().unwrap());
        if run.code == Some(130) {
            interrupted += 1;
            assert_eq!(
                place.json(&format!("{folder}/summary.json"))["outcome"],
                "stopped"
            );
            place
                .run(&["train", "--resume", &parts, "--threads", "2", "-q"])
                .succeeds();
        } else {
            // It was done before the signal came.
            run.succeeds();
        }
        let whole = format!("runs/{whole}");
        assert_eq!(place.metrics(&whole), place.metrics(&folder), "{preset}");
        let model = |run: &str| place.read(&format!("{run}/model.safetensors"));
        assert!(model(&whole) == model(&folder), "{preset}");
        let last = |run: &str| place.read(&format!("{run}/checkpoints/step-{steps}.safetensors"));
        assert!(last(&whole) == last(&folder), "{preset}");
    }
    assert!(
        interrupted >= 6,
        "only {interrupted} runs were interrupted before their end"
    );
}

#[test]
fn sigterm_saves_and_ends_with_143_and_says_how_to_go_on() {
    let place = Place::new();
    let for_ever = "1000000000";
    let child = place.spawn(&training(&["--epochs", for_ever, "--set", "log_every=1"]));
    wait_for_lines(&place, "runs/aae-s0", 3);
    signal(&child, "TERM");
    let run = Run::new(child.wait_with_output().unwrap()).ends(143);
    run.prints("stopped by SIGTERM after step")
        .prints("aae train --resume runs/aae-s0");
    assert!(place.exists("runs/aae-s0/model.safetensors"));
    place.run(&["runs"]).succeeds().prints("stopped");
}

/// A training that never ends by itself, into `runs/aae-s0`, by a program that finds SIGHUP so.
#[cfg(target_os = "linux")]
fn with_hangup(place: &Place, how: &str) -> Child {
    let program = place.command(&[]);
    let mut command = Command::new("env");
    command
        .arg(how)
        .arg(program.get_program())
        .args(training(&["--epochs", "1000000", "--set", "log_every=1"]))
        .current_dir(place.path(""))
        .env("AAE_DATA", place.path("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("`env` is there")
}

#[cfg(target_os = "linux")]
#[test]
fn sighup_saves_and_ends_with_129() {
    let place = Place::new();
    let child = with_hangup(&place, "--default-signal=HUP");
    wait_for_lines(&place, "runs/aae-s0", 3);
    signal(&child, "HUP");
    let run = Run::new(child.wait_with_output().unwrap()).ends(129);
    run.prints("stopped by SIGHUP after step");
    assert!(place.exists("runs/aae-s0/model.safetensors"));
}

#[cfg(target_os = "linux")]
#[test]
fn sighup_that_is_ignored_stays_so() {
    let place = Place::new();
    let child = with_hangup(&place, "--ignore-signal=HUP");
    wait_for_lines(&place, "runs/aae-s0", 3);
    signal(&child, "HUP");
    // It trains on.
    let lines = place.metrics_lines("runs/aae-s0");
    wait_for_lines(&place, "runs/aae-s0", lines + 50);
    signal(&child, "TERM");
    let run = Run::new(child.wait_with_output().unwrap()).ends(143);
    run.prints("stopped by SIGTERM after step");
}

#[test]
fn signals_that_come_together_end_the_run_without_a_panic() {
    let place = Place::new();
    let child = place.spawn(&training(&["--epochs", "100000", "--set", "log_every=1"]));
    wait_for_lines(&place, "runs/aae-s0", 3);
    for _ in 0..3 {
        signal(&child, "INT");
    }
    Run::new(child.wait_with_output().unwrap()).ends(130);
    // Whatever moment it left at, the run can be gone on with, or never had a checkpoint.
    let run = place.run(&["train", "--resume", "runs/aae-s0", "--dry-run"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_second_signal_ends_a_run_whose_output_nobody_reads() {
    let place = Place::new();
    // Nobody reads, but somebody could.
    let (_unread, pipe) = std::io::pipe().unwrap();
    let mut full = pipe.try_clone().unwrap();
    // Fills the pipe, and waits until the test is over.
    spawn(move || while full.write_all(&[b' '; 4096]).is_ok() {});
    let mut command = place.command(&training(&["--epochs", "1000000", "--set", "log_every=1"]));
    command.stdout(Stdio::null()).stderr(pipe);
    let mut child = command.spawn().unwrap();
    wait_for_lines(&place, "runs/aae-s0", 1);
    signal(&child, "TERM");
    sleep(Duration::from_millis(1500));
    signal(&child, "TERM");
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(5) {
        sleep(Duration::from_millis(1));
    }
    // Does nothing to one that has ended.
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint() {
    let place = Place::new();
    let common = [
        "--max-steps",
        "3000",
        "--epochs",
        "1000",
        "--set",
        "evaluate_every=1000",
        "--checkpoint-every",
        "20",
        "-q",
    ];
    place
        .train(&[&common[..], &["--name", "whole"]].concat())
        .succeeds();
    let mut child = place.spawn(&training(&[&common[..], &["--name", "killed"]].concat()));
    let saved =
        || std::fs::read_dir(place.path("runs/killed/checkpoints")).map_or(0, Iterator::count);
    wait_until("two checkpoints", || saved() >= 2);
    child.kill().unwrap();
    child.wait().unwrap();
    place
        .run(&["train", "--resume", "killed", "--threads", "1", "-q"])
        .succeeds();
    assert_eq!(place.metrics("runs/whole"), place.metrics("runs/killed"));
    assert!(
        place.read("runs/whole/model.safetensors") == place.read("runs/killed/model.safetensors")
    );
}

#[test]
fn a_run_killed_before_its_first_checkpoint_begins_again() {
    let place = Place::trained();
    std::fs::create_dir(place.path("runs/killed")).unwrap();
    let config = place.path("runs/aae-s0/config.toml");
    std::fs::copy(config, place.path("runs/killed/config.toml")).unwrap();
    place.run(&["train", "--resume", "killed"]).succeeds();
    assert_eq!(place.metrics("runs/aae-s0"), place.metrics("runs/killed"));
    assert!(
        place.read("runs/aae-s0/model.safetensors") == place.read("runs/killed/model.safetensors")
    );
}

#[test]
fn a_finished_run_can_be_resumed_and_stays_as_it_is() {
    let place = Place::trained();
    let before = place.read("runs/aae-s0/model.safetensors");
    place.run(&["train", "--resume", "runs/aae-s0"]).succeeds();
    assert!(place.read("runs/aae-s0/model.safetensors") == before);
    assert_eq!(
        place.json("runs/aae-s0/summary.json")["outcome"],
        "finished"
    );
}

#[test]
fn a_signal_ends_an_experiment_that_only_measures() {
    let place = Place::new();
    let six = ["experiment", "aae", "--seeds", "0..5", "--max-steps", "1"];
    let args = [&six[..], &TINY].concat();
    place.run(&args).succeeds();
    let mut child = place.spawn(&[&args[..], &["--likelihood"]].concat());
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("seed 5 (6 of 6): finished before")));
    signal(&child, "INT");
    assert!(lines.any(|line| line.starts_with("stopped by SIGINT before experiments/aae/s")));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let results = String::from_utf8(place.read("experiments/aae/results.json")).unwrap();
    assert!(!results.contains("log_likelihood"));
}
