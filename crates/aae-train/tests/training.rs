//! The four tests that prove the craft: phases, resume, determinism, presets.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

use aae_data::permutation;
use aae_ops::stream::stream;
use aae_ops::{Param, with_threads};
use aae_train::checkpoint::{load, load_newest};
use aae_train::config::Config;
use aae_train::presets::presets;
use aae_train::run_dir::RunDir;
use aae_train::variants::{Variant, build};
use aae_train::{Outcome, Phase};
use candle_core::{Device, Tensor};
use common::{
    IMAGE, PHASES, VARIANTS, bytes, config, numbers, standing_still, step_batch, train, whole_run,
};

/// The bits of every parameter of every network, running statistics aside: those are moved by no phase.
fn weights(variant: &dyn Variant) -> Vec<(String, Vec<u32>)> {
    let bits = |param: &Param| -> Vec<u32> {
        let numbers = param.tensor().flatten_all().unwrap();
        let numbers: Vec<f32> = numbers.to_vec1().unwrap();
        numbers.iter().map(|x| x.to_bits()).collect()
    };
    let networks = variant.networks().into_iter();
    networks
        .flat_map(|(_, params)| params)
        .filter(|param| !param.name().contains("running"))
        .map(|param| (param.name().to_owned(), bits(&param)))
        .collect()
}

/// Which parameters of `variant` one step moves.
fn moved(config: &Config, variant: &mut dyn Variant) -> Vec<String> {
    let before = weights(variant);
    for phase in variant.phases() {
        phase.schedule(0, 4, 12);
    }
    let positions: Vec<u32> = (0..12).collect();
    variant.step(&step_batch(config, &positions, 0)).unwrap();
    let after = weights(variant);
    before
        .into_iter()
        .zip(&after)
        .filter(|(before, after)| before != *after)
        .map(|(before, _)| before.0)
        .collect()
}

#[test]
fn each_phase_moves_its_own_parameters_and_no_others() {
    for preset in presets() {
        for only in PHASES.into_iter().chain(["none"]) {
            let rate = format!("optimizer.{only}.lr=1e-2");
            let rate = (only != "none").then_some(rate.as_str());
            // Weights so large that every layer has units that are alive.
            let settings = ["model.init=kaiming_uniform"].into_iter().chain(rate);
            let config = standing_still(preset.name, &settings.collect::<Vec<_>>());
            let kind = config.variant;
            let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
            let encoder = variant.autoencoder().encoder();
            let expected = match only {
                "reconstruction" if kind.has_decoder() => {
                    let decoder = variant.autoencoder().decoder().params();
                    [encoder.params(), decoder].concat()
                }
                "discriminator" if kind.is_adversarial() => {
                    let discriminators = variant.discriminators().into_iter();
                    discriminators.flat_map(|(_, params)| params).collect()
                }
                "generator" if kind.is_adversarial() => encoder.params(),
                "classification" if kind.classifies() && !preset.name.contains("unsupervised") => {
                    encoder.label_params()
                }
                _ => vec![],
            };
            let expected: Vec<&str> = expected.iter().map(Param::name).collect();
            let found = moved(&config, variant.as_mut());
            assert_eq!(found, expected, "{}: {only}", preset.name);
        }
    }
}

/// How many epochs runs have that are interrupted, and after which steps of preset number `index`.
///
/// `AAE_RESUME_POINTS=20` asks for so many points at random instead of five that are always the same.
fn interruptions(index: usize) -> (String, Vec<u64>) {
    let Ok(points) = std::env::var("AAE_RESUME_POINTS") else {
        // 1 and 7 are inside an epoch, 4 at the end of one, 5 at a checkpoint.
        return ("epochs=3".to_owned(), vec![1, 4, 5, 7, 11]);
    };
    let points: usize = points.parse().unwrap();
    let epochs = points.div_ceil(4) + 5;
    let mut random = stream(0, "test.interruptions", index as u64);
    let steps = permutation(4 * epochs - 1, &mut random).into_iter();
    let steps = steps.take(points).map(|step| u64::from(step) + 1);
    (format!("epochs={epochs}"), steps.collect())
}

