//! The commands that use a trained run.

mod support;

use std::process::Stdio;

use support::{Place, TEST, TRAINING, png_size};

#[test]
fn sample_draws_from_the_prior_a_grid_and_chosen_codes() {
    let place = Place::trained();
    place
        .run(&["sample"])
        .succeeds()
        .prints("wrote runs/aae-s0/samples/random-seed0.png");
    place
        .run(&[
            "sample",
            "aae-s0",
            "--n",
            "7",
            "--seed",
            "4",
            "--out",
            "seven.png",
        ])
        .succeeds()
        .prints("wrote seven.png");
    place
        .run(&["sample", "runs/aae-s0", "--grid", "-10..10", "--steps", "5"])
        .succeeds()
        .prints("grid-10to10.png");
    place
        .run(&[
            "sample",
            "runs/aae-s0/model.safetensors",
            "--z",
            "0,0",
            "--z",
            "-1.5,2",
        ])
        .succeeds()
        .prints("codes.png");
    for name in [
        "runs/aae-s0/samples/random-seed0.png",
        "seven.png",
        "runs/aae-s0/samples/grid-10to10.png",
    ] {
        png_size(&place.path(name));
    }
}

#[test]
fn a_model_that_its_run_has_gone_on_from_is_said_to_be_old() {
    let place = Place::interrupted();
    // As Ctrl-C leaves it; then the run went on, and was killed after step 15.
    let short = ["--max-steps", "5", "--no-figures", "--name", "short"];
    place.train(&short).succeeds();
    let model = "runs/aae-s0/model.safetensors";
    std::fs::copy(
        place.path("runs/short/model.safetensors"),
        place.path(model),
    )
    .unwrap();
    for named in ["runs/aae-s0", model] {
        place
            .run(&["eval", named])
            .succeeds()
            .says("warning: runs/aae-s0/model.safetensors: expected the model after step 15, ")
            .says("found that after step 5, ")
            .says("aae train --resume runs/aae-s0");
    }
    let resume = ["train", "--resume", "runs/aae-s0", "--no-figures"];
    place.run(&resume).succeeds();
    let run = place.run(&["eval", "runs/aae-s0"]).succeeds();
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[test]
fn without_a_name_the_newest_run_that_can_do_it_is_taken_and_named() {
    let place = Place::new();
    let three = ["--epochs", "1", "--set", "model.categories=3", "--preset"];
    for preset in ["supervised", "aae", "nn-all"] {
        let three = match preset {
            "aae" => &["--epochs", "1"][..],
            _ => &[&three[..], &[preset]].concat(),
        };
        place.train(three).succeeds();
    }
    for (args, taken) in [
        (&["sample", "--out", "a.png"][..], "aae-s0"),
        (&["reconstruct", "--out", "b.png"], "aae-s0"),
        (
            &["sample", "--label", "1", "--out", "c.png"],
            "supervised-s0",
        ),
        (&["eval"], "nn-all-s0"),
    ] {
        let taken = format!("taking the newest run: runs/{taken}");
        place.run(args).succeeds().says(&taken);
    }
    // Where none can, the newest says why.
    std::fs::remove_dir_all(place.path("runs/aae-s0")).unwrap();
    std::fs::remove_dir_all(place.path("runs/supervised-s0")).unwrap();
    place
        .run(&["sample"])
        .ends(2)
        .says("found a classifier; `eval` measures it");
}

#[test]
fn the_same_seed_samples_the_same_picture() {
    let place = Place::trained();
    for (seed, out) in [("1", "a.png"), ("1", "b.png"), ("2", "c.png")] {
        place
            .run(&["sample", "--seed", seed, "--out", out])
            .succeeds();
    }
    assert!(place.read("a.png") == place.read("b.png"));
    assert!(place.read("a.png") != place.read("c.png"));
}

#[test]
fn a_model_file_alone_is_enough_to_sample() {
    let place = Place::trained();
    std::fs::rename(
        place.path("runs/aae-s0/model.safetensors"),
        place.path("alone.safetensors"),
    )
    .unwrap();
    std::fs::remove_dir_all(place.path("runs")).unwrap();
    std::fs::remove_dir_all(place.path("data")).unwrap();
    place
        .run(&["sample", "alone.safetensors"])
        .succeeds()
        .prints("wrote random-seed0.png");
}

#[test]
fn a_run_in_progress_is_used_from_its_newest_checkpoint() {
    let place = Place::trained();
    std::fs::remove_file(place.path("runs/aae-s0/model.safetensors")).unwrap();
    place
        .run(&["sample"])
        .succeeds()
        .says("checkpoints/step-10.safetensors");
    place.run(&["eval"]).succeeds().prints("10 steps");
}

#[test]
fn reconstruct_and_compare_draw_originals_above_what_was_made_of_them() {
    let place = Place::trained();
    place
        .train(&["--preset", "ae", "--max-steps", "2", "-q"])
        .succeeds();
    place
        .run(&["reconstruct", "aae-s0", "--n", "5"])
        .succeeds()
        .prints("runs/aae-s0/samples/reconstructions.png");
    place
        .run(&["compare", "runs/ae-s0", "aae-s0"])
        .succeeds()
        .prints("wrote runs/compare.png");
    let one = png_size(&place.path("runs/aae-s0/samples/reconstructions.png"));
    assert!(png_size(&place.path("runs/compare.png")).1 > one.1);
}

#[test]
fn encode_writes_csv_and_npy_in_the_order_of_the_images() {
    let place = Place::trained();
    place
        .run(&["encode"])
        .succeeds()
        .prints("runs/aae-s0/samples/codes-test.csv");
    let text = String::from_utf8(place.read("runs/aae-s0/samples/codes-test.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len()), ("index,label,z_0,z_1", TEST + 1));
    assert!(lines[5].starts_with("4,1,"), "{}", lines[5]);
    place.run(&["encode", "--out", "test.npy"]).succeeds();
    let npy = place.read("test.npy");
    let first = f32::from_le_bytes(npy[128..132].try_into().unwrap());
    assert_eq!(
        lines[1].split(',').nth(2).unwrap().parse::<f32>().unwrap(),
        first
    );
    place
        .run(&["encode", "--split", "train", "--out", "train.npy"])
        .succeeds();
    assert_eq!(place.read("train.npy").len(), 128 + TRAINING * 2 * 4);
}

#[test]
fn eval_gives_the_figures_that_training_noted() {
    let place = Place::trained();
    place
        .run(&["eval"])
        .succeeds()
        .prints("reconstruction 0.")
        .prints("prior match")
        .prints("MMD²");
    let report: serde_json::Value =
        serde_json::from_str(&place.run(&["eval", "--json"]).succeeds().stdout).unwrap();
    let metrics = place.metrics("runs/aae-s0");
    let noted = metrics.last().unwrap();
    for name in [
        "reconstruction_error",
        "sliced_wasserstein",
        "mmd_squared",
        "mean_0",
        "std_1",
    ] {
        assert_eq!(report[name], noted[name], "{name}");
        assert!(report[name].is_f64(), "{name}");
    }
    assert!((0.0..=1.0).contains(&report["nearest_neighbour_accuracy"].as_f64().unwrap()));
}

#[test]
fn runs_is_a_table_with_key_figures() {
    let place = Place::new();
    place
        .run(&["runs"])
        .succeeds()
        .prints("no runs in runs; make one with: aae train");
    place.train(&["--max-steps", "3", "-q"]).succeeds();
    std::fs::create_dir_all(place.path("runs/broken")).unwrap();
    std::fs::write(place.path("runs/broken/config.toml"), "nonsense").unwrap();
    let table = place.run(&["runs"]).succeeds().stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("RUN"), "{table}");
    assert!(
        lines[2].starts_with("aae-s0  aae     3     finished   0."),
        "{table}"
    );
    assert!(
        lines[3].starts_with("broken  ?       -     not ended  -"),
        "{table}"
    );
    assert_eq!(lines.last(), Some(&"newest: broken"));
}

#[test]
fn runs_show_what_share_is_wrong_and_fit_into_a_terminal() {
    let place = Place::new();
    let trained = |preset: &str, [one, other]: [&str; 2]| {
        let words = ["--preset", preset, "--epochs", "1", "--no-figures"];
        let words = [&words[..], &["--set", one, "--set", other]].concat();
        place.train(&words).succeeds();
    };
    trained(
        "semi-supervised-1000",
        ["model.categories=3", "data.labelled=9"],
    );
    trained("clustering-16", ["data.validation=20", "log_every=5"]);
    let table = place.run(&["runs"]).succeeds().stdout;
    for (run, figure) in [
        ("semi-supervised-1000-s0", "classification_error"),
        ("clustering-16-s0", "clustering_error"),
    ] {
        let last = place.metrics(&format!("runs/{run}")).pop().unwrap();
        let wrong = format!("  {:.2} %  ", 100.0 * last[figure].as_f64().unwrap());
        let mut lines = table.lines();
        let line = lines.find(|line| line.starts_with(run)).unwrap();
        assert!(line.contains(&wrong), "{wrong}: {table}");
    }
    let wide = table.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None);
}

#[test]
fn presets_are_listed_and_shown() {
    let place = Place::new();
    place.run(&["presets"]).succeeds().prints("aae-swiss-roll");
    let toml = place.run(&["presets", "aae-gamma"]).succeeds().stdout;
    std::fs::write(place.path("my.toml"), toml).unwrap();
    place
        .train(&["--config", "my.toml", "--dry-run"])
        .succeeds()
        .prints("Gamma");
    place
        .run(&["presets", "aea"])
        .ends(2)
        .says("did you mean `aae`");
}

#[test]
fn completions_and_help_are_there_for_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        place
            .run(&["completions", shell])
            .succeeds()
            .prints("reconstruct");
    }
    for command in [
        "train",
        "experiment",
        "report",
        "sample",
        "reconstruct",
        "encode",
        "eval",
        "compare",
        "presets",
        "runs",
        "completions",
    ] {
        place
            .run(&[command, "--help"])
            .succeeds()
            .prints("Example")
            .prints(&format!("aae {command}"));
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let place = Place::trained();
    for args in [
        &["runs"][..],
        &["presets", "aae"],
        &["completions", "bash"],
        &["eval", "--json"],
        &["train", "--max-steps", "1"],
    ] {
        let mut child = place
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && !stderr.contains("panicked"),
            "{args:?}: {stderr}"
        );
    }
}
