//! `experiment`: several seeds, their figures together, and going on after an interruption.
#![allow(clippy::unwrap_used, reason = "for tests")]

mod support;

use std::fs;

use serde_json::Value;
use support::{Place, Run, TINY};

/// An experiment with tiny networks, whose runs take ten steps an epoch.
fn experiment(place: &Place, args: &[&str]) -> Run {
    place.run(&arguments(args))
}

fn arguments<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["experiment", "aae"], TINY.as_slice(), args].concat()
}

/// `results.json` without what tells of time.
fn results(place: &Place, folder: &str) -> Value {
    let mut results = place.json(&format!("{folder}/results.json"));
    results["minutes_per_seed"] = Value::Null;
    for run in results["runs"].as_array_mut().unwrap() {
        run["minutes"] = Value::Null;
        run["environment"]["started"] = Value::Null;
        run["environment"]["command_line"] = Value::Null;
    }
    results["command"] = Value::Null;
    results
}

fn modified(place: &Place, file: &str) -> std::time::SystemTime {
    fs::metadata(place.path(file)).unwrap().modified().unwrap()
}

#[test]
fn two_seeds_are_ordinary_runs_whose_figures_are_put_together() {
    let place = Place::new();
    experiment(&place, &["--seeds", "0,1", "--epochs", "2", "--at", "1"])
        .succeeds()
        .prints("aae: seeds 0,1, 2 epochs")
        .prints("TEST IMAGES")
        .prints("EPOCH 1")
        .prints(" ± ")
        .prints("wrote experiments/aae/results.json");
    let results = place.json("experiments/aae/results.json");
    assert_eq!(results["seeds"], serde_json::json!([0, 1]));
    assert_eq!(
        (&results["epochs"], &results["steps"]),
        (&2.into(), &20.into())
    );
    assert!(results["config"].get("seed").is_none());
    assert_eq!(results["config"]["batch_size"], 20);
    assert_eq!(results["repeat"][1], "aae");
    assert!(results["minutes_per_seed"].as_f64().unwrap() > 0.0);
    assert_eq!(results["runs"][1]["environment"]["seed"], 1);
    for (moment, epoch) in [(0, 1), (1, 2)] {
        let moment = &results["evaluations"][moment];
        assert_eq!(
            (&moment["epoch"], &moment["split"]),
            (&epoch.into(), &"test".into())
        );
        for name in ["reconstruction_error", "sliced_wasserstein", "std_1"] {
            let of_seed = |seed: u64| {
                let lines = place.metrics(&format!("experiments/aae/s{seed}"));
                let mut lines = lines.iter().filter(|line| line["kind"] == "evaluation");
                lines.find(|line| line["epoch"] == epoch).unwrap()[name]
                    .as_f64()
                    .unwrap()
            };
            let (a, b) = (of_seed(0), of_seed(1));
            let found = &moment["figures"][name];
            assert!((found["mean"].as_f64().unwrap() - (a + b) / 2.0).abs() < 1e-12);
            // Of two numbers the standard error is half their distance.
            let error = found["standard_error"].as_f64().unwrap();
            assert!(
                (error - (a - b).abs() / 2.0).abs() < 1e-12,
                "{name}: {error}"
            );
            assert_eq!(found["values"], serde_json::json!([a, b]));
        }
    }
    for seed in ["s0", "s1"] {
        assert!(place.exists(&format!("experiments/aae/{seed}/figures/latent.png")));
        assert_eq!(
            place.json(&format!("experiments/aae/{seed}/summary.json"))["outcome"],
            "finished"
        );
    }
    // The same run as `train` makes.
    place
        .train(&["--epochs", "2", "--seed", "1", "-q"])
        .succeeds();
    let model = |run: &str| place.read(&format!("{run}/model.safetensors"));
    assert!(model("runs/aae-s1") == model("experiments/aae/s1"));
}

#[test]
fn one_seed_has_no_standard_error() {
    let place = Place::new();
    let run = experiment(&place, &["--seeds", "3", "--max-steps", "2"]).succeeds();
    assert!(!run.stdout.contains('±'), "{}", run.stdout);
    run.prints("aae: seed 3, 2 steps");
    let results = place.json("experiments/aae/results.json");
    let error = &results["evaluations"][0]["figures"]["reconstruction_error"];
    assert_eq!(error["mean"], error["values"][0]);
    assert!(error["standard_error"].is_null());
}

