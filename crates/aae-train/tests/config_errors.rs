//! What is wrong with a configuration is said all at once, each error with its path, where it came from, and what to do.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use aae_train::config::{Config, Override};

/// The errors of preset `aae` with a file `my.toml` of this text and these `--set`.
fn errors(file: &str, sets: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my.toml");
    std::fs::write(&path, file).unwrap();
    let sets: Vec<Override> = sets.iter().map(|text| Override::set(text)).collect();
    let errors = Config::resolve("aae", Some(&path), &sets).unwrap_err();
    assert_eq!(errors.exit_code(), 2);
    errors
        .to_string()
        .replace(&format!("{}/", directory.path().display()), "")
}

/// The one error, without the words before it.
fn only_error(file: &str, sets: &[&str]) -> String {
    let text = errors(file, sets);
    match text.strip_prefix("error in the configuration: ") {
        Some(error) => error.to_owned(),
        None => panic!("expected one error, found: {text}"),
    }
}

#[test]
fn unknown_keys_are_found_at_every_level() {
    for (file, expected) in [
        (
            "epoch = 3",
            "my.toml:1:1: epoch: unknown key; did you mean `epochs`?",
        ),
        (
            "[modle]\nlatent_dim = 3",
            "my.toml:1:2: modle: unknown key; did you mean `model`?",
        ),
        (
            "[model]\nlatent_dims = 3",
            "my.toml:2:1: model.latent_dims: unknown key; did you mean `latent_dim`?",
        ),
        (
            "[model.encoder]\nwidths = [3]",
            "my.toml:2:1: model.encoder.widths: unknown key; expected `hidden`, `activation`",
        ),
        (
            "\n[optimizer.generator]\n  lrate = 1e-3",
            "my.toml:3:3: optimizer.generator.lrate: unknown key; expected `kind`, `lr`, `beta1`, `beta2`, `epsilon`, \
             `momentum`, `weight_decay`, `clip_norm`, `schedule`",
        ),
        (
            "optimizer.classifier.lr = 1.0",
            "my.toml:1:11: optimizer.classifier: unknown key; expected `reconstruction`, `discriminator`, `generator`",
        ),
        (
            "[prior]\nsdt = 3.0",
            "my.toml:2:1: prior.sdt: unknown key for kind `gaussian`; did you mean `std`?",
        ),
        (
            "[optimizer.reconstruction.schedule]\nkind = \"cosine\"\nflor = 0.1",
            "my.toml:3:1: optimizer.reconstruction.schedule.flor: unknown key for kind `cosine`; did you mean `floor`?",
        ),
        (
            "[optimizer.reconstruction.schedule]\nkind = \"constant\"\nfactor = 0.1",
            "my.toml:3:1: optimizer.reconstruction.schedule.factor: unknown key for kind `constant`",
        ),
    ] {
        assert_eq!(only_error(file, &[]), expected, "{file}");
    }
}

#[test]
fn wrong_types_are_named_in_the_words_of_the_file() {
    for (set, expected) in [
        (
            "epochs=many",
            "epochs: expected a whole number from 0 on, found \"many\"",
        ),
        (
            "epochs=-3",
            "epochs: expected a whole number from 0 on, found -3",
        ),
        (
            "epochs=1.5",
            "epochs: expected a whole number from 0 on, found 1.5",
        ),
        (
            "epochs=[1]",
            "epochs: expected a whole number from 0 on, found a list",
        ),
        (
            "epochs=1979-05-27",
            "epochs: expected a whole number from 0 on, found a date or time",
        ),
        (
            "epochs.x=1",
            "epochs: expected a whole number from 0 on, found a table",
        ),
        ("model=7", "model: expected a table, found 7"),
        (
            "model.encoder.hidden=100",
            "model.encoder.hidden: expected a list, found 100",
        ),
        (
            "model.encoder.hidden=[100, \"a\"]",
            "model.encoder.hidden: expected a whole number from 0 on, found \"a\"",
        ),
        (
            "prior=gaussian",
            "prior: expected a table with a `kind`, found \"gaussian\"",
        ),
        (
            "prior.std=wide",
            "prior.std: expected a number, found \"wide\"",
        ),
        (
            "prior.kind=5",
            "prior.kind: expected a word in quotes, found 5",
        ),
        (
            "optimizer.generator.lr=true",
            "optimizer.generator.lr: expected a number, found true",
        ),
        (
            "optimizer.generator.kind=1",
            "optimizer.generator.kind: expected a word in quotes, found 1",
        ),
    ] {
        assert_eq!(only_error("", &[set]), format!("--set {set}: {expected}"));
    }
}

