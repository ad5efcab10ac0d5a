//! One step of an adversarial autoencoder by hand, phase by phase, with random pixels for images.
#![allow(clippy::print_stdout)] // An example talks to whoever runs it.

use aae_models::init::Init;
use aae_models::prior::PriorConfig;
use aae_models::{
    Autoencoder, Discriminator, EncoderConfig, ImageShape, InitScheme, LabelUse, ModelConfig,
    NetworkConfig, PosteriorConfig, ReconstructionLoss, losses,
};
use aae_ops::optim::{AdamConfig, Optimizer};
use aae_ops::stream::{standard_normal, stream};
use aae_ops::{Activation, Param, backward};
use candle_core::{Device, Result, Tensor};

/// Moves `params`, and nothing else, a step down the loss of a phase, and says what it was.
fn descend(phase: &str, loss: &Tensor, params: &[Param]) -> Result<()> {
    // Whoever takes more than one step keeps an optimizer for each phase.
    let mut optimizer = Optimizer::adam(AdamConfig::default(), params)?;
    backward(loss, params)?;
    optimizer.step(params, 1e-3, 1.0)?;
    println!("{phase:14} {:.4}", loss.to_scalar::<f32>()?);
    Ok(())
}

fn main() -> Result<()> {
    let network = NetworkConfig {
        hidden: vec![100, 100],
        activation: Activation::Relu,
    };
    let encoder = EncoderConfig {
        hidden: vec![100, 100],
        activation: Activation::Relu,
        batch_norm: false,
    };
    let config = ModelConfig {
        latent_dim: 2,
        categories: 0,
        init: InitScheme::KaimingUniform,
        posterior: PosteriorConfig::Deterministic {},
        encoder,
        decoder: network.clone(),
        discriminator: network,
    };
    let (device, seed) = (Device::Cpu, 0);
    let autoencoder = Autoencoder::new(
        &config,
        ImageShape {
            height: 28,
            width: 28,
        },
        LabelUse::Absent,
        seed,
        &device,
    )?;
    let init = Init {
        scheme: config.init,
        seed,
        device: &device,
    };
    let discriminator = Discriminator::new(&config.discriminator, "discriminator", 2, init)?;

    let pixels = standard_normal(64 * 784, &mut stream(seed, "pixels", 0));
    let images = candle_nn::ops::sigmoid(&Tensor::from_vec(pixels, (64, 784), &device)?)?;
    let codes = autoencoder.encode(&images)?.style;
    let logits = autoencoder.decode(&codes, None)?;
    let loss = losses::reconstruction(ReconstructionLoss::MeanSquaredError, &logits, &images)?;
    descend("reconstruction", &loss, &autoencoder.params())?;

    let prior = PriorConfig::Gaussian {
        mean: 0.0,
        std: 5.0,
    };
    let draws = prior.sample(64, 2, &mut stream(seed, "prior.style", 0));
    let real = Tensor::from_vec(draws, (64, 2), &device)?;
    // The encoder has moved.
    let codes = autoencoder.encode(&images)?.style;
    let judged = discriminator.forward(&Tensor::cat(&[&real, &codes.detach()], 0)?)?;
    let loss = losses::discriminator(&judged)?;
    descend("discriminator", &loss, &discriminator.params())?;

    let loss = losses::generator(&discriminator.frozen().forward(&codes)?)?;
    descend("generator", &loss, &autoencoder.encoder().params())
}