#[test]
fn the_likelihood_of_each_seed_is_that_of_eval_and_stands_in_the_row() {
    let place = Place::new();
    fs::write(
        place.path("page.md"),
        "<!-- results:begin -->\n<!-- results:end -->\n",
    )
    .unwrap();
    let args = ["--seeds", "0,1", "--epochs", "1", "--likelihood"];
    experiment(&place, &[&args[..], &["--docs", "page.md"]].concat()).succeeds();
    let results = place.json("experiments/aae/results.json");
    let found = &results["evaluations"][0]["figures"]["log_likelihood"]["values"];
    for seed in [0, 1] {
        let eval = place
            .run(&[
                "eval",
                &format!("experiments/aae/s{seed}"),
                "--likelihood",
                "--json",
            ])
            .succeeds();
        let eval: Value = serde_json::from_str(&eval.stdout).unwrap();
        assert_eq!(found[seed], eval["log_likelihood"]);
    }
    let page = String::from_utf8(place.read("page.md")).unwrap();
    assert!(
        page.contains("log-likelihood ") && page.contains(" nats; "),
        "{page}"
    );
    assert!(page.contains(" --likelihood"), "{page}");
}

#[test]
fn finished_seeds_are_kept_and_more_can_be_added() {
    let place = Place::new();
    let common = ["--max-steps", "2", "--seeds"];
    experiment(&place, &[&common[..], &["0"]].concat()).succeeds();
    let files = [
        "model.safetensors",
        "summary.json",
        "metrics.jsonl",
        "config.toml",
    ];
    let times = || files.map(|file| modified(&place, &format!("experiments/aae/s0/{file}")));
    let before = times();
    experiment(&place, &[&common[..], &["0..1"]].concat())
        .succeeds()
        .prints("seed 0 (1 of 2): finished before, kept: experiments/aae/s0")
        .prints("seed 1 (2 of 2): finished 2 steps");
    assert_eq!(times(), before);
    assert_eq!(
        place.json("experiments/aae/results.json")["seeds"],
        serde_json::json!([0, 1])
    );
}

#[test]
fn a_run_without_its_last_step_goes_on_from_its_checkpoint() {
    let place = Place::new();
    let args = [
        "--seeds",
        "0..1",
        "--epochs",
        "1",
        "--checkpoint-every",
        "4",
    ];
    experiment(&place, &args).succeeds();
    let whole = results(&place, "experiments/aae");
    // As if the process had been killed after step 8 of the second seed.
    for file in [
        "summary.json",
        "model.safetensors",
        "checkpoints/step-10.safetensors",
    ] {
        fs::remove_file(place.path(&format!("experiments/aae/s1/{file}"))).unwrap();
    }
    fs::remove_file(place.path("experiments/aae/results.json")).unwrap();
    experiment(&place, &args)
        .succeeds()
        .prints("going on       after step 8");
    assert_eq!(results(&place, "experiments/aae"), whole);
}

#[test]
fn another_configuration_is_refused_before_anything_is_trained() {
    let place = Place::new();
    experiment(&place, &["--seeds", "1", "--max-steps", "2"]).succeeds();
    experiment(
        &place,
        &[
            "--seeds",
            "0..1",
            "--max-steps",
            "2",
            "--set",
            "prior.std=3",
        ],
    )
    .ends(73)
    .says("experiments/aae/s1: holds a run of another configuration")
    .says("prior.std: 5.0 there, 3.0 asked for")
    .says("--out");
    assert!(!place.exists("experiments/aae/s0"));
    experiment(
        &place,
        &[
            "--seeds",
            "0",
            "--max-steps",
            "2",
            "--set",
            "prior.std=3",
            "--out",
            "experiments/narrow",
        ],
    )
    .succeeds();
    assert_eq!(
        place.json("experiments/narrow/results.json")["experiment"],
        "narrow"
    );
}

#[test]
fn other_images_are_refused() {
    let place = Place::new();
    experiment(&place, &["--seeds", "0", "--max-steps", "2"]).succeeds();
    let labels = place.path("data/train-labels-idx1-ubyte");
    let mut bytes = fs::read(&labels).unwrap();
    bytes[8] = 2;
    fs::write(&labels, bytes).unwrap();
    experiment(&place, &["--seeds", "0", "--max-steps", "2"])
        .ends(65)
        .says("seed 0 (1 of 1): experiments/aae/s0: holds a run on other training images");
    // Nor without the checkpoints of the run, which may be removed.
    fs::remove_dir_all(place.path("experiments/aae/s0/checkpoints")).unwrap();
    let model = place.read("experiments/aae/s0/model.safetensors");
    experiment(&place, &["--seeds", "0", "--max-steps", "2"])
        .ends(65)
        .says("holds a run on other training images");
    assert_eq!(place.read("experiments/aae/s0/model.safetensors"), model);
}

