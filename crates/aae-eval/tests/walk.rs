//! Walking an autoencoder over a split: against one pass over all images at once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use aae_data::{Dataset, Split};
use aae_eval::{
    EvalError, denoising_error, encode_all, encode_and_reconstruct, features_all, given_labels,
    label_logits_all, mean_squared_error, represent_all,
};
use aae_models::{
    Autoencoder, EncoderConfig, ImageShape, InitScheme, LabelUse, ModelConfig, NetworkConfig, Pass,
    PosteriorConfig, one_hot,
};
use aae_ops::stream::stream;
use aae_ops::{Activation, softmax};
use candle_core::{Device, Tensor};

/// More than two batches, the last one short; images that are not square.
const N: usize = 1_203;
const SHAPE: ImageShape = ImageShape {
    height: 3,
    width: 4,
};

fn split() -> Split {
    let pixels = (0..N * SHAPE.pixels()).map(|i| (i * 31 % 251) as u8);
    let labels = (0..N).map(|i| (i % 7) as u8);
    let data = Dataset::new(
        pixels.collect(),
        labels.collect(),
        SHAPE.height,
        SHAPE.width,
        7,
    );
    Split::all(&Arc::new(data.unwrap()))
}

/// As many images, all alike.
fn copies() -> Split {
    let pixels = split().image(0).repeat(N);
    let data = Dataset::new(pixels, vec![0; N], SHAPE.height, SHAPE.width, 1);
    Split::all(&Arc::new(data.unwrap()))
}

/// Most of the images, in another order than that of the data set.
fn held_out() -> Split {
    let (_, held_out) = split()
        .hold_out(N - 100, &mut stream(0, "test", 0))
        .unwrap();
    held_out
}

