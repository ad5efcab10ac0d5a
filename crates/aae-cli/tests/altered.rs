//! Run folders that somebody has altered: what is not the run's own is never touched, what is lost is said, and the rest goes on.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use support::{Place, TINY};

const RESUME: [&str; 4] = ["train", "--resume", "runs/aae-s0", "--no-figures"];

#[test]
fn training_writes_through_no_link_and_into_no_pipe() {
    for (name, found) in [
        ("lock", "found a link"),
        ("metrics.jsonl", "found a link"),
        ("train.log", "found a link"),
        ("checkpoints", "found a link"),
        ("figures", "found a link"),
    ] {
        let place = Place::interrupted();
        let member = place.path(&format!("runs/aae-s0/{name}"));
        let precious = place.path("precious");
        match member.is_dir() {
            true => {
                fs::rename(&member, &precious).unwrap();
                fs::write(precious.join("letter"), "dear").unwrap();
            }
            false => {
                fs::remove_file(&member).unwrap();
                fs::write(&precious, "dear").unwrap();
            }
        }
        symlink(&precious, &member).unwrap();
        place.run(&RESUME).ends(65).says(name).says(found);
        let letter = match precious.is_dir() {
            true => precious.join("letter"),
            false => precious,
        };
        assert_eq!(fs::read_to_string(letter).unwrap(), "dear", "{name}");
    }
    let place = Place::interrupted();
    let lock = place.path("runs/aae-s0/lock");
    fs::remove_file(&lock).unwrap();
    let made = Command::new("mkfifo").arg(&lock).status().unwrap();
    assert!(made.success());
    place.run(&RESUME).ends(65).says("found a pipe");
    fs::remove_file(&lock).unwrap();
    place.run(&RESUME).succeeds();
}

