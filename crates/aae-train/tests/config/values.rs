//! Values of the right type that make no sense.

use aae_train::config::{Config, Override};

use aae_models::ImageShape;

use crate::{errors, only_error};

const MNIST: ImageShape = ImageShape {
    height: 28,
    width: 28,
};

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
            "epochs=1000000001",
            "epochs: expected at most 1000000000, found 1000000001",
        ),
        (
            "optimizer.generator.lr=0",
            "optimizer.generator.lr: expected a number above 0, and at most 3.4e38, found 0",
        ),
        (
            "optimizer.generator.lr=nan",
            "optimizer.generator.lr: expected a number above 0, and at most 3.4e38, found NaN",
        ),
        (
            "optimizer.generator.lr=inf",
            "optimizer.generator.lr: expected a number above 0, and at most 3.4e38, found inf",
        ),
        (
            "optimizer.generator.lr=1e39",
            "optimizer.generator.lr: expected a number above 0, and at most 3.4e38, \
             found 1000000000000000000000000000000000000000",
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
            "optimizer.generator.epsilon: expected a number from 1.2e-38 to 3.4e38, the range of single precision, found 0",
        ),
        (
            "optimizer.generator.epsilon=1e-46",
            "optimizer.generator.epsilon: expected a number from 1.2e-38 to 3.4e38, the range of single precision, \
             found 0.0000000000000000000000000000000000000000000001",
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
fn noise_that_is_not_there_does_not_fade() {
    let key = "regularization.discriminator_noise_half_life";
    let text = errors(
        "",
        &[
            &format!("{key}=0"),
            "regularization.discriminator_input_noise=1",
        ],
    );
    assert!(
        text.contains(&format!("{key}: expected at least 1 step, found 0")),
        "{text}"
    );
    let text = errors(
        "",
        &[
            &format!("{key}=9"),
            "regularization.discriminator_input_noise=0",
        ],
    );
    assert!(
        text.contains("expected no such key where discriminator_input_noise is 0"),
        "{text}"
    );
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
fn what_depends_on_the_data_is_checked_when_it_is_there() {
    let with = |sets: &[&str], images| {
        let sets: Vec<Override> = sets.iter().map(|text| Override::set(text)).collect();
        let config = Config::resolve("aae", None, &sets).unwrap();
        config
            .validate_for(images, 10, MNIST)
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

#[test]
fn data_whose_classes_no_label_can_have_are_refused_at_once() {
    let config = Config::resolve("supervised", None, &[]).unwrap();
    for classes in [1, 256] {
        let error = config.validate_for(60_000, classes, MNIST).unwrap_err();
        let expected = format!(
            "error in the configuration: model.categories: expected data of 2 to 255 classes, \
             or a variant without labels, found {classes}"
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn values_that_do_not_suit_the_variant_or_the_prior_are_refused() {
    let normalised = "batch_size: expected at least 2: model.encoder.batch_norm normalises over the batch, found 1";
    for (preset, sets, expected) in [
        (
            "aae",
            "model.categories=10",
            "model.categories: expected 0: variant `aae` has no label, found 10",
        ),
        (
            "supervised",
            "model.categories=1",
            "model.categories: expected 2 to 255 ways of the label, found 1",
        ),
        (
            "aae",
            "regularization.head_distance=1",
            "regularization.head_distance: expected 0: variant `aae` has no cluster heads, found 1",
        ),
        (
            "aae",
            "regularization.label_in_discriminator=true",
            "regularization.label_in_discriminator: expected no such key: it belongs to variant `supervised`, found true",
        ),
        (
            "supervised",
            "loss.label_gradient=0.5",
            "loss.label_gradient: expected no such key: this variant decodes no label that it infers, found 0.5",
        ),
        (
            "reduction-2d-100",
            "loss.label_gradient=1.5",
            "loss.label_gradient: expected 0 to 1, found 1.5",
        ),
        (
            "reduction-2d-100",
            "regularization.head_distance=nan",
            "regularization.head_distance: expected a finite number from 0 on, found NaN",
        ),
        (
            "labelled-mixture",
            "prior.components=9",
            "prior.components: expected a prior of at least 10 components, one for each class, found 9",
        ),
        (
            "labelled-mixture",
            "prior={kind=\"gaussian\", mean=0, std=5}",
            "prior.kind: expected a prior of at least 10 components, one for each class, found one without components",
        ),
        (
            "aae",
            "data.labelled=5",
            "data.labelled: expected no such key: this variant sees no label, found 5",
        ),
        (
            "nn-100",
            "data.labelled=0",
            "data.labelled: expected at least 1, or no such key for all labels, found 0",
        ),
        (
            "supervised",
            "data.labelled=5",
            "data.labelled: expected no such key: this variant needs the label of every image, found 5",
        ),
        (
            "aae",
            "model.posterior={kind=\"universal\", noise_dim=0}",
            "model.posterior.noise_dim: expected 1 to 65536, found 0",
        ),
        (
            "aae",
            "model.encoder.batch_norm=true; batch_size=1",
            normalised,
        ),
        ("clustering-16", "batch_size=1", normalised),
        (
            "semi-supervised-100",
            "model.encoder.batch_norm=true; data.labelled=1",
            "data.labelled: expected at least 2: model.encoder.batch_norm normalises over the batch, found 1",
        ),
        (
            "aae",
            "corruption={kind=\"gaussian\", std=0}",
            "corruption.std: expected a finite number above 0, found 0",
        ),
        (
            "denoising",
            "corruption.std=inf",
            "corruption.std: unknown key for kind `dropout`; expected `share`",
        ),
        (
            "aae",
            "corruption={kind=\"masking\", share=1}",
            "corruption.share: expected a number above 0 and below 1, found 1",
        ),
        (
            "aae",
            "corruption={kind=\"dropout\", share=-0.5}",
            "corruption.share: expected a number above 0 and below 1, found -0.5",
        ),
        (
            "aae",
            "prior.mean=1e7",
            "prior.mean: expected a number from -1e6 to 1e6, found 10000000",
        ),
        (
            "aae-uniform",
            "prior.high=-10",
            "prior.high: expected a number above low = -10, found -10",
        ),
        (
            "aae-mixture",
            "prior.components=0",
            "prior.components: expected 1 to 1000 components, found 0",
        ),
        (
            "aae-mixture",
            "model.latent_dim=3",
            "prior.kind: expected another prior than gaussian_mixture, which needs model.latent_dim = 2, found model.latent_dim = 3",
        ),
        (
            "aae-swiss-roll",
            "prior.turns=1000",
            "prior.turns: expected a number above 0, at most 100, found 1000",
        ),
        (
            "aae",
            "seed=9223372036854775808",
            "seed: expected a whole number from 0 on, found \"9223372036854775808\"",
        ),
    ] {
        let sets: Vec<Override> = sets.split("; ").map(Override::set).collect();
        let text = Config::resolve(preset, None, &sets)
            .unwrap_err()
            .to_string();
        let found = text.starts_with("error in the configuration: ")
            && text.ends_with(&format!(": {expected}"));
        assert!(found, "expected {expected}, found {text}");
    }
}
