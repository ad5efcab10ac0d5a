//! The posteriors q(z|x): what each draws, and the gradient through a draw.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use aae_models::{
    Autoencoder, EncoderConfig, ImageShape, InitScheme, LabelUse, ModelConfig, NetworkConfig, Pass,
    PosteriorConfig,
};
use aae_ops::{Activation, Param, backward};
use candle_core::{Device, Tensor};

const DIM: usize = 2;
const IMAGE: ImageShape = ImageShape {
    height: 2,
    width: 3,
};

fn autoencoder(posterior: PosteriorConfig, batch_norm: bool) -> Autoencoder {
    let network = NetworkConfig {
        hidden: vec![5],
        activation: Activation::Relu,
    };
    let config = ModelConfig {
        latent_dim: DIM,
        categories: 0,
        init: InitScheme::KaimingUniform,
        posterior,
        encoder: EncoderConfig {
            hidden: vec![5],
            activation: Activation::Relu,
            batch_norm,
        },
        decoder: network.clone(),
        discriminator: network,
    };
    Autoencoder::new(&config, IMAGE, LabelUse::Absent, 0, &Device::Cpu).unwrap()
}

fn images(n: usize) -> Tensor {
    let pixels: Vec<f32> = (0..n * IMAGE.pixels())
        .map(|i| (i * 7 % 11) as f32 / 10.0)
        .collect();
    Tensor::from_vec(pixels, (n, IMAGE.pixels()), &Device::Cpu).unwrap()
}

fn codes(autoencoder: &Autoencoder, images: &Tensor, step: u64) -> Vec<f32> {
    let pass = Pass::training(3, "test", step);
    let style = autoencoder.encoder().forward(images, pass).unwrap().style;
    style.flatten_all().unwrap().to_vec1().unwrap()
}

fn param(autoencoder: &Autoencoder, name: &str) -> Param {
    let params = autoencoder.encoder().params();
    params
        .into_iter()
        .find(|param| param.name() == name)
        .unwrap()
}

fn set(autoencoder: &Autoencoder, name: &str, values: &[f32]) {
    let param = param(autoencoder, name);
    let shape = param.tensor().shape().clone();
    let value = Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
    param.set(&value).unwrap();
}

#[test]
fn a_deterministic_posterior_draws_nothing() {
    let autoencoder = autoencoder(PosteriorConfig::Deterministic {}, false);
    let images = images(4);
    assert_eq!(
        codes(&autoencoder, &images, 0),
        codes(&autoencoder, &images, 1)
    );
}

#[test]
fn a_gaussian_posterior_has_the_mean_and_the_variance_of_its_heads() {
    const N: usize = 20_000;
    let autoencoder = autoencoder(PosteriorConfig::Gaussian {}, false);
    for head in ["style", "style_log_variance"] {
        set(
            &autoencoder,
            &format!("encoder.{head}.weight"),
            &[0.0; 5 * DIM],
        );
    }
    let (mean, deviation) = ([1.0f32, -2.0], [0.5f32, 3.0]);
    set(&autoencoder, "encoder.style.bias", &mean);
    let log_variance = deviation.map(|x| 2.0 * x.ln());
    set(
        &autoencoder,
        "encoder.style_log_variance.bias",
        &log_variance,
    );
    let images = images(N);
    let drawn = codes(&autoencoder, &images, 0);
    assert_eq!(drawn, codes(&autoencoder, &images, 0));
    assert_ne!(drawn, codes(&autoencoder, &images, 1));
    for (index, (mean, deviation)) in mean.into_iter().zip(deviation).enumerate() {
        let values = || drawn.iter().skip(index).step_by(DIM);
        let found = values().sum::<f32>() / N as f32;
        let variance = values().map(|x| (x - found).powi(2)).sum::<f32>() / N as f32;
        // Five standard errors of a mean and of a deviation.
        let error = deviation / (N as f32).sqrt();
        assert!((found - mean).abs() < 5.0 * error, "{found}");
        assert!(
            (variance.sqrt() - deviation).abs() < 5.0 * error,
            "{variance}"
        );
    }
}

