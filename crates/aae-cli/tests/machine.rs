//! What the machine does to the program: a pipe that is closed, memory that is not there, another processor, a folder that cannot be
//! written to.
#![cfg(unix)]

mod support;

use std::process::Command;

use aae_ops::Precision;
use support::{Place, Run, TINY, training};

/// A shell line, in which `$AAE` is the program.
fn shell(place: &Place, line: &str) -> Run {
    let program = place.command(&[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(place.path(""));
    shell
        .env("AAE_DATA", place.path("data"))
        .env("AAE", program.get_program());
    Run::of(&mut shell)
}

#[test]
fn nobody_who_stops_reading_stops_the_work_or_makes_it_panic() {
    let place = Place::trained();
    let train = format!("train {} --no-figures --epochs 1", TINY.join(" "));
    for command in [
        train.as_str(),
        "--help",
        "presets",
        "presets aae",
        "runs",
        "eval",
        "encode",
        "completions bash",
    ] {
        // Both of its outputs are closed before it writes the first line; what it says goes nowhere, its exit code into a file.
        let line = format!("($AAE {command} 2>err; echo $? > code) | true; cat err code");
        let run = shell(&place, &line).succeeds();
        assert!(
            !run.stdout.contains("panicked"),
            "{command}: {}",
            run.stdout
        );
        assert!(run.stdout.ends_with("0\n"), "{command}: {}", run.stdout);
        let line = format!("($AAE {command} 2>&1; echo $? > code) | head -n 1 >first; cat code");
        let run = shell(&place, &line).succeeds();
        assert!(run.stdout.ends_with("0\n"), "{command}: {}", run.stdout);
    }
    assert!(place.exists("runs/aae-s0-3/model.safetensors"));
}

#[test]
fn every_cpu_trains_in_bfloat16_and_says_if_that_is_slower() {
    let place = Place::new();
    let run = place.train(&["--set", "precision=bf16", "--epochs", "1"]);
    let says = "on this CPU `--precision f32` is faster than bf16";
    assert_eq!(
        run.succeeds().stderr.contains(says),
        Precision::Bf16.is_slower_than_f32()
    );
}

#[test]
fn a_training_that_cannot_fit_into_memory_is_not_begun() {
    let place = Place::new();
    let huge = "--set model.encoder.hidden=[12000,12000]";
    // Not even a tiny limit is in the way of a tiny training.
    for (limit, sets, code) in [("2000000", "", 0), ("2000000", huge, 75)] {
        let line = format!(
            "ulimit -v {limit}; exec $AAE train {} --no-figures --max-steps 2 {sets}",
            TINY.join(" ")
        );
        let run = shell(&place, &line).ends(code);
        if code != 0 {
            run.says("the networks need at least")
                .says("of the address space");
        }
    }
    assert!(!place.exists("runs/aae-s0-2"));
}

#[test]
fn networks_are_built_on_the_threads_that_were_asked_for() {
    let place = Place::trained();
    // Weights so many that threads share the work; for threads beyond the program's own there is no room.
    for more in ["", "--warm-start aae-s0"] {
        let line = format!(
            "ulimit -v 2000000; export RAYON_NUM_THREADS=4000; exec $AAE train {} --dry-run {more} \
             --set model.init=normal --set model.decoder.hidden=[9000]",
            TINY.join(" ")
        );
        shell(&place, &line).succeeds();
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_like_a_full_disk() {
    let place = Place::new();
    let line = format!(
        "ulimit -f 16; exec $AAE train {} --no-figures --max-steps 2 --out run",
        TINY.join(" ")
    );
    shell(&place, &line)
        .ends(74)
        .says("checkpoints/step-2.safetensors: could not write: File too large");
    let left = std::fs::read_dir(place.path("run/checkpoints")).unwrap();
    assert_eq!(left.count(), 0);

    let line = format!("ulimit -f 0; exec $AAE train {} --out new", TINY.join(" "));
    shell(&place, &line)
        .ends(74)
        .says("new/lock: could not write the lock file: File too large");

    let place = Place::interrupted();
    let path = place.path("runs/aae-s0/metrics.jsonl");
    let good = place.read("runs/aae-s0/metrics.jsonl");
    let damaged = [&b"garbage\n"[..], &good[..]].concat();
    std::fs::write(&path, &damaged).unwrap();
    let line = "ulimit -f 1; exec $AAE train --resume runs/aae-s0 --no-figures --threads 1";
    shell(&place, line)
        .ends(74)
        .says("metrics.jsonl.damaged-1: could not write: File too large");
    assert!(place.read("runs/aae-s0/metrics.jsonl") == damaged);
}

#[test]
fn another_processor_or_program_is_told_and_with_strict_refused() {
    let place = Place::new();
    place
        .train(&[
            "--max-steps",
            "4",
            "--checkpoint-every",
            "2",
            "--no-figures",
        ])
        .succeeds();
    let go_on = [
        "train",
        "--resume",
        "runs/aae-s0",
        "--strict",
        "--no-figures",
    ];
    let unfinished = || {
        for name in ["model.safetensors", "checkpoints/step-4.safetensors"] {
            let _ = std::fs::remove_file(place.path("runs/aae-s0").join(name));
        }
    };
    unfinished();
    let run = place.run(&go_on).succeeds();
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);

    let mut environment = place.json("runs/aae-s0/environment.json");
    environment["cpu"] = "Z80".into();
    environment["version"] = "0.0.1".into();
    let path = place.path("runs/aae-s0/environment.json");
    std::fs::write(&path, environment.to_string()).unwrap();
    unfinished();
    place
        .run(&go_on)
        .ends(75)
        .says("version 0.0.1, here ")
        .says("processor Z80, here ");
    std::fs::write(&path, "").unwrap();
    place.run(&go_on).ends(75).says("cannot be read");
    std::fs::write(&path, environment.to_string()).unwrap();
    place
        .run(&["train", "--resume", "runs/aae-s0", "--no-figures"])
        .succeeds()
        .says("warning: ")
        .says("processor Z80, here ");
    place.train(&["--strict"]).ends(2).says("--resume");
}

#[test]
fn other_kernels_are_told_and_with_strict_refused() {
    let place = Place::new();
    let few = ["--max-steps", "4", "--no-figures"];
    place.train(&few).succeeds();
    let path = place.path("runs/aae-s0/environment.json");
    let mut environment = place.json("runs/aae-s0/environment.json");
    assert!(environment["kernels"].is_string(), "{environment}");
    let go_on = ["train", "--resume", "runs/aae-s0", "--no-figures"];
    let strict = [&go_on[..], &["--strict"]].concat();
    let model = place.path("runs/aae-s0/model.safetensors");
    let unfinished = || std::fs::remove_file(&model).unwrap();

    environment["kernels"] = "abacus".into();
    std::fs::write(&path, environment.to_string()).unwrap();
    unfinished();
    let says = "kernels abacus, here ";
    place.run(&strict).ends(75).says(says);
    let run = place.run(&go_on).succeeds();
    run.says("warning: ").says(says);

    // As a version left it that did not name them.
    environment.as_object_mut().unwrap().remove("kernels");
    std::fs::write(&path, environment.to_string()).unwrap();
    unfinished();
    let run = place.run(&strict).succeeds();
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[test]
fn a_folder_that_cannot_be_written_to_ends_with_73_before_training() {
    let place = Place::new();
    // A file system that takes nothing, whoever asks: tests may run as root, whom no mode of a folder stops.
    for out in ["/proc/aae", "/dev/null/aae"] {
        place
            .train(&["--no-figures", "--out", out])
            .ends(73)
            .says(out);
    }
}

#[test]
fn a_commit_during_an_experiment_makes_no_other_program_of_it() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    std::fs::create_dir(place.path("bin")).unwrap();
    // Stands in for git, and finds another revision each time.
    let git = place.path("bin/git");
    let script = "#!/bin/sh\necho >> asked\nprintf '# branch.oid %040d\\n' $(wc -l < asked)\n";
    std::fs::write(&git, script).unwrap();
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = format!(
        "export PATH=\"$PWD/bin:$PATH\"; exec $AAE experiment aae {} --seeds 0..1 --max-steps 1",
        TINY.join(" ")
    );
    let run = shell(&place, &line).succeeds();
    assert!(!run.stderr.contains("revisions"), "{}", run.stderr);
    let results = place.json("experiments/aae/results.json");
    let first = format!("{:040}", 1);
    assert_eq!(results["git_revisions"], serde_json::json!([first]));
}

// Elsewhere the file system may refuse such a name.
#[cfg(target_os = "linux")]
#[test]
fn data_in_a_folder_whose_name_is_not_utf_8_is_trained_on() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let place = Place::new();
    let data = place.path("").join(OsStr::from_bytes(b"donn\xe9es"));
    std::fs::rename(place.path("data"), &data).unwrap();
    let run = |args: &[&str]| {
        let mut command = place.command(args);
        Run::of(command.env("AAE_DATA", &data)).succeeds()
    };
    run(&training(&["--max-steps", "3", "--no-figures"]));
    let environment = place.json("runs/aae-s0/environment.json");
    assert!(environment["data"].is_null(), "{environment}");
    std::fs::remove_file(place.path("runs/aae-s0/model.safetensors")).unwrap();
    run(&["train", "--resume", "runs/aae-s0", "--no-figures"]);
    assert!(place.exists("runs/aae-s0/model.safetensors"));
}
