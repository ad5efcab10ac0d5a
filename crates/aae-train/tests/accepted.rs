//! Whatever configuration is accepted builds its networks and takes a step: nothing that is wrong with one is found out later.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use aae_models::prior::PriorConfig;
use aae_train::config::{Config, Override};
use aae_train::data::Splits;
use aae_train::run_dir::RunDir;
use aae_train::variants::build;
use candle_core::Device;
use proptest::prelude::*;

const CLASSES: usize = 3;
const BATCH: usize = 6;

/// A number that is often at an edge.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 1e-3..2.0_f64,
        1 => Just(0.0),
        1 => Just(1.0),
        1 => Just(-1.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(5e-324),
        1 => Just(1e300),
        1 => Just(1e6),
        1 => Just(1e-6),
    ]
}

fn whole() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 1..9_u64, 1 => Just(0), 1 => Just(1), 1 => Just(1_000_000_000_000)]
}

fn hidden() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(whole(), 0..4)
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    (0..words.len()).prop_map(move |index| words[index].to_owned())
}

/// A change of one key, sensible or not.
fn change() -> impl Strategy<Value = String> {
    let phase = word(&[
        "reconstruction",
        "discriminator",
        "generator",
        "classification",
    ]);
    let of_phase = word(&[
        "lr",
        "beta1",
        "beta2",
        "epsilon",
        "momentum",
        "weight_decay",
        "clip_norm",
    ]);
    let network = word(&["encoder", "decoder", "discriminator"]);
    prop_oneof![
        3 => (phase.clone(), of_phase, number())
            .prop_map(|(phase, key, value)| format!("optimizer.{phase}.{key}={value:?}")),
        1 => (phase.clone(), word(&["adam", "sgd"]))
            .prop_map(|(phase, kind)| format!("optimizer.{phase}.kind={kind}")),
        1 => (phase, number(), whole()).prop_map(|(phase, factor, at)| format!(
            "optimizer.{phase}.schedule={{kind=\"step\", at_epochs=[{at}], factor={factor:?}}}"
        )),
        3 => (network.clone(), hidden())
            .prop_map(|(network, hidden)| format!("model.{network}.hidden={hidden:?}")),
        1 => (network, word(&["relu", "leaky_relu", "tanh", "sigmoid", "gelu"]))
            .prop_map(|(network, name)| format!("model.{network}.activation={name}")),
        1 => any::<bool>().prop_map(|on| format!("model.encoder.batch_norm={on}")),
        1 => word(&["normal", "xavier_uniform", "kaiming_uniform"])
            .prop_map(|name| format!("model.init={name}")),
        1 => (word(&["deterministic", "gaussian"])).prop_map(|kind| format!("model.posterior.kind={kind}")),
        1 => whole().prop_map(|n| format!("model.posterior={{kind=\"universal\", noise_dim={n}}}")),
        2 => whole().prop_map(|n| format!("model.latent_dim={n}")),
        1 => whole().prop_map(|n| format!("batch_size={n}")),
        1 => whole().prop_map(|n| format!("epochs={n}")),
        1 => (number(), number()).prop_map(|(a, b)| format!("prior={{kind=\"gaussian\", mean={a:?}, std={b:?}}}")),
        1 => (number(), number()).prop_map(|(a, b)| format!("prior={{kind=\"uniform\", low={a:?}, high={b:?}}}")),
        1 => (number(), number()).prop_map(|(a, b)| format!("prior={{kind=\"gamma\", shape={a:?}, scale={b:?}}}")),
        1 => (number(), number()).prop_map(|(a, b)| format!("prior={{kind=\"laplace\", mean={a:?}, scale={b:?}}}")),
        1 => (number(), number()).prop_map(|(a, b)| format!("prior={{kind=\"swiss_roll\", radius={a:?}, turns={b:?}}}")),
        1 => (whole(), number(), number(), number()).prop_map(|(n, a, b, c)| format!(
            "prior={{kind=\"gaussian_mixture\", components={n}, radius={a:?}, std_radial={b:?}, std_tangential={c:?}}}"
        )),
        1 => (word(&["masking", "dropout"]), number())
            .prop_map(|(kind, share)| format!("corruption={{kind=\"{kind}\", share={share:?}}}")),
        1 => number().prop_map(|std| format!("corruption={{kind=\"gaussian\", std={std:?}}}")),
        1 => number().prop_map(|n| format!("regularization.discriminator_input_noise={n:?}")),
        1 => word(&["0", "1", "3", "1000000000"])
            .prop_map(|n| format!("regularization.discriminator_noise_half_life={n}")),
        1 => number().prop_map(|n| format!("regularization.head_distance={n:?}")),
        1 => number().prop_map(|n| format!("loss.label_gradient={n:?}")),
        1 => word(&["true", "false"]).prop_map(|on| format!("regularization.label_in_discriminator={on}")),
        1 => word(&["mean_squared_error", "half_squared_error", "binary_cross_entropy"])
            .prop_map(|name| format!("loss.reconstruction={name}")),
    ]
}