/// All images of `split` in one batch.
fn at_once(split: &Split) -> Tensor {
    let positions: Vec<u32> = (0..split.len() as u32).collect();
    split.batch(&positions, &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Asserts that what was walked over in batches is what one pass gives, up to rounding.
#[track_caller]
fn alike(walked: &[f32], at_once: &Tensor) {
    let at_once = values(at_once);
    assert_eq!(walked.len(), at_once.len());
    let furthest = walked.iter().zip(&at_once).map(|(a, b)| (a - b).abs());
    assert!(furthest.fold(0.0, f32::max) < 1e-6);
}

fn autoencoder(image: ImageShape) -> Autoencoder {
    with_posterior(image, PosteriorConfig::Deterministic {})
}

fn with_posterior(image: ImageShape, posterior: PosteriorConfig) -> Autoencoder {
    with_labels(image, posterior, LabelUse::Absent, 0)
}

fn with_labels(
    image: ImageShape,
    posterior: PosteriorConfig,
    label: LabelUse,
    categories: usize,
) -> Autoencoder {
    let network = NetworkConfig {
        hidden: vec![8],
        activation: Activation::Relu,
    };
    let config = ModelConfig {
        latent_dim: 3,
        categories,
        init: InitScheme::KaimingUniform,
        posterior,
        encoder: EncoderConfig {
            hidden: vec![8],
            activation: Activation::Relu,
            batch_norm: false,
        },
        decoder: network.clone(),
        discriminator: network,
    };
    Autoencoder::new(&config, image, label, 0, &Device::Cpu).unwrap()
}

#[test]
fn a_decoder_is_given_no_label_that_it_does_not_have() {
    let deterministic = PosteriorConfig::Deterministic {};
    let told = with_labels(SHAPE, deterministic, LabelUse::Given, 3);
    // Labels are 0 to 6 in turn.
    let labels = given_labels(&told, &split(), &[9, 7]).unwrap().unwrap();
    let rows = labels.to_vec2::<f32>().unwrap();
    assert_eq!(rows, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
    let error = given_labels(&told, &split(), &[9, 10]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected labels below 3, found 3 at position 10"
    );
    let untold = given_labels(&autoencoder(SHAPE), &split(), &[10]);
    assert!(untold.unwrap().is_none());
}

#[test]
fn codes_come_in_the_order_of_the_split() {
    let (autoencoder, split) = (autoencoder(SHAPE), split());
    let codes = encode_all(&autoencoder, &split).unwrap();
    assert_eq!(codes.len(), N * 3);
    // One image at a time: other batches, so equal up to rounding.
    for position in [0, 499, 500, 1_000, 1_202] {
        let image = split.batch(&[position], &Device::Cpu).unwrap();
        let style = autoencoder.encode(&image).unwrap().style;
        let alone = style.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let at = position as usize * 3;
        for (walked, alone) in codes[at..at + 3].iter().zip(alone) {
            assert!((walked - alone).abs() < 1e-5, "{position}");
        }
    }
}

#[test]
fn the_error_of_a_walk_is_that_of_all_images_at_once() {
    let told = with_labels(SHAPE, PosteriorConfig::Deterministic {}, LabelUse::Given, 7);
    for (autoencoder, split) in [(autoencoder(SHAPE), split()), (told, held_out())] {
        let given = autoencoder.label_use() == LabelUse::Given;
        let labels = given.then(|| one_hot(&split.labels(), 7, &Device::Cpu).unwrap());
        let images = at_once(&split);
        let reconstructions = autoencoder.reconstruct(&images, labels.as_ref()).unwrap();
        let images = values(&images);
        let error = mean_squared_error(&images, &values(&reconstructions)).unwrap();
        let (mut seen, mut made): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
        let (codes, walked) =
            encode_and_reconstruct(&autoencoder, &split, |images, reconstructions| {
                seen.extend(images);
                made.extend(reconstructions);
            })
            .unwrap();
        assert!(seen == images);
        alike(&made, &reconstructions);
        assert!((walked - error).abs() < 1e-8, "{walked} {error}");
        assert_eq!(codes, encode_all(&autoencoder, &split).unwrap());
        // A new decoder answers about one half everywhere; the pixels are spread evenly over [0, 1], with variance 1/12.
        assert!((walked - 1.0 / 12.0).abs() < 0.02, "{walked}");
    }
}

#[test]
fn labels_places_and_features_of_a_walk_are_those_of_all_images_at_once() {
    let deterministic = PosteriorConfig::Deterministic {};
    let autoencoder = with_labels(SHAPE, deterministic, LabelUse::Heads, 5);
    let split = held_out();
    let images = at_once(&split);
    let latent = autoencoder.encode(&images).unwrap();
    let logits = latent.label_logits.unwrap();
    let heads = autoencoder.decoder().heads().unwrap();
    // W_C·y + z, with the inferred probabilities as y.
    let mixed = softmax(&logits).unwrap().matmul(&heads).unwrap();
    let places = (mixed + latent.style).unwrap();
    let features = autoencoder
        .encoder()
        .features(&images, Pass::EVALUATION)
        .unwrap();
    alike(&label_logits_all(&autoencoder, &split).unwrap(), &logits);
    alike(&represent_all(&autoencoder, &split).unwrap(), &places);
    alike(&features_all(&autoencoder, &split).unwrap(), &features);
}

#[test]
fn corrupted_images_are_measured_against_the_clean_ones() {
    let (autoencoder, split) = (autoencoder(SHAPE), split());
    let (_, clean) = encode_and_reconstruct(&autoencoder, &split, |_, _| {}).unwrap();
    let untouched = denoising_error(&autoencoder, &split, |images, _| Ok(images.clone()));
    assert_eq!(untouched.unwrap(), clean);
    // Of black images every reconstruction is that of black.
    let mut batches = Vec::new();
    let blacked = denoising_error(&autoencoder, &split, |images, batch| {
        batches.push(batch);
        images.zeros_like()
    });
    assert_eq!(batches, [0, 1, 2]);
    let black =
        candle_core::Tensor::zeros((1, SHAPE.pixels()), candle_core::DType::F32, &Device::Cpu);
    let restored = autoencoder.reconstruct(&black.unwrap(), None).unwrap();
    let restored: Vec<f32> = restored.flatten_all().unwrap().to_vec1().unwrap();
    let mut originals = Vec::new();
    split.gather(&(0..N as u32).collect::<Vec<_>>(), &mut originals);
    let expected = mean_squared_error(&originals, &restored.repeat(N)).unwrap();
    assert!((blacked.unwrap() - expected).abs() < 1e-8);
}

#[test]
fn every_image_has_noise_of_its_own_and_the_same_again() {
    let autoencoder = with_posterior(SHAPE, PosteriorConfig::Gaussian {});
    let split = copies();
    let codes = encode_all(&autoencoder, &split).unwrap();
    assert_eq!(codes, encode_all(&autoencoder, &split).unwrap());
    let mut distinct: Vec<[u32; 3]> = codes
        .chunks_exact(3)
        .map(|code| [0, 1, 2].map(|i| code[i].to_bits()))
        .collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), N);
}

#[test]
fn the_noise_in_the_features_of_a_batch_is_not_that_of_another() {
    let autoencoder = with_posterior(SHAPE, PosteriorConfig::Universal { noise_dim: 3 });
    let split = copies();
    let features = features_all(&autoencoder, &split).unwrap();
    assert_eq!(features, features_all(&autoencoder, &split).unwrap());
    // 500 images with 8 features each.
    let (first, others) = features.split_at(500 * 8);
    assert!(first[..] != others[..500 * 8]);
}

#[test]
fn images_of_another_size_and_no_images_are_refused() {
    let turned = autoencoder(ImageShape {
        height: 4,
        width: 3,
    });
    let error = encode_all(&turned, &split()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected images of 4 x 3 pixels (height x width), found 3 x 4"
    );
    let error =
        encode_and_reconstruct(&autoencoder(SHAPE), &split().take(0), |_, _| {}).unwrap_err();
    assert!(matches!(error, EvalError::TooFew { .. }));
}
