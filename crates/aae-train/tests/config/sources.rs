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
    10 | mean = \"zero\"
       | ^^^^
  my.toml:11:1: prior.sdt: unknown key for kind `gaussian`; did you mean `std`?
    11 | sdt = 5.0
       | ^^^
  my.toml:2:1: epohcs: unknown key; did you mean `epochs`?
    2 | epohcs = 3
      | ^^^^^^
  --set loss.reconstructoin=mse: loss.reconstructoin: unknown key; did you mean `reconstruction`?
  my.toml:8:1: model.encoder.activation: unknown value `relus`; did you mean `relu`?
    8 | activation = \"relus\"
      | ^^^^^^^^^^
  my.toml:5:1: model.latent_dim: expected a whole number from 0 on, found \"two\"
    5 | latent_dim = \"two\"
      | ^^^^^^^^^^
  --set seed=x: seed: expected a whole number from 0 on, found \"x\"
  my.toml:3:1: batch_size: expected at least 1, found 0
    3 | batch_size = 0
      | ^^^^^^^^^^
  my.toml:7:1: model.encoder.hidden: expected 1 to 64 layers, found 0
    7 | hidden = []
      | ^^^^^^
  my.toml:13:1: optimizer.reconstruction.lr: expected a number above 0, and at most 3.4e38, found -1
    13 | lr = -1.0
       | ^^
  --set optimizer.discriminator.lr=nan: optimizer.discriminator.lr: expected a number above 0, and at most 3.4e38, found NaN
  my.toml:16:1: optimizer.generator.momentum: expected a number from 0 to below 1, found 1.5
    16 | momentum = 1.5
       | ^^^^^^^^"
    );
}

#[test]
fn syntax_errors_show_the_line_and_the_place_in_it() {
    for (file, expected) in [
        (
            "epochs = 3\nbatch_size = = 4\n",
            "my.toml:2:14: extra `=`, expected nothing\n    2 | batch_size = = 4\n      |              ^",
        ),
        (
            "epochs = 3\nepochs = 4\n",
            "my.toml:2:1: duplicate key\n    2 | epochs = 4\n      | ^^^^^^",
        ),
        (
            "[model\n",
            "my.toml:1:7: unclosed table, expected `]`\n    1 | [model\n      |       ^",
        ),
        (
            "seed = \"1\n",
            "my.toml:1:10: invalid basic string, expected `\"`\n    1 | seed = \"1\n      |          ^",
        ),
        (
            "seed = 99999999999999999999\n",
            "my.toml:1:8: invalid type: integer `99999999999999999999` as i128, expected any valid TOML value\n    1 | seed = 99999999999999999999\n      |        ^^^^^^^^^^^^^^^^^^^^",
        ),
        (
            "hidden = [1, 2\n",
            "my.toml:1:15: unclosed array, expected `]`\n    1 | hidden = [1, 2\n      |               ^",
        ),
        (
            "seed\n",
            "my.toml:1:5: key with no value, expected `=`\n    1 | seed\n      |     ^",
        ),
        (
            "= 3\n",
            "my.toml:1:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`\n    1 | = 3\n      | ^",
        ),
        (
            "a.b.c = 1\na.b = 2\n",
            "my.toml:2:3: duplicate key\n    2 | a.b = 2\n      |   ^",
        ),
    ] {
        let text = errors(file, &[]);
        assert_eq!(
            text.strip_prefix("error in the configuration: "),
            Some(expected),
            "{file}"
        );
    }
    let text = errors("batch_size = = 4\n", &["log_every=0"]);
    assert!(text.contains("log_every: expected at least 1"), "{text}");
}

#[test]
fn very_deep_very_long_and_very_many_keys_are_errors_like_any_other() {
    let deep_arrays = format!("epochs = {}", "[".repeat(100_000));
    let deep_tables = format!("{}x = 1", "a.".repeat(100_000));
    let deep_inline = format!("epochs = {}", "{a = ".repeat(50_000));
    let deep_header = format!("[{}x]", "a.".repeat(100_000));
    let long_key = format!("{} = 1", "k".repeat(200_000));
    let long_value = format!("variant = \"{}\"", "v".repeat(200_000));
    let many: String = (0..20_000).map(|i| format!("k{i} = 1\n")).collect();
    for file in [
        deep_arrays,
        deep_tables,
        deep_inline,
        deep_header,
        long_key,
        long_value,
        many,
    ] {
        let text = errors(&file, &[]);
        assert!(text.len() < 50_000, "{} bytes: {text:.500}", text.len());
    }
    let deep = format!("{}x=1", "a.".repeat(50_000));
    assert!(errors("", &[&deep]).len() < 50_000);
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
            .to_string(),
        "2 errors in the configuration:
  config.toml:38:1: prior.std: missing: kind `gaussian` needs it
    38 | kind = \"gaussian\"
       | ^^^^
  config.toml: epochs: missing"
    );
}

#[test]
fn the_other_values_of_a_table_with_a_kind_are_looked_at_beside_an_unknown_key() {
    let told = errors("[prior]\nstd = 0.0\nsdt = 1.0\n", &[]);
    assert!(
        told.starts_with("2 errors in the configuration:\n"),
        "{told}"
    );
    assert!(
        told.contains("my.toml:3:1: prior.sdt: unknown key"),
        "{told}"
    );
    assert!(told.contains("my.toml:2:1: prior.std: expected "), "{told}");
}
