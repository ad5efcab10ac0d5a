//! `train` from beginning to end: what it leaves, and what it says.

mod support;

use serde_json::Value;
use support::{Place, TINY, png_size};

#[test]
fn a_run_leaves_everything_in_its_folder() {
    let place = Place::new();
    place
        .train(&[
            "--epochs",
            "2",
            "--figures-every",
            "1",
            "--checkpoint-every",
            "7",
        ])
        .succeeds()
        .prints("runs/aae-s0/figures")
        .prints("finished       20 steps")
        .prints("reconstruction 0.")
        .prints("aae sample");
    for name in [
        "config.toml",
        "environment.json",
        "metrics.jsonl",
        "train.log",
        "model.safetensors",
        "summary.json",
        "checkpoints/step-14.safetensors",
        "checkpoints/step-20.safetensors",
    ] {
        assert!(place.exists(&format!("runs/aae-s0/{name}")), "{name}");
    }
    assert!(!place.exists("runs/aae-s0/checkpoints/step-7.safetensors"));
    for folder in ["figures", "figures/epoch-0001"] {
        for name in ["reconstructions", "latent", "manifold", "samples", "losses"] {
            let path = place.path(&format!("runs/aae-s0/{folder}/{name}.png"));
            let (width, height) = png_size(&path);
            assert!(
                (300..3000).contains(&width) && (200..3000).contains(&height),
                "{path:?}"
            );
        }
    }
    let summary = place.json("runs/aae-s0/summary.json");
    assert_eq!(summary["outcome"], "finished");
    assert_eq!(summary["step"], 20);
    assert!(
        summary["evaluations"]["test"]["reconstruction_error"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    let seconds = |cost: &Value| cost.as_f64().unwrap();
    let costs = &summary["costs"];
    let total = seconds(&summary["seconds"]);
    // Data is read before the time of the training itself begins.
    assert!(seconds(&costs["first_step_seconds"]) > 0.0);
    let beside = seconds(&costs["evaluation_seconds"]);
    let waited = seconds(&costs["figures_seconds"]);
    assert!(beside > 0.0 && waited > 0.0 && beside + waited < total);
    if cfg!(target_os = "linux") {
        assert!(costs["peak_memory_bytes"].as_u64().unwrap() > 1 << 20);
    }
    assert_eq!(place.json("runs/aae-s0/environment.json")["threads"], 1);
}

#[test]
fn the_beginning_says_what_is_trained_on_what_and_where_to() {
    let place = Place::new();
    let run = place
        .train(&["--max-steps", "1", "--set", "data.validation=20"])
        .succeeds();
    // 24 * 8 + 8 + 8 * 2 + 2 parameters in the encoder.
    run.prints("adversarial autoencoder, codes of 2 dimensions like N(0, 5²)")
        .prints("180 training, 20 validation and 60 test images, 4 x 6")
        .prints("encoder 218, decoder 240, discriminator 33")
        .prints("runs/aae-s0");
    let lines = place.metrics("runs/aae-s0");
    let splits: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["split"].as_str())
        .collect();
    assert_eq!(splits, ["validation", "test"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::new();
    place
        .train(&["--dry-run", "--preset", "ae", "--seed", "3"])
        .succeeds()
        .prints("runs/ae-s3")
        .prints("encoder 218");
    place
        .train(&[
            "--dry-run",
            "--preset",
            "semi-supervised-100",
            "--set",
            "model.categories=3",
            "--set",
            "data.labelled=9",
        ])
        .succeeds()
        .prints(", style discriminator ");
    assert!(!place.exists("runs"));
}

#[test]
fn off_a_terminal_progress_is_plain_lines_with_every_loss() {
    let place = Place::new();
    let run = place
        .train(&["--epochs", "1", "--set", "log_every=5"])
        .succeeds();
    let run = run
        .says("epoch 1/1, step 5/10: reconstruction ")
        .says(", discriminator ")
        .says(", generator ");
    let run = run.says(" images/s, ").says("epoch 1/1, test: pixel ");
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
}

#[test]
fn quiet_says_nothing_and_verbose_more() {
    let place = Place::new();
    let run = place.train(&["--max-steps", "2", "-q"]).succeeds();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    place
        .train(&["--max-steps", "2", "-v"])
        .succeeds()
        .says("saved runs/aae-s0-2/checkpoints/step-2");
    let log = String::from_utf8(place.read("runs/aae-s0/train.log")).unwrap();
    assert!(log.contains("finished       2 steps"), "{log}");
}

#[test]
fn flags_go_over_the_file_and_set_goes_over_flags() {
    let place = Place::new();
    std::fs::write(
        place.path("my.toml"),
        "epochs = 7\nlog_every = 3\n[optimizer.generator]\nlr = 0.5\n",
    )
    .unwrap();
    place
        .train(&[
            "--config",
            "my.toml",
            "--epochs",
            "2",
            "--set",
            "log_every=4",
            "--max-steps",
            "1",
            "--name",
            "mine",
        ])
        .succeeds();
    let config = String::from_utf8(place.read("runs/mine/config.toml")).unwrap();
    for line in ["epochs = 2", "log_every = 4", "lr = 0.5"] {
        assert!(config.contains(line), "{config}");
    }
}

#[test]
fn one_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let place = Place::new();
    for (name, threads) in [("one", "1"), ("two", "2"), ("again", "2")] {
        // The last --threads counts.
        place
            .run(&[
                "train",
                "--epochs",
                "2",
                "--batch-size",
                "50",
                "--name",
                name,
                "--threads",
                threads,
                "-q",
            ])
            .succeeds();
    }
    for other in ["runs/two", "runs/again"] {
        assert_eq!(place.metrics("runs/one"), place.metrics(other));
        assert!(
            place.read("runs/one/model.safetensors")
                == place.read(&format!("{other}/model.safetensors"))
        );
    }
}

#[test]
fn figures_drawn_beside_training_show_their_own_epoch_and_change_nothing() {
    let place = Place::new();
    let tiny = TINY.split_last_chunk::<2>().unwrap().0;
    let train = |name: &str, threads: &str, epochs: &str, figures_every: &str| {
        let out = format!("{name}/aae-s0");
        let own = ["--out", &out, "--threads", threads, "--epochs", epochs];
        let more = ["--figures-every", figures_every, "--set", "log_every=5"];
        let run = place.run(&[&["train"], tiny, &own, &more].concat());
        let run = run.succeeds();
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    };
    train("each", "1", "3", "1");
    train("two-threads", "2", "3", "1");
    train("last", "1", "3", "0");
    train("short", "1", "2", "0");

    for other in ["two-threads", "last"] {
        let (each, other) = ("each/aae-s0", format!("{other}/aae-s0"));
        assert_eq!(place.metrics(each), place.metrics(&other));
        for file in ["model.safetensors", "checkpoints/step-30.safetensors"] {
            // Without the header: it has the configuration, in which `figures_every` is.
            let tensors = |run: &str| {
                let file = place.read(&format!("{run}/{file}"));
                let header = u64::from_le_bytes(*file.first_chunk().unwrap());
                file[8 + header as usize..].to_vec()
            };
            assert!(tensors(each) == tensors(&other), "{other}: {file}");
        }
    }
    // Steps of networks this small are over long before a picture is drawn: it must not show what they made of them.
    for name in ["reconstructions", "latent", "manifold", "samples", "losses"] {
        let same = |one: &str, other: &str| {
            let bytes = |folder: &str| place.read(&format!("{folder}/{name}.png"));
            assert!(bytes(one) == bytes(other), "{name}: {one}, {other}");
        };
        for epoch in 1..3 {
            let folder = format!("aae-s0/figures/epoch-000{epoch}");
            same(&format!("each/{folder}"), &format!("two-threads/{folder}"));
        }
        same("each/aae-s0/figures/epoch-0002", "short/aae-s0/figures");
        same("each/aae-s0/figures", "last/aae-s0/figures");
        same("each/aae-s0/figures", "two-threads/aae-s0/figures");
    }
}

#[test]
fn codes_of_one_and_of_three_dimensions_have_pictures_too() {
    let place = Place::new();
    for dim in ["1", "3"] {
        let (dim_flag, name) = (format!("model.latent_dim={dim}"), format!("dim{dim}"));
        let run = place
            .train(&["--max-steps", "3", "--set", &dim_flag, "--name", &name])
            .succeeds();
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
        for figure in ["latent", "manifold", "samples"] {
            png_size(&place.path(&format!("runs/{name}/figures/{figure}.png")));
        }
        place
            .run(&["sample", &name, "--grid=-1..1", "--steps", "3"])
            .succeeds();
        place.run(&["eval", &name]).succeeds();
        place.run(&["encode", &name]).succeeds();
        let csv =
            String::from_utf8(place.read(&format!("runs/{name}/samples/codes-test.csv"))).unwrap();
        assert_eq!(
            csv.lines().next().unwrap().split(',').count(),
            2 + dim.parse::<usize>().unwrap()
        );
    }
}

#[test]
fn a_run_remembers_its_data() {
    let place = Place::new();
    // Other images than those of $AAE_DATA: the test images are the training images here.
    let own = place.path("own");
    std::fs::create_dir(&own).unwrap();
    for kind in ["images-idx3-ubyte", "labels-idx1-ubyte"] {
        for name in ["train", "t10k"] {
            let from = place.path(&format!("data/train-{kind}"));
            std::fs::copy(from, own.join(format!("{name}-{kind}"))).unwrap();
        }
    }
    place
        .train(&["--data", "own", "--max-steps", "2"])
        .succeeds();
    let images = |args: &[&str]| {
        let report = place.run(&[&["eval", "--json"], args].concat()).succeeds();
        let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
        report["images"].as_u64().unwrap()
    };
    assert_eq!(images(&[]), support::TRAINING as u64);
    assert_eq!(images(&["--data", "data"]), support::TEST as u64);
    // Without its own data a run is measured on what there is.
    std::fs::remove_dir_all(&own).unwrap();
    assert_eq!(images(&[]), support::TEST as u64);
    // Whoever names other images is told so, but not to name some.
    std::fs::create_dir(&own).unwrap();
    for kind in ["images-idx3-ubyte", "labels-idx1-ubyte"] {
        for name in ["train", "t10k"] {
            let from = place.path(&format!("data/t10k-{kind}"));
            std::fs::copy(from, own.join(format!("{name}-{kind}"))).unwrap();
        }
    }
    let advice = "named with --data";
    let run = place.run(&["eval"]).succeeds();
    assert!(run.stderr.contains(advice), "{}", run.stderr);
    let run = place.run(&["eval", "--data", "data"]).succeeds();
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    std::fs::rename(&own, place.path("other")).unwrap();
    let run = place.run(&["eval", "--data", "other"]).succeeds();
    let run = run.says("was trained on other images than those of other");
    assert!(!run.stderr.contains(advice), "{}", run.stderr);
}

#[test]
fn a_finished_run_is_left_as_it_is() {
    let place = Place::trained();
    let before = place.read("runs/aae-s0/summary.json");
    place
        .run(&["train", "--resume", "runs/aae-s0"])
        .succeeds()
        .prints("finished already, all 10 steps are done");
    assert!(before == place.read("runs/aae-s0/summary.json"));
}

#[test]
fn a_dry_run_names_the_folder_that_training_would_make() {
    let place = Place::trained();
    place
        .train(&["--dry-run"])
        .succeeds()
        .prints("runs/aae-s0-2");
    for name in ["", "../../x"] {
        place
            .train(&["--dry-run", "--name", name])
            .ends(2)
            .says("not a name for a run folder");
    }
    place
        .train(&["--dry-run", "--out", "runs/aae-s0"])
        .ends(73)
        .says("runs/aae-s0");
    place
        .train(&["--dry-run", "--out", "elsewhere/new"])
        .succeeds();
    assert!(!place.exists("elsewhere"));
}