#[test]
fn damaged_metrics_are_kept_aside_and_lost_ones_are_said() {
    let place = Place::interrupted();
    let path = place.path("runs/aae-s0/metrics.jsonl");
    let good = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = good.lines().collect();
    lines[7] = "garbage";
    let damaged = format!("{}\n", lines.join("\n"));
    fs::write(&path, &damaged).unwrap();
    place
        .run(&RESUME)
        .succeeds()
        .says("metrics.jsonl: line 8 cannot be read")
        .says("lost: 8 of the 15 lines of losses up to step 15, the first that of step 8")
        .says("lost: 1 of the 1 evaluations of test images up to step 15");
    let kept = place.read("runs/aae-s0/metrics.jsonl.damaged-1");
    assert_eq!(kept, damaged.as_bytes());

    let place = Place::interrupted();
    fs::remove_file(place.path("runs/aae-s0/metrics.jsonl")).unwrap();
    place
        .run(&RESUME)
        .succeeds()
        .says("lost: 15 of the 15 lines of losses up to step 15, the first that of step 1");

    // One line that is missing in the middle, with nothing else wrong.
    let place = Place::interrupted();
    let one_less: String = good
        .split_inclusive('\n')
        .enumerate()
        .filter_map(|(index, line)| (index != 3).then_some(line))
        .collect();
    fs::write(place.path("runs/aae-s0/metrics.jsonl"), one_less).unwrap();
    place
        .run(&RESUME)
        .succeeds()
        .says("lost: 1 of the 15 lines of losses up to step 15, the first that of step 4");

    // Nothing is lost where lines of later steps are cut off, as after every kill.
    let place = Place::interrupted();
    let run = place.run(&RESUME).succeeds();
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[test]
fn the_last_evaluation_is_made_again_where_it_is_lost() {
    let place = Place::interrupted();
    place.run(&RESUME).succeeds();
    let path = place.path("runs/aae-s0/metrics.jsonl");
    let good = fs::read_to_string(&path).unwrap();
    let summary = place.read("runs/aae-s0/summary.json");
    let last = good.trim_end().rfind('\n').unwrap() + 1;
    assert!(good[last..].contains("evaluation"), "{good}");
    // In the middle of a line, as a file system may leave it.
    fs::write(&path, &good[..last + 20]).unwrap();
    fs::remove_file(place.path("runs/aae-s0/summary.json")).unwrap();
    place
        .run(&RESUME)
        .succeeds()
        .says("the whole file is kept as runs/aae-s0/metrics.jsonl.damaged-1")
        .says("the evaluation after step 20 is made again");
    assert_eq!(fs::read_to_string(&path).unwrap(), good);
    let evaluations = |bytes: &[u8]| {
        let summary: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        summary["evaluations"].clone()
    };
    let again = place.read("runs/aae-s0/summary.json");
    assert_eq!(evaluations(&again), evaluations(&summary));
}

#[test]
fn of_an_evaluation_of_two_splits_what_is_lost_is_made_again() {
    let place = Place::new();
    let args = ["--set", "data.validation=20", "--max-steps", "4"];
    place.train(&args).succeeds();
    let path = place.path("runs/aae-s0/metrics.jsonl");
    let good = fs::read_to_string(&path).unwrap();
    let last = good.trim_end().rfind('\n').unwrap() + 1;
    assert!(good[last..].contains(r#""split":"test""#), "{good}");
    assert!(good[..last].contains(r#""split":"validation""#), "{good}");
    fs::write(&path, &good[..last]).unwrap();
    fs::remove_file(place.path("runs/aae-s0/summary.json")).unwrap();
    place
        .run(&RESUME)
        .succeeds()
        .says("the evaluation after step 4 is made again");
    assert_eq!(fs::read_to_string(&path).unwrap(), good);
}

#[test]
fn a_checkpoint_of_another_run_is_passed_over() {
    let place = Place::interrupted();
    let other = ["--seed", "1", "--max-steps", "18", "--no-figures"];
    place.train(&other).succeeds();
    let foreign = place.path("runs/aae-s1/checkpoints/step-18.safetensors");
    let here = place.path("runs/aae-s0/checkpoints/step-18.safetensors");
    fs::copy(foreign, here).unwrap();
    place
        .run(&RESUME)
        .succeeds()
        .says("step-18.safetensors: of another configuration: ")
        .says("step-15.safetensors: going on from here instead");
}

#[test]
fn a_run_without_its_environment_says_so() {
    let place = Place::interrupted();
    fs::remove_file(place.path("runs/aae-s0/environment.json")).unwrap();
    let strict = [&RESUME[..], &["--strict"]].concat();
    place.run(&strict).ends(75);
    let dry = [&RESUME[..], &["--dry-run"]].concat();
    place
        .run(&dry)
        .succeeds()
        .says("environment.json: cannot be read");
    place.run(&[&dry[..], &["--strict"]].concat()).ends(75);
    place
        .run(&RESUME)
        .succeeds()
        .says("environment.json: cannot be read");
}

#[test]
fn a_run_that_was_ended_while_its_folder_was_filled_is_described_when_it_goes_on() {
    let place = Place::new();
    let set = ["--set", "model.categories=3", "--set", "data.labelled=9"];
    let args = [&["--preset", "nn-100", "--max-steps", "2"], &set[..]].concat();
    place.train(&args).succeeds();
    let run = |name: &str| format!("runs/nn-100-s0/{name}");
    let begun = ["labelled.json", "model.safetensors"].map(|name| place.read(&run(name)));
    for name in [
        "environment.json",
        "labelled.json",
        "metrics.jsonl",
        "model.safetensors",
        "summary.json",
    ] {
        fs::remove_file(place.path(&run(name))).unwrap();
    }
    fs::remove_dir_all(place.path(&run("checkpoints"))).unwrap();
    place
        .run(&["train", "--resume", "nn-100-s0"])
        .succeeds()
        .says("environment.json: cannot be read");
    assert_eq!(place.json(&run("environment.json"))["seed"], 0);
    let again = ["labelled.json", "model.safetensors"].map(|name| place.read(&run(name)));
    assert!(begun == again);
}

#[test]
fn labels_that_are_not_told_are_told_again_when_the_run_goes_on() {
    let place = Place::new();
    let set = ["--set", "model.categories=3", "--set", "data.labelled=9"];
    let args = [&["--preset", "nn-100", "--max-steps", "2"], &set[..]].concat();
    place.train(&args).succeeds();
    let run = |name: &str| format!("runs/nn-100-s0/{name}");
    let begun = place.read(&run("labelled.json"));
    // With a checkpoint, and as a kill leaves the run that comes after environment.json and before labelled.json.
    for has_checkpoint in [true, false] {
        for name in ["labelled.json", "model.safetensors", "summary.json"] {
            fs::remove_file(place.path(&run(name))).unwrap();
        }
        if !has_checkpoint {
            fs::remove_file(place.path(&run("metrics.jsonl"))).unwrap();
            fs::remove_dir_all(place.path(&run("checkpoints"))).unwrap();
        }
        place
            .run(&["train", "--resume", "nn-100-s0", "--no-figures"])
            .succeeds();
        assert!(begun == place.read(&run("labelled.json")));
    }
}

#[test]
fn a_run_goes_on_with_no_other_images() {
    let damage = |place: &Place, file: &str| {
        let path = place.path(&format!("data/{file}-labels-idx1-ubyte"));
        let mut bytes = fs::read(&path).unwrap();
        bytes[8] = 2;
        fs::write(path, bytes).unwrap();
    };
    for (file, said) in [("train", "training"), ("t10k", "test")] {
        let said = format!("runs/aae-s0: holds a run on other {said} images: expected data ");
        // Interrupted, and finished: whether or not there are checkpoints to tell.
        for place in [Place::interrupted(), Place::trained()] {
            damage(&place, file);
            let metrics = place.read("runs/aae-s0/metrics.jsonl");
            for _ in 0..2 {
                place.run(&RESUME).ends(65).says(&said);
                let dry = [&RESUME[..], &["--dry-run"]].concat();
                place.run(&dry).ends(65).says(&said);
                let checkpoints = place.path("runs/aae-s0/checkpoints");
                if checkpoints.exists() {
                    fs::remove_dir_all(checkpoints).unwrap();
                }
            }
            assert_eq!(place.read("runs/aae-s0/metrics.jsonl"), metrics);
        }
    }
}

#[test]
fn a_directory_where_training_will_save_is_found_before_it_trains() {
    for name in [
        "checkpoints/step-40.safetensors",
        "model.safetensors",
        "summary.json",
    ] {
        let place = Place::interrupted();
        let path = place.path(&format!("runs/aae-s0/{name}"));
        fs::create_dir(&path).unwrap();
        place
            .run(&RESUME)
            .ends(65)
            .says(name)
            .says("found a directory");
        fs::remove_dir(&path).unwrap();
        place.run(&RESUME).succeeds();
    }
}

#[test]
fn a_checkpoint_under_another_steps_name_is_passed_over() {
    let place = Place::interrupted();
    let checkpoint =
        |step: u64| place.path(&format!("runs/aae-s0/checkpoints/step-{step}.safetensors"));
    fs::copy(checkpoint(15), checkpoint(99)).unwrap();
    place
        .run(&RESUME)
        .succeeds()
        .says("expected the state after step 99, as the name says, found step 15")
        .says("step-15.safetensors: going on from here instead");
}

#[test]
fn a_configuration_that_is_none_is_named() {
    let place = Place::interrupted();
    let path = place.path("runs/aae-s0/config.toml");
    fs::write(&path, "").unwrap();
    place
        .run(&RESUME)
        .ends(65)
        .says("config.toml: expected the run's configuration, found nothing")
        .says("undo the change, or put back a copy");
    fs::remove_file(&path).unwrap();
    symlink("config.toml", &path).unwrap();
    place
        .run(&RESUME)
        .ends(74)
        .says("config.toml: could not look at");
    fs::remove_file(&path).unwrap();
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    place.run(&RESUME).ends(65).says("found a pipe");
}

#[test]
fn a_finished_run_is_kept_without_checkpoints_and_mended_from_them() {
    let place = Place::new();
    let two = ["experiment", "aae", "--seeds", "0", "--max-steps", "2"];
    let experiment = || place.run(&[&two[..], &TINY].concat());
    experiment().succeeds();
    let model = "experiments/aae/s0/model.safetensors";
    let good = place.read(model);
    fs::write(place.path(model), "no model").unwrap();
    experiment().succeeds();
    assert_eq!(place.read(model), good);
    fs::remove_dir_all(place.path("experiments/aae/s0/checkpoints")).unwrap();
    experiment()
        .succeeds()
        .prints("seed 0 (1 of 1): finished before, kept");
    assert_eq!(place.read(model), good);
}

#[test]
fn a_finished_run_without_its_last_evaluation_is_mended() {
    let place = Place::new();
    let two = ["experiment", "aae", "--seeds", "0", "--max-steps", "2"];
    let experiment = || place.run(&[&two[..], &TINY].concat()).succeeds();
    experiment();
    let path = place.path("experiments/aae/s0/metrics.jsonl");
    let good = fs::read_to_string(&path).unwrap();
    let last = good.trim_end().rfind('\n').unwrap() + 1;
    assert!(good[last..].contains("evaluation"), "{good}");
    let damaged = format!("{}garbage\n", &good[..last]);
    let says = "the evaluation after step 2 is made again";
    for left in [&good[..last], damaged.as_str()] {
        fs::write(&path, left).unwrap();
        experiment().says(says);
        assert_eq!(fs::read_to_string(&path).unwrap(), good);
        let results = place.json("experiments/aae/results.json");
        let error = &results["evaluations"][0]["figures"]["reconstruction_error"];
        assert!(error["mean"].is_number(), "{error}");
        fs::write(&path, left).unwrap();
        place
            .run(&["train", "--resume", "experiments/aae/s0"])
            .succeeds()
            .says(says);
        assert_eq!(fs::read_to_string(&path).unwrap(), good);
    }
    // Without a checkpoint to measure it by, the run is not trained anew for a line of its metrics.
    let model = place.read("experiments/aae/s0/model.safetensors");
    fs::write(&path, &good[..last]).unwrap();
    fs::remove_dir_all(place.path("experiments/aae/s0/checkpoints")).unwrap();
    place
        .run(&["train", "--resume", "experiments/aae/s0"])
        .succeeds()
        .prints("finished already, all 2 steps are done");
    assert_eq!(fs::read_to_string(&path).unwrap(), good[..last]);
    assert_eq!(place.read("experiments/aae/s0/model.safetensors"), model);
}
