//! What a step computes, against the formulas of the page of its variant.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

use aae_models::init::Init;
use aae_models::{Discriminator, Encoder, Pass, losses, one_hot};
use aae_ops::softmax;
use aae_train::Draws;
use aae_train::corruption::Corruption;
use aae_train::variants::{StepLosses, build};
use candle_core::{Device, Tensor, Var};
use common::{IMAGE, VARIANTS, config, numbers, standing_still, step_batch};

const CLEAN: &str = "corruption={kind=\"none\"}";

fn mean(numbers: impl ExactSizeIterator<Item = f32>) -> f32 {
    let n = numbers.len() as f32;
    numbers.sum::<f32>() / n
}

/// The loss of that name.
fn value(losses: &StepLosses, name: &str) -> f32 {
    let (_, loss) = losses.iter().find(|(found, _)| *found == name).unwrap();
    loss.to_scalar().unwrap()
}

#[test]
fn running_statistics_follow_one_pass_of_a_step() {
    for preset in VARIANTS {
        let config = standing_still(preset, &[CLEAN, "model.encoder.batch_norm=true"]);
        let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
        // How far each statistic is from where it started.
        let mut moved = |step| -> Vec<f32> {
            let batch = step_batch(&config, &[0, 1, 2, 3], step);
            variant.step(&batch).unwrap();
            let buffers = variant.autoencoder().encoder().buffers();
            let starts = |name: &str| if name.ends_with("variance") { 1.0 } else { 0.0 };
            let buffers = buffers.iter();
            buffers
                .flat_map(|buffer| numbers(&(buffer.tensor() - starts(buffer.name())).unwrap()))
                .collect()
        };
        let (once, twice) = (moved(0), moved(1));
        // 0.1 m, then 0.9 · 0.1 m + 0.1 m: a second pass of the step that counted would have changed the first.
        for (once, twice) in once.iter().zip(&twice) {
            assert!(
                (twice - 1.9 * once).abs() < 1e-6,
                "{preset}: {once} {twice}"
            );
        }
        assert!(once.iter().any(|x| x.abs() > 1e-4), "{preset}");
    }
}

#[test]
fn running_statistics_are_those_of_the_first_pass() {
    // The first update moves the weights, and the labelled images are others: a later pass would have other statistics.
    let settings = [
        CLEAN,
        "model.encoder.batch_norm=true",
        "model.init=kaiming_uniform",
        "optimizer.reconstruction.lr=0.1",
    ];
    let statistics = |encoder: &Encoder| -> Vec<Vec<f32>> {
        let buffers = encoder.buffers();
        let buffers = buffers.iter();
        buffers.map(|buffer| numbers(&buffer.tensor())).collect()
    };
    for preset in VARIANTS {
        let config = standing_still(preset, &settings);
        let [mut variant, begun] = [(); 2].map(|()| build(&config, IMAGE, &Device::Cpu).unwrap());
        let mut batch = step_batch(&config, &[0, 1, 2, 3], 0);
        batch.labelled = step_batch(&config, &[4, 5, 6, 7], 0).labelled;
        variant.step(&batch).unwrap();

        let encoder = begun.autoencoder().encoder();
        let pass = Pass::tracking(config.seed, "test", 0);
        if config.variant.has_decoder() {
            encoder.forward(&batch.images, pass).unwrap();
        } else {
            let labelled = batch.labelled.unwrap().images;
            encoder.label_logits(&labelled, pass).unwrap();
        }
        let found = statistics(variant.autoencoder().encoder());
        assert_eq!(found, statistics(encoder), "{preset}");
    }
}

