//! Where errors come from: files, presets, flags, and all of them together.

use aae_train::config::{Config, Override};

use crate::errors;

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
         --seed: expected a whole number from 0 on, found -1\n  \
         --epochs: expected at least 1, found 0"
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
