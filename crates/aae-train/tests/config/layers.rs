//! Preset, file, flags and `--set` are laid over each other, and the result is written and read without loss.

use aae_models::prior::PriorConfig;
use aae_train::config::{Config, OptimizerKind, Override, VariantKind};
use aae_train::presets::{DEFAULT, presets};
use aae_train::schedule::Schedule;
use proptest::prelude::*;

fn resolve(file: &str, overrides: &[Override]) -> Config {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my.toml");
    std::fs::write(&path, file).unwrap();
    Config::resolve(DEFAULT, Some(&path), overrides).unwrap()
}

#[test]
fn every_preset_is_complete_and_valid() {
    assert_eq!(presets()[0].name, DEFAULT);
    for preset in presets() {
        let config = Config::from_toml(preset.toml, preset.name).unwrap();
        assert_eq!(
            Config::resolve(preset.name, None, &[]).unwrap(),
            config,
            "{}",
            preset.name
        );
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.variant == VariantKind::Ae, preset.name == "ae");
        let command = match preset.name {
            DEFAULT => "# Command:  cargo xtask train\n".to_owned(),
            name => format!("# Command:  cargo xtask train --preset {name}\n"),
        };
        assert!(preset.toml.contains(&command), "{}", preset.name);
        assert!(preset.toml.contains("\n# Paper: ") && preset.toml.contains("\n# Expected: "));
    }
}

#[test]
fn later_layers_win() {
    let file = "epochs = 5\nbatch_size = 64\nlog_every = 7\n[model]\nlatent_dim = 3";
    let overrides = [
        Override::flag("--epochs", "epochs", 6),
        Override::flag("--batch-size", "batch_size", 32),
        Override::set("batch_size=16"),
        Override::set("optimizer.reconstruction.lr=5e-4"),
        Override::set("model.encoder.hidden = [20, 10]"),
    ];
    let config = resolve(file, &overrides);
    assert_eq!(
        (config.log_every, config.epochs, config.batch_size),
        (7, 6, 16)
    );
    assert_eq!(config.model.latent_dim, 3);
    assert_eq!(config.optimizer.reconstruction.lr, 5e-4);
    assert_eq!(config.model.encoder.hidden, [20, 10]);
    let preset = Config::resolve(DEFAULT, None, &[]).unwrap();
    assert_eq!(config.model.decoder, preset.model.decoder);
    assert_eq!(config.optimizer.generator, preset.optimizer.generator);
}

#[test]
fn the_file_for_few_images_is_a_hundred_times_as_many_epochs() {
    let page = include_str!("../../../../data/README.md");
    let (_, file) = page.split_once("```toml\n").unwrap();
    let (file, _) = file.split_once("```").unwrap();
    let (preset, few) = (resolve("", &[]), resolve(file, &[]));
    assert_eq!(few.epochs, 100 * preset.epochs);
    assert_eq!(few.evaluate_every, 100 * preset.evaluate_every);
    let (preset, few) = (preset.optimizer, few.optimizer);
    for (preset, few) in [
        (preset.reconstruction, few.reconstruction),
        (preset.discriminator, few.discriminator),
        (preset.generator, few.generator),
    ] {
        let Schedule::Step { at_epochs, factor } = preset.schedule else {
            panic!("expected a schedule of steps");
        };
        let at_epochs = at_epochs.iter().map(|epoch| 100 * epoch).collect();
        assert_eq!(few.schedule, Schedule::Step { at_epochs, factor });
    }
}

#[test]
fn a_new_kind_replaces_the_table_whatever_the_order_of_the_flags() {
    let sets = ["prior.low=-1", "prior.kind=uniform", "prior.high=2"].map(Override::set);
    assert_eq!(
        resolve("", &sets).prior,
        PriorConfig::Uniform {
            low: -1.0,
            high: 2.0
        }
    );
    let file = "[prior]\nkind = \"laplace\"\nmean = 1\nscale = 2\n\
                [optimizer.generator]\nschedule = { kind = \"constant\" }";
    let config = resolve(file, &[Override::set("prior.scale=3")]);
    assert_eq!(
        config.prior,
        PriorConfig::Laplace {
            mean: 1.0,
            scale: 3.0
        }
    );
    assert_eq!(config.optimizer.generator.schedule, Schedule::Constant {});
}

#[test]
fn the_same_kind_keeps_the_other_values() {
    let config = resolve("[prior]\nkind = \"gaussian\"\nmean = 1.5", &[]);
    assert_eq!(
        config.prior,
        PriorConfig::Gaussian {
            mean: 1.5,
            std: 5.0
        }
    );
}

#[test]
fn an_optimizer_of_another_kind_keeps_its_rate() {
    let config = resolve("", &[Override::set("optimizer.generator.kind=sgd")]);
    assert_eq!(config.optimizer.generator.kind, OptimizerKind::Sgd);
    let preset = resolve("", &[]);
    assert_eq!(config.optimizer.generator.lr, preset.optimizer.generator.lr);
}

#[test]
fn words_after_set_need_no_quotes_and_may_have_them() {
    for text in [
        "loss.reconstruction=half_squared_error",
        "loss.reconstruction='half_squared_error'",
    ] {
        let config = resolve("", &[Override::set(text)]);
        assert!(
            config
                .to_toml()
                .contains("reconstruction = \"half_squared_error\"")
        );
    }
}