#[test]
fn the_game_has_the_losses_of_the_paper_on_codes_of_the_encoder_as_reconstruction_left_it() {
    // Not the first, so that what is drawn at it is not what the first step draws; and so late that noise that every step halves is
    // lost in rounding.
    const STEP: u64 = 100;
    let settings = [
        "corruption={kind=\"masking\", share=0.5}",
        "model.posterior={kind=\"gaussian\"}",
        "model.init=kaiming_uniform",
        "optimizer.reconstruction.lr=0.1",
        "regularization.discriminator_input_noise=1.0",
        "regularization.discriminator_noise_half_life=1",
    ];
    for preset in VARIANTS {
        if ["ae", "nn-100"].contains(&preset) {
            continue;
        }
        let config = standing_still(preset, &settings);
        let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
        let mut batch = step_batch(&config, &[0, 1, 2, 3], STEP);
        if preset == "labelled-mixture" {
            batch.labels[3] = None;
        }
        let losses = variant.step(&batch).unwrap();
        let draws = Draws::new(&config, &Device::Cpu);
        let corruption = Corruption::new(config.corruption, config.seed);
        let seen = corruption.apply(&batch.images, "input", STEP).unwrap();
        // The game itself has not moved the encoder.
        let pass = Pass::training(config.seed, "regularization", STEP);
        let latent = variant.autoencoder().encoder().forward(&seen, pass);
        let latent = latent.unwrap();
        // A known label has its component of the prior, and stands beside the code. One that is not known has a fourth way.
        let drawn = match preset {
            "labelled-mixture" => draws.style_of(&batch.labels, STEP),
            _ => draws.style(4, STEP),
        };
        let ways: Vec<u8> = batch.labels.iter().map(|l| l.unwrap_or(3)).collect();
        let condition = match preset {
            "labelled-mixture" => Some(one_hot(&ways, 4, &Device::Cpu).unwrap()),
            "supervised" => Some(one_hot(&ways, 3, &Device::Cpu).unwrap()),
            _ => None,
        };
        let beside = |codes: &Tensor| match &condition {
            Some(condition) => Tensor::cat(&[codes, condition], 1).unwrap(),
            None => codes.clone(),
        };
        let (style, drawn_style) = (beside(&latent.style), beside(&drawn.unwrap()));
        let games = match latent.label_logits {
            None => vec![("discriminator", drawn_style, style)],
            Some(logits) => {
                let (label, drawn_label) = (softmax(&logits), draws.label(4, STEP));
                vec![
                    ("style_discriminator", drawn_style, style),
                    ("label_discriminator", drawn_label.unwrap(), label.unwrap()),
                ]
            }
        };
        let init = Init {
            scheme: config.model.init,
            seed: config.seed,
            device: &Device::Cpu,
        };
        let mut fooled = 0.0;
        for (name, real, codes) in games {
            // The variant's own has the same weights: they are drawn by name.
            let (network, inputs) = (&config.model.discriminator, codes.dims2().unwrap().1);
            let judge = Discriminator::new(network, name, inputs, init).unwrap();
            // -ln D, or -ln(1 - D) with the other sign.
            let surprise = |codes: &Tensor, sign: f32| {
                let logits = numbers(&judge.forward(codes).unwrap());
                mean(logits.iter().map(|logit| (1.0 + (sign * logit).exp()).ln()))
            };
            let expected = surprise(&real, -1.0) + surprise(&codes, 1.0);
            let found = value(&losses, name);
            assert!(
                (found - expected).abs() < 1e-5,
                "{preset}, {name}: {found} {expected}"
            );
            fooled += surprise(&codes, -1.0);
        }
        let found = value(&losses, "generator");
        assert!((found - fooled).abs() < 1e-5, "{preset}: {found} {fooled}");
    }
}

#[test]
fn posterior_and_corruption_draw_anew_at_every_step() {
    let noises = [
        [CLEAN, "model.posterior={kind=\"universal\", noise_dim=3}"],
        [
            "corruption={kind=\"gaussian\", std=0.3}",
            "model.posterior={kind=\"deterministic\"}",
        ],
    ];
    for preset in VARIANTS {
        for noise in &noises {
            let config = config(
                preset,
                &[&noise[..], &["model.init=kaiming_uniform"]].concat(),
            );
            // Of the first phase, which hears of no prior.
            let loss = |step| {
                let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
                let batch = step_batch(&config, &[0, 1, 2, 3], step);
                let (_, loss) = variant.step(&batch).unwrap().remove(0);
                loss.to_scalar::<f32>().unwrap()
            };
            assert_eq!(loss(0), loss(0), "{preset}: {noise:?}");
            assert_ne!(loss(0), loss(1), "{preset}: {noise:?}");
        }
    }
}

#[test]
fn what_is_reconstructed_is_the_clean_image() {
    for preset in VARIANTS {
        let masked = [
            "corruption={kind=\"masking\", share=0.9}",
            "loss.reconstruction=mean_squared_error",
        ];
        let config = config(preset, &masked);
        if !config.variant.has_decoder() {
            continue;
        }
        let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
        // So it decodes everything to one half.
        for param in variant.autoencoder().decoder().params() {
            param.set(&param.tensor().zeros_like().unwrap()).unwrap();
        }
        let batch = step_batch(&config, &[0, 1, 2, 3], 0);
        let found = value(&variant.step(&batch).unwrap(), "reconstruction");
        let pixels = numbers(&batch.images);
        let expected = mean(pixels.iter().map(|pixel| (0.5 - pixel).powi(2)));
        assert!(
            (found - expected).abs() < 1e-6,
            "{preset}: {found} {expected}"
        );
    }
}

#[test]
fn the_penalty_on_near_heads_moves_them() {
    let rate = 0.01;
    // The heads before a step with that threshold, and after it.
    let heads = |threshold: f64| {
        let settings = [
            format!("regularization.head_distance={threshold}"),
            format!("optimizer.reconstruction.lr={rate}"),
        ];
        let config = standing_still("reduction-2d-100", &settings.each_ref().map(String::as_str));
        let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
        let heads = variant.autoencoder().decoder().heads().unwrap();
        let before = Var::from_tensor(&heads.copy().unwrap()).unwrap();
        let batch = step_batch(&config, &[0, 1, 2, 3], 0);
        variant.step(&batch).unwrap();
        (before, heads.detach())
    };
    let ((before, without), (_, with)) = (heads(0.0), heads(6.0));
    let penalty = losses::head_distance(&before, 6.0).unwrap();
    let gradients = penalty.backward().unwrap();
    let expected = (gradients.get(&before).unwrap() * -rate).unwrap();
    let found = (with - without).unwrap();
    for (found, expected) in numbers(&found).iter().zip(numbers(&expected)) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        assert!(expected.abs() > 1e-5, "nothing to compare");
    }
}