#[test]
fn an_interrupted_and_resumed_run_equals_an_uninterrupted_one_byte_for_byte() {
    for (index, preset) in presets().iter().enumerate() {
        let (epochs, points) = interruptions(index);
        let mut settings = vec![epochs.as_str()];
        let variant = Config::resolve(preset.name, None, &[]).unwrap().variant;
        if variant.is_adversarial() {
            settings.push("regularization.discriminator_input_noise=0.1");
        }
        let config = config(preset.name, &settings);
        let folder = tempfile::tempdir().unwrap();
        let whole = whole_run(&config, &folder.path().join("whole"));
        for stop_at in points {
            let path = folder.path().join(format!("stopped-{stop_at}"));
            let run = RunDir::create_at(&path).unwrap();
            assert_eq!(
                train(&config, &run, None, Some(stop_at)).unwrap(),
                Outcome::Stopped { step: stop_at }
            );
            std::fs::write(run.config(), config.to_toml()).unwrap();
            drop(run);
            let run = RunDir::resume(&path).unwrap();
            let checkpoint = load_newest(&run).unwrap().checkpoint;
            train(&config, &run, Some(checkpoint), None).unwrap();
            assert_eq!(
                bytes(&whole),
                bytes(&run),
                "{}, stopped after {stop_at}",
                preset.name
            );
        }
    }
}

#[test]
fn a_run_resumed_from_an_older_checkpoint_writes_the_same_lines_again() {
    let config = config("aae", &[]);
    let folder = tempfile::tempdir().unwrap();
    let whole = whole_run(&config, &folder.path().join("whole"));
    let run = whole_run(&config, &folder.path().join("again"));
    let older = load(&run.checkpoint(10)).unwrap();
    train(&config, &run, Some(older), None).unwrap();
    assert_eq!(bytes(&whole), bytes(&run));
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    // Layers wider than one task, so that the work is really split.
    let wide = [
        "model.encoder.hidden=[700, 300]",
        "model.discriminator.hidden=[600]",
        "optimizer.generator.clip_norm=0.1",
    ];
    let folder = tempfile::tempdir().unwrap();
    let presets =
        VARIANTS
            .iter()
            .chain(&["posterior-gaussian", "posterior-universal", "denoising"]);
    for (preset, precision) in presets.flat_map(|preset| [(*preset, "f32"), (*preset, "bf16")]) {
        let precise = format!("precision={precision}");
        let config = config(preset, &[&wide[..], &[&precise]].concat());
        let run = |threads: usize, name: &str| {
            let path = folder.path().join(format!("{preset}-{precision}-{name}"));
            bytes(&with_threads(threads, || whole_run(&config, &path)).unwrap())
        };
        let one = run(1, "one");
        let all = [(2, "two"), (1, "one-again"), (4, "four")];
        let tried = if preset == "aae" { &all[..] } else { &all[..1] };
        for (threads, name) in tried {
            assert!(
                one == run(*threads, name),
                "{preset}, {precision}: {threads} threads differ from one"
            );
        }
    }
}

#[test]
fn every_variant_takes_every_posterior_and_corruption() {
    let posteriors = [
        "model.posterior={kind=\"gaussian\"}",
        "model.posterior={kind=\"universal\", noise_dim=3}",
    ];
    let corruptions = [
        "corruption={kind=\"gaussian\", std=0.3}",
        "corruption={kind=\"dropout\", share=0.2}",
    ];
    let settings = posteriors.iter().zip(corruptions);
    for (preset, (posterior, corruption)) in VARIANTS
        .iter()
        .flat_map(|preset| settings.clone().map(move |setting| (preset, setting)))
    {
        let config = config(
            preset,
            &[posterior, corruption, "model.init=kaiming_uniform"],
        );
        let losses = |step| -> Vec<f32> {
            let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
            let batch = step_batch(&config, &[0, 1, 2, 3], step);
            let losses = variant.step(&batch).unwrap();
            let value = |(_, loss): (_, Tensor)| loss.to_scalar::<f32>().unwrap();
            losses.into_iter().map(value).collect()
        };
        let (first, again, other) = (losses(0), losses(0), losses(1));
        assert!(first.iter().all(|loss| loss.is_finite()), "{preset}");
        assert_eq!(first, again, "{preset}: the same step draws the same noise");
        assert_ne!(first[0], other[0], "{preset}: another step draws its own");
    }
}

#[test]
fn every_preset_trains_three_steps_at_its_full_size() {
    for preset in presets() {
        let config = Config::resolve(preset.name, None, &[]).unwrap();
        let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
        for step in 0..3 {
            let batch = step_batch(&config, &[0, 1, 2, 3], step);
            for (name, loss) in variant.step(&batch).unwrap() {
                let loss = loss.to_scalar::<f32>().unwrap();
                assert!(loss.is_finite(), "{}: {name}", preset.name);
            }
        }
    }
}

