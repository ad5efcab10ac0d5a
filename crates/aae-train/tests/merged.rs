//! Passes that a step merges give what they give one by one: real and fake as one batch, and one encoder pass for both sides.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

use aae_models::init::Init;
use aae_models::{Discriminator, Pass, losses};
use aae_ops::{Param, backward, zero_gradients};
use aae_train::variants::build;
use aae_train::{Draws, Regularizer};
use candle_core::{Device, Tensor};
use common::{IMAGE, config, numbers, standing_still, step_batch};

/// Images in a batch: an odd number.
const POSITIONS: [u32; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

fn gradients(params: &[Param]) -> Vec<f32> {
    let gradient = |param: &Param| numbers(&param.gradient().unwrap().unwrap());
    params.iter().flat_map(gradient).collect()
}

/// `-ln σ(logits)` or `-ln (1 - σ(logits))`, mean over the batch, of candle's operations.
fn cross_entropy(logits: &Tensor, is_real: bool) -> Tensor {
    let sign = if is_real { -1.0 } else { 1.0 };
    let exponential = (logits * sign).unwrap().exp().unwrap();
    (exponential + 1.0)
        .unwrap()
        .log()
        .unwrap()
        .mean_all()
        .unwrap()
}

#[test]
fn real_and_fake_as_one_batch_are_judged_as_in_two_passes() {
    let config = config("aae", &[]);
    let init = Init {
        scheme: config.model.init,
        seed: 5,
        device: &Device::Cpu,
    };
    let discriminator =
        Discriminator::new(&config.model.discriminator, "discriminator", 2, init).unwrap();
    let params = discriminator.params();
    let draws = Draws::new(&config, &Device::Cpu);
    let (real, fake) = (draws.style(13, 0).unwrap(), draws.style(13, 1).unwrap());

    let both = Tensor::cat(&[&real, &fake], 0).unwrap();
    let merged = losses::discriminator(&discriminator.forward(&both).unwrap()).unwrap();
    backward(&merged, &params).unwrap();
    let in_one_pass = gradients(&params);

    zero_gradients(&params);
    let judged = |codes: &Tensor| discriminator.forward(codes).unwrap();
    let of_real = cross_entropy(&judged(&real), true);
    let of_fake = cross_entropy(&judged(&fake), false);
    let apart = (of_real + of_fake).unwrap();
    backward(&apart, &params).unwrap();
    let in_two_passes = gradients(&params);

    let (merged, apart) = (numbers(&merged)[0], numbers(&apart)[0]);
    assert!((merged - apart).abs() < 1e-6, "{merged} {apart}");
    let largest = in_two_passes.iter().fold(0f32, |m, x| m.max(x.abs()));
    assert!(largest > 1e-3, "no gradient to compare");
    // The sums over the batch are added up in another order.
    for (merged, apart) in in_one_pass.iter().zip(&in_two_passes) {
        assert!(
            (merged - apart).abs() < 1e-6 * (1.0 + largest),
            "{merged} {apart}"
        );
    }
}

#[test]
fn one_encoder_pass_serves_both_sides_of_the_game() {
    let encoders = [
        &[][..],
        &["model.encoder.batch_norm=true"],
        &["model.posterior={kind=\"gaussian\"}"],
        &["model.posterior={kind=\"universal\", noise_dim=3}"],
    ];
    // The encoder moves by the generator's gradient, and by nothing else.
    let settings = [
        "optimizer.discriminator.lr=0.01",
        "optimizer.generator.kind=sgd",
        "optimizer.generator.lr=1.0",
    ];
    for more in encoders {
        let config = standing_still("aae", &[&settings[..], more].concat());
        let [mut variant, apart] = [(); 2].map(|()| build(&config, IMAGE, &Device::Cpu).unwrap());
        let batch = step_batch(&config, &POSITIONS, 0);
        variant.step(&batch).unwrap();

        let encoder = apart.autoencoder().encoder();
        let encode = || {
            let pass = Pass::training(config.seed, "regularization", 0);
            encoder.forward(&batch.images, pass).unwrap().style
        };
        let mut game = Regularizer::new(&config, "discriminator", 2, &Device::Cpu).unwrap();
        let real = Draws::new(&config, &Device::Cpu).style(13, 0).unwrap();
        game.update_discriminator(&real, &encode(), None, 0)
            .unwrap();
        let params = encoder.params();
        let loss = game.generator_loss(&encode(), None, 0).unwrap();
        backward(&loss, &params).unwrap();

        let weights = |params: &[Param]| -> Vec<f32> {
            let weights = params.iter().map(|param| numbers(&param.tensor()));
            weights.flatten().collect()
        };
        let (before, gradient) = (weights(&params), gradients(&params));
        let after = weights(&variant.autoencoder().encoder().params());
        for ((before, gradient), after) in before.iter().zip(&gradient).zip(&after) {
            let expected = before - gradient;
            let far = (after - expected).abs();
            assert!(far < 1e-6, "{more:?}: {after} {expected}");
        }
        let largest = gradient.iter().fold(0f32, |m, x| m.max(x.abs()));
        assert!(largest > 1e-4, "no gradient to compare");
    }
}
