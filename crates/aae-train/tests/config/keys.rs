//! Unknown keys, wrong types and unknown words.

use crate::{errors, only_error, without_excerpts};

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
            "my.toml:2:1: model.encoder.widths: unknown key; expected `hidden`, `activation`, `batch_norm`",
        ),
        (
            "\n[optimizer.generator]\n  lrate = 1e-3",
            "my.toml:3:3: optimizer.generator.lrate: unknown key; expected `kind`, `lr`, `beta1`, `beta2`, `epsilon`, \
             `momentum`, `weight_decay`, `clip_norm`, `schedule`",
        ),
        (
            "optimizer.classifier.lr = 1.0",
            "my.toml:1:11: optimizer.classifier: unknown key; expected `reconstruction`, \
             `discriminator`, `generator`, `classification`",
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
            "variant: unknown value `gan`; expected `ae`, `aae`, \
             `label_regularized`, `supervised`, `semi_supervised`, `clustering`, \
             `dimensionality_reduction`, `classifier`",
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
fn a_new_kind_needs_its_own_keys_and_gets_no_old_ones() {
    assert_eq!(
        without_excerpts(&errors("[prior]\nkind = \"gamma\"", &[])),
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