#[test]
fn training_lowers_the_reconstruction_loss() {
    let config = config(
        "ae",
        &[
            "optimizer.reconstruction.lr=1e-2",
            "optimizer.reconstruction.schedule={kind=\"constant\"}",
        ],
    );
    let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
    let positions: Vec<u32> = (0..24).collect();
    let mut step = |step| {
        let losses = variant
            .step(&step_batch(&config, &positions, step))
            .unwrap();
        losses[0].1.to_scalar::<f32>().unwrap()
    };
    let first = step(0);
    let last = (1..60).map(step).last().unwrap();
    assert!(last < 0.9 * first, "from {first} to {last}");
}

#[test]
fn rates_that_are_too_high_end_a_run() {
    let config = config("aae", &["optimizer.reconstruction.lr=1e20"]);
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    let error = train(&config, &run, None, None).unwrap_err();
    assert_eq!(error.exit_code(), 76, "{error}");
    assert!(error.to_string().contains("diverged at step"), "{error}");
}

#[test]
fn a_run_that_diverges_keeps_its_last_good_checkpoint() {
    let config = config("aae", &[]);
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    train(&config, &run, None, Some(5)).unwrap();
    let good = bytes(&run);
    let mut bad = load_newest(&run).unwrap().checkpoint;
    bad.tensors.get_mut("encoder.style.bias").unwrap().data[0] = f32::NAN;
    let error = train(&config, &run, Some(bad), None).unwrap_err();
    let (code, message) = (error.exit_code(), error.to_string());
    assert_eq!(code, 76, "{message}");
    assert!(message.contains("diverged at step 6"), "{message}");
    let kept = [run.checkpoint(5), run.diverged(6)];
    assert!(kept.iter().all(|path| path.exists()));
    let named = kept.map(|path| message.contains(&*path.to_string_lossy()));
    assert_eq!(named, [true; 2], "{message}");
    assert_eq!(bytes(&run), good);
}

#[test]
fn another_configuration_or_other_data_cannot_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    train(&config("aae", &[]), &run, None, Some(5)).unwrap();
    let checkpoint = || load_newest(&run).unwrap().checkpoint;
    let error = train(&config("aae", &["seed=1"]), &run, Some(checkpoint()), None).unwrap_err();
    assert_eq!(error.exit_code(), 65, "{error}");
    assert!(error.to_string().contains("config differs"), "{error}");
    let mut other = checkpoint();
    other.meta.data_fingerprint.push('0');
    let error = train(&config("aae", &[]), &run, Some(other), None).unwrap_err();
    assert!(error.to_string().contains("data differs"), "{error}");
}

#[test]
fn clipping_shortens_a_step_and_schedules_scale_it() {
    let moved = |settings: &[&str]| {
        let config = config(
            "ae",
            &[
                &[
                    "optimizer.reconstruction.kind=sgd",
                    "optimizer.reconstruction.lr=1.0",
                ],
                settings,
            ]
            .concat(),
        );
        let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
        let params = variant.autoencoder().params();
        let before: Vec<Vec<f32>> = params.iter().map(|p| numbers(&p.tensor())).collect();
        variant
            .phases()
            .into_iter()
            .for_each(|phase: &mut Phase| phase.schedule(6, 4, 12));
        variant.step(&step_batch(&config, &[0, 1], 0)).unwrap();
        let after = params.iter().flat_map(|param| numbers(&param.tensor()));
        let pairs = after.zip(before.concat());
        let squares = pairs.map(|(after, before)| (after - before).powi(2));
        squares.sum::<f32>().sqrt()
    };
    let constant = "optimizer.reconstruction.schedule={kind=\"constant\"}";
    let full = moved(&[constant]);
    let halved = moved(&["optimizer.reconstruction.schedule={kind=\"cosine\", floor=0.0}"]);
    assert!((halved / full - 0.5).abs() < 1e-3, "{halved} of {full}");
    let clipped = moved(&[constant, "optimizer.reconstruction.clip_norm=1e-3"]);
    assert!((clipped / 1e-3 - 1.0).abs() < 1e-3, "{clipped}");
    assert!(
        (moved(&[constant, "optimizer.reconstruction.clip_norm=1e6"]) - full).abs() < 1e-6 * full
    );
}

#[test]
fn fewer_images_than_a_batch_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    let config = config("aae", &["data.limit_train=11"]);
    let error = train(&config, &run, None, None).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
}