#[test]
fn mistakes_are_said_before_anything_is_trained() {
    let place = Place::new();
    fs::write(place.path("page.md"), "no marks\n").unwrap();
    for (args, code, says) in [
        (
            &["--seeds", "2..1"][..],
            2,
            "the first seed is above the last",
        ),
        (&["--set", "seed=4"], 2, "given with --seeds"),
        (
            &["--epochs", "2", "--at", "3"],
            2,
            "--at 3: expected epochs up to 2",
        ),
        (&["--set", "prior.sdt=4"], 2, "did you mean"),
        (&["--docs", "page.md"], 65, "<!-- results:begin -->"),
        (&["--docs", "missing.md"], 65, "missing.md: could not read"),
    ] {
        experiment(&place, args).ends(code).says(says);
    }
    place
        .run(&["experiment", "nn-100", "--likelihood"])
        .ends(2)
        .says("--likelihood: nn-100 has no decoder");
    place
        .run(&["experiment", "aea"])
        .ends(2)
        .says("did you mean `aae`");
    assert!(!place.exists("experiments"));
}

#[test]
fn the_row_of_a_page_is_written_and_replaced_and_the_rest_stays() {
    let place = Place::new();
    let page = |row: &str| {
        format!(
            "# Experiments\n\n<!-- results:begin -->\n\
             | experiment | test images: mean ± standard error | the paper |\n\
             |---|---|---|\n\
             | `other` | by  hand |\n{row}<!-- results:end -->\n\n  More.  \n"
        )
    };
    fs::write(place.path("page.md"), page("")).unwrap();
    let args = ["--seeds", "0..1", "--epochs", "1", "--docs", "page.md"];
    experiment(&place, &args).succeeds().prints("wrote page.md");
    let written = String::from_utf8(place.read("page.md")).unwrap();
    let row = written
        .lines()
        .find(|line| line.starts_with("| `aae`<br>"))
        .unwrap();
    assert_eq!(written, page(&format!("{row}\n")));
    let cells: Vec<&str> = row.split(" | ").collect();
    assert!(
        cells[0].starts_with("| `aae`<br>seeds 0,1, 1 epoch, "),
        "{row}"
    );
    let command = "`cargo xtask experiment aae --seeds 0,1 --epochs 1 --batch-size 20 --set ";
    assert!(
        cells[0].contains(&format!("<details><summary>command</summary>{command}")),
        "{row}"
    );
    assert!(
        cells[1].contains("reconstruction ") && cells[1].contains(" ± "),
        "{row}"
    );
    assert!(
        cells[1].contains("distance ") && cells[1].contains("(draws "),
        "{row}"
    );
    assert_eq!(cells[2], "- |", "the paper has no figure for it");
    assert!(
        !row.contains("--docs") && !row.contains("--threads"),
        "{row}"
    );
    experiment(&place, &args)
        .succeeds()
        .prints("page.md is as it was");
    assert_eq!(place.read("page.md"), written.as_bytes());
    experiment(
        &place,
        &["--seeds", "0", "--epochs", "1", "--docs", "page.md"],
    )
    .succeeds()
    .prints("wrote page.md");
    let replaced = String::from_utf8(place.read("page.md")).unwrap();
    assert_eq!(replaced.matches("| `aae`<br>").count(), 1);
    assert!(
        !replaced
            .lines()
            .any(|line| line.starts_with("| `aae`<br>") && line.contains(" ± "))
    );
    assert!(replaced.contains("| `other` | by  hand |\n"));
}

#[cfg(unix)]
#[test]
fn a_signal_stops_all_seeds_and_the_same_command_goes_on() {
    use support::{signal, wait_until};

    let place = Place::new();
    let args = |out: &'static str| {
        arguments(&[
            "--seeds",
            "0..1",
            "--epochs",
            "300",
            "--set",
            "log_every=10",
            "--set",
            "evaluate_every=100",
            "--out",
            out,
        ])
    };
    place.run(&args("whole/aae")).succeeds();
    let child = place.spawn(&args("parts/aae"));
    let lines = || {
        fs::read_to_string(place.path("parts/aae/s0/metrics.jsonl"))
            .map_or(0, |text| text.lines().count())
    };
    wait_until("20 lines of the first seed", || lines() >= 20);
    signal(&child, "INT");
    let run = Run::new(child.wait_with_output().unwrap()).ends(130);
    run.prints("stopped by SIGINT ")
        .prints("to go on, give the same command:\n  aae experiment aae ");
    assert!(!place.exists("parts/aae/results.json"));
    place.run(&args("parts/aae")).succeeds();
    assert_eq!(results(&place, "parts/aae"), results(&place, "whole/aae"));
}
