//! The JSON files of runs and experiments.

use std::fs;

use serde_json::{Value, json};

use crate::support::Place;
use crate::{LAST, REPORT, RESUME, SUMMARY, check, ends, pipe, sparse, without_end, write};

const ENVIRONMENT: &str = "runs/aae-s0/environment.json";
const RESULTS: &str = "experiments/x/results.json";
const OF_EXPERIMENT: &[&str] = &["report", "experiments/x"];

/// The results of an experiment of one seed, changed.
fn results(place: &Place, change: impl FnOnce(&mut Value)) {
    let mut config: Value = aae_train::checkpoint::load(&place.path(LAST))
        .map(|checkpoint| serde_json::to_value(checkpoint.meta.config).unwrap())
        .unwrap();
    config.as_object_mut().unwrap().remove("seed");
    let figure = json!({"mean": 0.5, "standard_error": null, "values": [0.5]});
    let mut value = json!({
        "format_version": 1, "experiment": "x", "preset": "aae", "command": [], "repeat": [], "git_revisions": [],
        "config": config, "config_hash": "", "seeds": [0], "epochs": 1, "steps": 10, "steps_per_epoch": 10, "minutes_per_seed": 1.5,
        "evaluations": [{"epoch": 1, "step": 10, "split": "test", "figures": {"reconstruction_error": figure}}],
        "runs": [{"seed": 0, "minutes": 1.5, "environment": null}],
    });
    change(&mut value);
    fs::create_dir_all(place.path("experiments/x")).unwrap();
    write(place, RESULTS, value.to_string());
}

fn results_are(place: &Place, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(place.path("experiments/x")).unwrap();
    write(place, RESULTS, bytes);
}

#[test]
fn results_of_experiments() {
    check(&[
        ends(
            "good ones",
            |p| results(p, |_| ()),
            OF_EXPERIMENT,
            0,
            "wrote",
        ),
        ends(
            "empty",
            |p| results_are(p, ""),
            OF_EXPERIMENT,
            65,
            "not the results of an experiment",
        ),
        ends(
            "a hundred thousand brackets",
            |p| results_are(p, "[".repeat(100_000)),
            OF_EXPERIMENT,
            65,
            "not the results of an experiment",
        ),
        ends(
            "a tebibyte of nothing",
            |p| {
                results(p, |_| ());
                sparse(p, RESULTS);
            },
            OF_EXPERIMENT,
            65,
            "expected at most",
        ),
        ends(
            "a pipe",
            |p| {
                results(p, |_| ());
                pipe(p, RESULTS);
            },
            OF_EXPERIMENT,
            65,
            "expected a regular file",
        ),
        ends(
            "no seeds",
            |p| {
                results(p, |v| {
                    v["seeds"] = json!([]);
                    v["runs"] = json!([]);
                })
            },
            OF_EXPERIMENT,
            65,
            "0 seeds",
        ),
        ends(
            "more runs than seeds",
            |p| results(p, |v| v["seeds"] = json!([0, 1])),
            OF_EXPERIMENT,
            65,
            "1 runs and 2 seeds",
        ),
        ends(
            "more values than seeds",
            |p| {
                results(p, |v| {
                    v["evaluations"][0]["figures"]["reconstruction_error"]["values"] = json!([1, 2])
                })
            },
            OF_EXPERIMENT,
            65,
            "expected 1 values",
        ),
        ends(
            "a configuration that is none",
            |p| results(p, |v| v["config"]["model"]["latent_dim"] = json!(0)),
            OF_EXPERIMENT,
            65,
            "model.latent_dim",
        ),
        ends(
            "huge numbers",
            |p| {
                results(p, |v| {
                    for key in ["epochs", "steps", "steps_per_epoch"] {
                        v[key] = json!(u64::MAX);
                    }
                    v["minutes_per_seed"] = json!(1e308);
                    v["runs"][0]["minutes"] = json!(-1e308);
                    v["evaluations"][0]["epoch"] = json!(u64::MAX);
                    v["evaluations"][0]["step"] = json!(u64::MAX);
                    v["evaluations"][0]["figures"]["reconstruction_error"] =
                        json!({"mean": 1e308, "standard_error": 1e-308, "values": [-1e308]});
                })
            },
            OF_EXPERIMENT,
            0,
            "wrote",
        ),
        ends(
            "numbers without digits in common",
            |p| {
                results(p, |v| {
                    let figures: serde_json::Map<String, Value> = [
                        (1e308, 5e-324),
                        (0.0, 1e308),
                        (-1.0, -1.0),
                        (5e-324, 5e-324),
                        (1e15, 1e-15),
                        (0.5, 0.0),
                    ]
                    .iter()
                    .enumerate()
                    .map(|(i, (mean, error))| {
                        (
                            format!("f{i}"),
                            json!({"mean": mean, "standard_error": error, "values": [null]}),
                        )
                    })
                    .collect();
                    v["evaluations"][0]["figures"] = figures.into();
                })
            },
            OF_EXPERIMENT,
            0,
            "wrote",
        ),
    ]);
}

#[test]
fn other_files_of_a_run() {
    check(&[
        ends(
            "a summary of huge numbers",
            |p| {
                let mut summary = p.json(SUMMARY);
                for key in ["step", "total_steps", "seed"] {
                    summary[key] = json!(u64::MAX);
                }
                summary["seconds"] = json!(-1e308);
                summary["parameters"] = json!({"a": u64::MAX, "b": u64::MAX});
                summary["prior"] = json!("\u{1b}[2J");
                write(p, SUMMARY, summary.to_string());
            },
            REPORT,
            0,
            "wrote",
        ),
        ends(
            "a summary that is a pipe",
            |p| pipe(p, SUMMARY),
            &["runs"],
            0,
            "aae-s0",
        ),
        ends(
            "a summary that is a pipe, reported",
            |p| pipe(p, SUMMARY),
            REPORT,
            65,
            "expected a regular file",
        ),
        ends(
            "a summary that is too large, reported",
            |p| write(p, SUMMARY, " ".repeat(5 << 20)),
            REPORT,
            65,
            "expected at most 4194304 bytes",
        ),
        ends(
            "a summary of brackets",
            |p| write(p, SUMMARY, "[".repeat(100_000)),
            &["runs"],
            0,
            "aae-s0",
        ),
        ends(
            "an environment that is a pipe",
            |p| pipe(p, ENVIRONMENT),
            &["sample"],
            0,
            "wrote",
        ),
        ends(
            "an environment of brackets",
            |p| write(p, ENVIRONMENT, "[".repeat(100_000)),
            REPORT,
            0,
            "wrote",
        ),
        ends(
            "data that is a pipe, says the environment",
            |p| {
                pipe(p, "pipe");
                let path = p.path("pipe");
                let text = json!({"version": "", "git_revision": null, "rustc": "", "platform": "", "cpu": null, "available_threads": 0,
                "threads": 0, "device": "", "seed": 0, "command_line": [], "started": "", "data": path, "data_fingerprint": "x"});
                write(p, ENVIRONMENT, text.to_string());
            },
            &["reconstruct"],
            0,
            "was trained on other images",
        ),
        ends(
            "labels that are a pipe",
            |p| {
                pipe(p, "runs/aae-s0/labelled.json");
                without_end(p);
            },
            RESUME,
            65,
            "labelled.json: expected a regular file of the run's own, found a pipe, socket or device",
        ),
    ]);
}