fn accepted(preset: &str, changes: &[String]) -> Option<Config> {
    let small = [
        "model.encoder.hidden=[7]",
        "model.decoder.hidden=[6]",
        "model.discriminator.hidden=[5]",
        "batch_size=6",
    ];
    let sets: Vec<Override> = small
        .into_iter()
        .chain(changes.iter().map(String::as_str))
        .map(Override::set)
        .collect();
    let mut config = Config::resolve(preset, None, &sets).ok()?;
    if config.model.categories > 0 && !config.infers_clusters() {
        config.model.categories = CLASSES;
    }
    config.data.labelled = config.data.labelled.map(|labels| labels.min(4));
    config.data.validation = 0;
    config.validate().ok()?;
    config.validate_for(BATCH, CLASSES, common::IMAGE).ok()?;
    Some(config)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn an_accepted_configuration_takes_a_step(
        preset in word(&[
            "aae", "ae", "aae-mixture", "aae-swiss-roll", "posterior-universal", "denoising", "supervised",
            "labelled-mixture", "semi-supervised-100", "clustering-16", "reduction-2d-100", "nn-100",
        ]),
        changes in proptest::collection::vec(change(), 0..4),
    ) {
        if let Some(config) = accepted(&preset, &changes) {
            let stepped = catch_unwind(AssertUnwindSafe(|| {
                let mut variant = build(&config, common::IMAGE, &Device::Cpu)?;
                let positions: Vec<u32> = (0..config.batch_size as u32).collect();
                let steps = variant.step(&common::step_batch(&config, &positions, 0))?;
                // A loss need not be finite: that is found by the loop, and ends the run with its own code.
                steps.iter().try_for_each(|(_, loss)| loss.to_scalar::<f32>().map(drop))
            }));
            match stepped {
                Ok(stepped) => prop_assert!(stepped.is_ok(), "{preset} {changes:?}: {stepped:?}"),
                Err(_) => prop_assert!(false, "{preset} {changes:?}: a panic"),
            }
        }
    }
}

#[test]
fn most_of_the_changes_are_possible_and_many_are_not() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let tried = 500;
    let taken = (0..tried)
        .filter(|_| {
            let changes = proptest::collection::vec(change(), 0..4);
            let changes = changes.new_tree(&mut runner).unwrap().current();
            accepted("aae", &changes).is_some()
        })
        .count();
    assert!((100..450).contains(&taken), "{taken} of {tried}");
}

#[test]
fn what_nobody_has_checked_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    let valid = common::config("aae", &[]);
    let splits = Splits::new(&valid, &common::dataset()).unwrap();
    for spoil in [
        (|config: &mut Config| config.log_every = 0) as fn(&mut Config),
        |config| config.checkpoint_every = 0,
        |config| config.evaluate_every = 0,
        |config| {
            config.prior = PriorConfig::Gaussian {
                mean: 0.0,
                std: 0.0,
            }
        },
    ] {
        let mut config = valid.clone();
        spoil(&mut config);
        let error = common::train_on(&splits, &config, &run, None, None).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        assert!(!run.metrics().exists());
    }
}

#[test]
fn what_does_not_suit_the_data_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    for ways in [2, 4] {
        let set = format!("model.categories={ways}");
        let config = common::config("semi-supervised-100", &[&set]);
        let error = common::train(&config, &run, None, None).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        let says = format!("expected {CLASSES}, the number of classes of the data, found {ways}");
        assert!(error.to_string().contains(&says), "{error}");
        assert!(!run.metrics().exists());
    }
}