#[test]
fn the_gradient_goes_through_a_gaussian_draw() {
    let autoencoder = autoencoder(PosteriorConfig::Gaussian {}, false);
    let images = images(3);
    let weights: Vec<f32> = (0..3 * DIM).map(|i| 0.3 + i as f32 * 0.1).collect();
    let loss = || {
        let pass = Pass::training(3, "test", 0);
        let style = autoencoder.encoder().forward(&images, pass).unwrap().style;
        let weights = Tensor::from_slice(&weights, (3, DIM), &Device::Cpu).unwrap();
        (style.sqr().unwrap() * weights).unwrap().sum_all().unwrap()
    };
    let params = autoencoder.encoder().params();
    backward(&loss(), &params).unwrap();
    for name in ["encoder.style.bias", "encoder.style_log_variance.bias"] {
        let param = param(&autoencoder, name);
        let gradient: Vec<f32> = param.gradient().unwrap().unwrap().to_vec1().unwrap();
        let values: Vec<f32> = param.tensor().to_vec1().unwrap();
        for (index, gradient) in gradient.iter().enumerate() {
            let at = |step: f32| -> f64 {
                let mut moved = values.clone();
                moved[index] += step;
                set(&autoencoder, name, &moved);
                f64::from(loss().to_scalar::<f32>().unwrap())
            };
            let difference = (at(1e-2) - at(-1e-2)) / 2e-2;
            set(&autoencoder, name, &values);
            let gradient = f64::from(*gradient);
            assert!(
                (difference - gradient).abs() < 5e-3 * (1.0 + gradient.abs()),
                "{name}[{index}]: {gradient}, by differences {difference}"
            );
        }
    }
}

#[test]
fn noise_reaches_the_code_of_a_universal_posterior_by_its_columns_alone() {
    const NOISE: usize = 4;
    let autoencoder = autoencoder(PosteriorConfig::Universal { noise_dim: NOISE }, false);
    let images = images(3);
    assert_eq!(
        codes(&autoencoder, &images, 0),
        codes(&autoencoder, &images, 0)
    );
    assert_ne!(
        codes(&autoencoder, &images, 0),
        codes(&autoencoder, &images, 1)
    );
    let name = "encoder.hidden.0.weight";
    let weight = param(&autoencoder, name).tensor();
    let mut values: Vec<f32> = weight.flatten_all().unwrap().to_vec1().unwrap();
    for row in values.chunks_mut(IMAGE.pixels() + NOISE) {
        row[IMAGE.pixels()..].fill(0.0);
    }
    set(&autoencoder, name, &values);
    assert_eq!(
        codes(&autoencoder, &images, 0),
        codes(&autoencoder, &images, 1)
    );
}

#[test]
fn an_evaluation_uses_the_running_statistics_and_leaves_them() {
    let autoencoder = autoencoder(PosteriorConfig::Deterministic {}, true);
    let images = images(4);
    let numbers = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let code = |images: &Tensor| numbers(&autoencoder.encode(images).unwrap().style);
    let statistics = || -> Vec<Vec<f32>> {
        let buffers = autoencoder.encoder().buffers();
        let buffers = buffers.iter();
        buffers.map(|buffer| numbers(&buffer.tensor())).collect()
    };
    let at_first = code(&images);
    let pass = Pass::tracking(3, "test", 0);
    autoencoder.encoder().forward(&images, pass).unwrap();
    let before = statistics();
    let together = code(&images);
    assert_ne!(together, at_first);
    // One image has no statistics of its own: it is encoded as it is among others.
    let alone = code(&images.narrow(0, 2, 1).unwrap());
    assert_eq!(alone.len(), DIM);
    for (alone, together) in alone.iter().zip(&together[2 * DIM..]) {
        assert!((alone - together).abs() < 1e-6, "{alone} {together}");
    }
    assert_eq!(statistics(), before);
}