#[test]
fn the_canonical_form_and_its_hash_are_stable() {
    let step = "optimizer.generator.schedule={kind='step', at_epochs=[3], factor=0.1}";
    let config = Config::resolve(DEFAULT, None, &[Override::set(step)]).unwrap();
    let text = config.to_toml();
    assert!(
        text.starts_with("variant = \"aae\"\nseed = 0\nepochs = "),
        "{text}"
    );
    assert!(
        text.contains("\n[optimizer.generator.schedule]\nkind = \"step\"\n"),
        "{text}"
    );
    assert!(
        !text.contains("max_steps") && !text.contains("clip_norm"),
        "{text}"
    );
    assert_eq!(config.hash().len(), 64);
    assert_eq!(
        config.hash(),
        Config::from_toml(&text, "text").unwrap().hash()
    );
    let other = Config {
        seed: 1,
        ..config.clone()
    };
    assert_ne!(config.hash(), other.hash());
}

#[test]
fn the_run_ends_after_its_epochs_or_its_steps_whichever_comes_first() {
    let mut config = Config::resolve(DEFAULT, None, &[Override::set("epochs=3")]).unwrap();
    assert_eq!(config.total_steps(468), 1404);
    config.max_steps = Some(1000);
    assert_eq!(config.total_steps(468), 1000);
    config.max_steps = Some(5000);
    assert_eq!(config.total_steps(468), 1404);
}

fn positive() -> impl Strategy<Value = f64> {
    prop_oneof![
        1e-12..1e6_f64,
        Just(1e-8),
        Just(f64::MIN_POSITIVE),
        Just(5e-324),
        Just(1e300)
    ]
}

/// What single precision has.
fn single() -> impl Strategy<Value = f64> {
    prop_oneof![
        1e-12..1e6_f64,
        Just(1e-8),
        Just(f64::from(f32::MIN_POSITIVE)),
        Just(f64::from(f32::MAX))
    ]
}

prop_compose! {
    fn optimizer()(
        sgd in any::<bool>(),
        numbers in (single(), 0.0..1.0_f64, 0.0..1.0_f64, single(), 0.0..1.0_f64),
        clip in proptest::option::of(positive()),
        schedule in prop_oneof![
            Just("{ kind = \"constant\" }".to_owned()),
            (1..100_u64, 1e-9..1.0_f64).prop_map(|(at, factor)| {
                format!("{{ kind = \"step\", at_epochs = [{at}, {}], factor = {factor:?} }}", at + 7)
            }),
            (0.0..1.0_f64).prop_map(|floor| format!("{{ kind = \"cosine\", floor = {floor:?} }}")),
        ],
    ) -> String {
        let (lr, beta1, beta2, epsilon, momentum) = numbers;
        let (kind, momentum) = if sgd { ("sgd", momentum) } else { ("adam", 0.0) };
        let clip = clip.map_or(String::new(), |clip| format!("clip_norm = {clip:?}, "));
        format!(
            "{{ kind = \"{kind}\", lr = {lr:?}, beta1 = {beta1:?}, beta2 = {beta2:?}, epsilon = {epsilon:?}, \
             momentum = {momentum:?}, {clip}schedule = {schedule} }}"
        )
    }
}

proptest! {
    #[test]
    fn writing_and_reading_a_configuration_changes_nothing(
        seed in 0..=i64::MAX as u64,
        max_steps in proptest::option::of(1..u64::MAX / 2),
        limit in proptest::option::of(1..1_000_000_usize),
        noise in prop_oneof![Just(0.0), positive()],
        mean in -1e6..1e6_f64,
        hidden in proptest::collection::vec(1..2000_usize, 1..5),
        optimizers in [optimizer(), optimizer(), optimizer()],
    ) {
        let mut overrides = vec![
            Override::flag("--seed", "seed", seed as i64),
            Override::set(&format!("regularization.discriminator_input_noise={noise:?}")),
            Override::set(&format!("prior.mean={mean:?}")),
            Override::set(&format!("model.encoder.hidden={hidden:?}")),
        ];
        overrides.extend(max_steps.map(|n| Override::set(&format!("max_steps={n}"))));
        overrides.extend(limit.map(|n| Override::set(&format!("data.limit_train={n}"))));
        for (phase, text) in ["reconstruction", "discriminator", "generator"].iter().zip(&optimizers) {
            overrides.push(Override::set(&format!("optimizer.{phase}={text}")));
        }
        let config = Config::resolve(DEFAULT, None, &overrides).unwrap();
        prop_assert_eq!(config.seed, seed);
        let text = config.to_toml();
        let read = Config::from_toml(&text, "config.toml").unwrap();
        prop_assert_eq!(&read, &config);
        prop_assert_eq!(read.to_toml(), text);
        let json = serde_json::to_string(&config).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Config>(&json).unwrap(), &config);
    }

    #[test]
    fn any_text_is_either_a_configuration_or_errors(text in "[a-z=.\\[\\]\"{}0-9\n ]{0,80}") {
        let _ = Config::from_toml(&text, "text");
        let _ = Config::resolve(DEFAULT, None, &[Override::set(&text)]);
    }
}