#[test]
fn unknown_words_come_with_the_known_ones() {
    for (set, expected) in [
        (
            "variant=aaee",
            "variant: unknown value `aaee`; did you mean `aae`?",
        ),
        (
            "variant=gan",
            "variant: unknown value `gan`; expected `ae`, `aae`",
        ),
        (
            "model.init=xavier",
            "model.init: unknown value `xavier`; expected `normal`, `xavier_uniform`, `kaiming_uniform`",
        ),
        (
            "model.decoder.activation=rellu",
            "model.decoder.activation: unknown value `rellu`; did you mean `relu`?",
        ),
        (
            "loss.reconstruction=mse",
            "loss.reconstruction: unknown value `mse`; expected `mean_squared_error`, `half_squared_error`, \
             `binary_cross_entropy`",
        ),
        (
            "prior.kind=gausian",
            "prior.kind: unknown value `gausian`; did you mean `gaussian`?",
        ),
        (
            "optimizer.generator.kind=adamw",
            "optimizer.generator.kind: unknown value `adamw`; did you mean `adam`?",
        ),
        (
            "optimizer.generator.schedule.kind=linear",
            "optimizer.generator.schedule.kind: unknown value `linear`; expected `constant`, `step`, `cosine`",
        ),
    ] {
        assert_eq!(only_error("", &[set]), format!("--set {set}: {expected}"));
    }
}

#[test]
fn values_that_make_no_sense_are_refused() {
    for (set, expected) in [
        ("epochs=0", "epochs: expected at least 1, found 0"),
        ("batch_size=0", "batch_size: expected at least 1, found 0"),
        ("log_every=0", "log_every: expected at least 1, found 0"),
        (
            "checkpoint_every=0",
            "checkpoint_every: expected at least 1, found 0",
        ),
        (
            "evaluate_every=0",
            "evaluate_every: expected at least 1, found 0",
        ),
        ("max_steps=0", "max_steps: expected at least 1, found 0"),
        (
            "data.limit_train=0",
            "data.limit_train: expected at least 1, found 0",
        ),
        (
            "model.latent_dim=0",
            "model.latent_dim: expected 1 to 65536, found 0",
        ),
        (
            "model.encoder.hidden=[]",
            "model.encoder.hidden: expected 1 to 64 layers, found 0",
        ),
        (
            "model.decoder.hidden=[10, 0]",
            "model.decoder.hidden[1]: expected 1 to 65536, found 0",
        ),
        (
            "model.decoder.hidden=[1000000000000]",
            "model.decoder.hidden[0]: expected 1 to 65536, found 1000000000000",
        ),
        (
            "optimizer.generator.lr=0",
            "optimizer.generator.lr: expected a finite number above 0, found 0",
        ),
        (
            "optimizer.generator.lr=nan",
            "optimizer.generator.lr: expected a finite number above 0, found NaN",
        ),
        (
            "optimizer.generator.lr=inf",
            "optimizer.generator.lr: expected a finite number above 0, found inf",
        ),
        (
            "optimizer.generator.beta1=1.0",
            "optimizer.generator.beta1: expected a number from 0 to below 1, found 1",
        ),
        (
            "optimizer.generator.beta2=-0.1",
            "optimizer.generator.beta2: expected a number from 0 to below 1, found -0.1",
        ),
        (
            "optimizer.generator.epsilon=0",
            "optimizer.generator.epsilon: expected a finite number above 0, found 0",
        ),
        (
            "optimizer.generator.momentum=0.5",
            "optimizer.generator.momentum: expected 0: kind `adam` has no momentum of this name, its `beta1` is that, \
             found 0.5",
        ),
        (
            "optimizer.generator.weight_decay=-1",
            "optimizer.generator.weight_decay: expected a finite number from 0 on, found -1",
        ),
        (
            "optimizer.generator.clip_norm=0",
            "optimizer.generator.clip_norm: expected a finite number above 0, found 0",
        ),
        (
            "optimizer.generator.schedule={kind=\"step\", at_epochs=[3, 2], factor=0.1}",
            "optimizer.generator.schedule.at_epochs: expected epochs from 1 on, strictly ascending, at least one, \
             found [3, 2]",
        ),
        (
            "optimizer.generator.schedule={kind=\"cosine\", floor=2}",
            "optimizer.generator.schedule.floor: expected a number from 0 to 1, found 2",
        ),
        (
            "regularization.discriminator_input_noise=-1",
            "regularization.discriminator_input_noise: expected a finite number from 0 on, found -1",
        ),
    ] {
        assert_eq!(only_error("", &[set]), format!("--set {set}: {expected}"));
    }
}

