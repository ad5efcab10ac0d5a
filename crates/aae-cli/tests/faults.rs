//! What is wrong with flags, files and folders, and the exit code it gets.

mod support;

use support::{Place, training, wait_until};

#[test]
fn flags_that_make_no_sense_end_with_2() {
    let place = Place::trained();
    let wrong: &[&[&str]] = &[
        &["train", "--epoch", "3"],
        &["train", "--epochs", "many"],
        &["train", "--device", "gpu"],
        &["train", "--threads", "0"],
        &["train", "--name", "../x"],
        &["train", "--resume", "runs/aae-s0", "--seed", "1"],
        &["train", "--resume", "runs/aae-s0", "--set", "epochs=3"],
        &["train", "--resume", "runs/none"],
        &["sample", "--n", "0"],
        &["sample", "--n", "-1"],
        &["sample", "--n", "99999999999999999999"],
        &["sample", "--grid=10..-10"],
        &["sample", "--grid=0..nan"],
        &["sample", "--grid=ten"],
        &["sample", "--grid=0..1", "--steps", "0"],
        &["sample", "--steps", "3"],
        &["sample", "--z", "0"],
        &["sample", "--z", "0,0,0"],
        &["sample", "--z", "nan,0"],
        &["sample", "--z", "0,0", "--n", "3"],
        &["sample", "nowhere"],
        &["sample", "data"],
        &["sample", "--out", "digits.jpg"],
        &["encode", "--out", "codes.txt"],
        &["encode", "--split", "validation"],
        &["reconstruct", "--n", "0"],
        &["reconstruct", "--data", "nowhere"],
        &["compare"],
        &["completions", "tcsh"],
        &["nonsense"],
        &[],
    ];
    for args in wrong {
        let run = place.run(args).ends(2);
        assert!(!run.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn extreme_but_sensible_flags_work() {
    let place = Place::trained();
    for args in [
        &["sample", "--n", "1"][..],
        &["sample", "--grid=0..1e-6", "--steps", "1"],
        &["sample", "--grid=-1e6..1e6", "--steps", "2"],
        &["sample", "--z", "1e6,-1e6"],
        &["sample", "--seed", "18446744073709551615"],
        &["reconstruct", "--n", "2000"],
    ] {
        place.run(args).succeeds();
    }
}

#[test]
fn all_configuration_errors_come_at_once_with_their_paths() {
    let place = Place::new();
    std::fs::write(
        place.path("my.toml"),
        "epochs = \"many\"\n[model]\nlatent_dims = 3\n",
    )
    .unwrap();
    place
        .run(&[
            "train",
            "--config",
            "my.toml",
            "--batch-size",
            "0",
            "--set",
            "optimizer.generator.lr=-1",
            "--set",
            "nonsense",
        ])
        .ends(2)
        .says("my.toml:1:1: epochs")
        .says("did you mean `latent_dim`")
        .says("--batch-size: expected at least 1")
        .says("optimizer.generator.lr")
        .says("--set nonsense");
    place
        .run(&["train", "--preset", "aee"])
        .ends(2)
        .says("did you mean `aae`");
    place
        .run(&["train", "--config", "nowhere.toml"])
        .ends(2)
        .says("nowhere.toml");
    place
        .run(&["train", "--batch-size", "201"])
        .ends(2)
        .says("200");
    assert!(!place.exists("runs"));
}

#[test]
fn data_that_is_not_there_or_not_whole_is_named() {
    let place = Place::new();
    place.train(&["--data", "nowhere"]).ends(2).says("nowhere");
    let mut images = place.read("data/train-images-idx3-ubyte");
    images.pop();
    std::fs::write(place.path("data/train-images-idx3-ubyte"), images).unwrap();
    place.train(&[]).ends(65).says("train-images-idx3-ubyte");
    assert!(!place.exists("runs"));
}

#[test]
fn a_folder_with_something_in_it_is_not_trained_into() {
    let place = Place::new();
    std::fs::create_dir(place.path("mine")).unwrap();
    std::fs::write(place.path("mine/letter.txt"), "dear").unwrap();
    place.train(&["--out", "mine"]).ends(73).says("not empty");
    place
        .train(&["--out", "data/train-images-idx3-ubyte"])
        .ends(73);
    assert_eq!(std::fs::read_dir(place.path("mine")).unwrap().count(), 1);
}

#[test]
fn a_picture_that_cannot_be_written_is_an_error_with_its_path() {
    let place = Place::trained();
    place
        .run(&["sample", "--out", "no/such/folder/x.png"])
        .ends(73)
        .says("no/such/folder/x.png");
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_a_damaged_model_refused() {
    let place = Place::new();
    place
        .train(&["--epochs", "2", "--checkpoint-every", "5", "-q"])
        .succeeds();
    let damage = |name: &str| {
        let path = format!("runs/aae-s0/{name}");
        let mut bytes = place.read(&path);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(place.path(&path), bytes).unwrap();
    };
    damage("model.safetensors");
    place
        .run(&["sample"])
        .ends(65)
        .says("model.safetensors")
        .says("damaged");
    damage("checkpoints/step-20.safetensors");
    place
        .run(&["train", "--resume", "runs/aae-s0", "--threads", "1"])
        .succeeds()
        .says("warning: ")
        .says("step-20");
    place.run(&["sample"]).succeeds();
    damage("model.safetensors");
    for step in [15, 20] {
        damage(&format!("checkpoints/step-{step}.safetensors"));
    }
    place
        .run(&["train", "--resume", "runs/aae-s0"])
        .ends(65)
        .says("step-15")
        .says("step-20");
}

#[test]
fn another_configuration_or_other_data_is_not_gone_on_with() {
    let place = Place::new();
    place.train(&["--max-steps", "4", "-q"]).succeeds();
    let config = String::from_utf8(place.read("runs/aae-s0/config.toml")).unwrap();
    std::fs::write(
        place.path("runs/aae-s0/config.toml"),
        config.replace("max_steps = 4", "max_steps = 8"),
    )
    .unwrap();
    place
        .run(&["train", "--resume", "runs/aae-s0"])
        .ends(65)
        .says("of another configuration: max_steps: expected 8, as runs/aae-s0/config.toml has it, found 4");
    std::fs::write(place.path("runs/aae-s0/config.toml"), config).unwrap();
    let mut labels = place.read("data/train-labels-idx1-ubyte");
    labels.swap(8, 9);
    std::fs::write(place.path("data/train-labels-idx1-ubyte"), labels).unwrap();
    place
        .run(&["train", "--resume", "runs/aae-s0"])
        .ends(65)
        .says("holds a run on other training images");
}

#[test]
fn a_learning_rate_of_a_billion_ends_with_76() {
    let place = Place::new();
    place
        .train(&[
            "--set",
            "optimizer.discriminator.lr=1e9",
            "--checkpoint-every",
            "1",
        ])
        .ends(76)
        .says("diverged at step")
        .says("try lower learning rates");
    assert_eq!(
        place.json("runs/aae-s0/summary.json")["outcome"],
        "diverged"
    );
    assert!(!place.exists("runs/aae-s0/model.safetensors"));
}

#[test]
fn after_a_divergence_the_last_good_checkpoint_stands_beside_the_diverged_state() {
    let place = Place::new();
    // Plain descent on an unbounded loss, too fast: it grows for some steps before it overflows.
    let set = [
        "loss.reconstruction=binary_cross_entropy",
        "optimizer.reconstruction.kind=sgd",
        "optimizer.reconstruction.lr=1e2",
    ];
    let args = [
        "--checkpoint-every",
        "1",
        "--set",
        set[0],
        "--set",
        set[1],
        "--set",
        set[2],
    ];
    place
        .train(&args)
        .ends(76)
        .says("the last good checkpoint is runs/aae-s0/checkpoints/step-")
        .says("the diverged state is kept as runs/aae-s0/checkpoints/diverged-step-");
    let names = std::fs::read_dir(place.path("runs/aae-s0/checkpoints")).unwrap();
    let names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let count = |kind: &str| names.iter().filter(|name| name.starts_with(kind)).count();
    assert_eq!(
        (count("diverged-step-"), count("step-")),
        (1, 2),
        "{names:?}"
    );
    // It goes on from there, and finds the same again.
    place
        .run(&["train", "--resume", "runs/aae-s0", "--threads", "1"])
        .ends(76);
    let log = String::from_utf8(place.read("runs/aae-s0/train.log")).unwrap();
    assert_eq!(log.matches("ERROR diverged").count(), 2, "{log}");
    place
        .run(&["sample", "--z", "0,0"])
        .succeeds()
        .says("the run has no model.safetensors");
}

#[test]
fn a_run_that_another_process_holds_is_not_trained_into() {
    let place = Place::new();
    let mut child = place
        .command(&training(&["--epochs", "100000", "-q"]))
        .spawn()
        .unwrap();
    wait_until("the run", || place.exists("runs/aae-s0/config.toml"));
    let pid = child.id().to_string();
    place
        .run(&["train", "--resume", "runs/aae-s0"])
        .ends(73)
        .says(&pid);
    place.train(&["--out", "runs/aae-s0"]).ends(73).says(&pid);
    child.kill().unwrap();
    child.wait().unwrap();
}