#[test]
fn the_prior_checks_its_own_values() {
    let error = only_error("", &["prior.std=-5"]);
    assert!(
        error.starts_with("--set prior.std=-5: prior.std: expected "),
        "{error}"
    );
    let error = only_error(
        "[prior]\nkind = \"swiss_roll\"\nradius = 3\nturns = 2",
        &["model.latent_dim=3"],
    );
    assert!(error.contains("my.toml:2:1: prior.kind: "), "{error}");
}

#[test]
fn the_plain_autoencoder_has_no_discriminator_to_feed_noise() {
    let text = errors(
        "variant = \"ae\"",
        &["regularization.discriminator_input_noise=0.3"],
    );
    assert!(text.contains("variant `ae` has no discriminator"), "{text}");
}

#[test]
fn a_new_kind_needs_its_own_keys_and_gets_no_old_ones() {
    assert_eq!(
        errors("[prior]\nkind = \"gamma\"", &[]),
        "2 errors in the configuration:\n  \
         my.toml:2:1: prior.shape: missing: kind `gamma` needs it\n  \
         my.toml:2:1: prior.scale: missing: kind `gamma` needs it"
    );
    assert_eq!(
        only_error("", &["optimizer.generator.schedule.kind=cosine"]),
        "--set optimizer.generator.schedule.kind=cosine: optimizer.generator.schedule.floor: missing: kind `cosine` \
         needs it"
    );
    assert_eq!(
        only_error(
            "[prior]\nkind = \"uniform\"\nlow = -1\nhigh = 1\nstd = 5.0",
            &[]
        ),
        "my.toml:5:1: prior.std: unknown key for kind `uniform`; expected `low`, `high`"
    );
}

#[test]
fn all_errors_of_all_layers_are_told_at_once() {
    let file = "
epohcs = 3
batch_size = 0
[model]
latent_dim = \"two\"
[model.encoder]
hidden = []
activation = \"relus\"
[prior]
mean = \"zero\"
sdt = 5.0
[optimizer.reconstruction]
lr = -1.0
[optimizer.generator]
kind = \"sgd\"
momentum = 1.5
";
    let sets = [
        "optimizer.discriminator.lr=nan",
        "seed=x",
        "nonsense",
        ".=1",
        "loss.reconstructoin=mse",
    ];
    assert_eq!(
        errors(file, &sets),
        "14 errors in the configuration:
  --set nonsense: expected a.b.c=value, found no `=`
  --set .=1: expected a.b.c=value, found an empty key
  my.toml:10:1: prior.mean: expected a number, found \"zero\"
  my.toml:11:1: prior.sdt: unknown key for kind `gaussian`; did you mean `std`?
  my.toml:2:1: epohcs: unknown key; did you mean `epochs`?
  --set loss.reconstructoin=mse: loss.reconstructoin: unknown key; did you mean `reconstruction`?
  my.toml:8:1: model.encoder.activation: unknown value `relus`; did you mean `relu`?
  my.toml:5:1: model.latent_dim: expected a whole number from 0 on, found \"two\"
  --set seed=x: seed: expected a whole number from 0 on, found \"x\"
  my.toml:3:1: batch_size: expected at least 1, found 0
  my.toml:7:1: model.encoder.hidden: expected 1 to 64 layers, found 0
  my.toml:13:1: optimizer.reconstruction.lr: expected a finite number above 0, found -1
  --set optimizer.discriminator.lr=nan: optimizer.discriminator.lr: expected a finite number above 0, found NaN
  my.toml:16:1: optimizer.generator.momentum: expected a number from 0 to below 1, found 1.5"
    );
}

#[test]
fn syntax_errors_have_file_line_and_column() {
    let text = errors("epochs = 3\nbatch_size = = 4\n", &["log_every=0"]);
    assert!(text.contains("my.toml:2:14: "), "{text}");
    assert!(text.contains("log_every: expected at least 1"), "{text}");
    let text = errors("epochs = 3\nepochs = 4\n", &[]);
    assert!(text.contains("my.toml:2:1: duplicate key"), "{text}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing.toml");
    let errors = Config::resolve("aae", Some(&missing), &[Override::set("epochs=0")]).unwrap_err();
    assert_eq!(errors.errors.len(), 2);
    assert!(
        errors
            .to_string()
            .contains("missing.toml: could not read: "),
        "{errors}"
    );
    let binary = directory.path().join("binary.toml");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    let errors = Config::resolve("aae", Some(&binary), &[]).unwrap_err();
    assert!(
        errors.to_string().contains("binary.toml: could not read: "),
        "{errors}"
    );
}

#[test]
fn an_unknown_preset_is_compared_with_the_known_ones() {
    let error = |name| Config::resolve(name, None, &[]).unwrap_err().to_string();
    assert_eq!(
        error("aae-unifrom"),
        "error in the configuration: --preset: unknown preset `aae-unifrom`; did you mean `aae-uniform`?"
    );
    assert!(
        error("mnist").contains("expected `aae`, `ae`, `aae-uniform`"),
        "{}",
        error("mnist")
    );
}

#[test]
fn values_from_flags_are_blamed_on_the_flag() {
    let overrides = [
        Override::flag("--epochs", "epochs", 0),
        Override::flag("--seed", "seed", -1),
    ];
    assert_eq!(
        Config::resolve("aae", None, &overrides)
            .unwrap_err()
            .to_string(),
        "2 errors in the configuration:\n  \
         --seed: seed: expected a whole number from 0 on, found -1\n  \
         --epochs: epochs: expected at least 1, found 0"
    );
}

#[test]
fn a_saved_configuration_must_state_everything() {
    let whole = Config::resolve("aae", None, &[]).unwrap().to_toml();
    let text = whole
        .replace("\nepochs = ", "\n# ")
        .replace("std = 5.0", "");
    assert_eq!(
        Config::from_toml(&text, "config.toml")
            .unwrap_err()
            .to_string()
            .lines()
            .count(),
        3,
        "{text}"
    );
}

#[test]
fn what_depends_on_the_data_is_checked_when_it_is_there() {
    let with = |sets: &[&str], images| {
        let sets: Vec<Override> = sets.iter().map(|text| Override::set(text)).collect();
        let config = Config::resolve("aae", None, &sets).unwrap();
        config
            .validate_for(images)
            .map_err(|errors| errors.to_string())
    };
    assert_eq!(with(&[], 60_000), Ok(()));
    assert_eq!(with(&[], 128), Ok(()));
    assert_eq!(
        with(&[], 127).unwrap_err(),
        "error in the configuration: batch_size: expected at most the 127 images trained on, found 128"
    );
    assert_eq!(
        with(&["data.validation=200"], 200).unwrap_err(),
        "error in the configuration: data.validation: expected fewer than the 200 training images, found 200"
    );
    assert!(
        with(&["data.validation=100"], 200)
            .unwrap_err()
            .contains("the 100 images trained on")
    );
    assert!(
        with(&["data.limit_train=100"], 200)
            .unwrap_err()
            .contains("the 100 images trained on")
    );
}
