//! A warm training step takes no memory of the size of a layer: what it needs, it keeps from the step before.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use aae_ops::loss::ElementLoss;
use aae_ops::optim::{AdamConfig, Optimizer};
use aae_ops::stream::{standard_normal, stream};
use aae_ops::{Activation, BatchNorm, Linear, Mode, Param, backward, loss, sequential_in};
use candle_core::{Device, Tensor};

/// The system's memory, and how many bytes were asked for so far.
struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    // SAFETY: what the caller promises is what `System` asks for.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: as above.
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BATCH: usize = 100;
const PIXELS: usize = 784;
const UNITS: usize = 1000;

fn normal(rows: usize, columns: usize, purpose: &str) -> Tensor {
    let numbers = standard_normal(rows * columns, &mut stream(1, purpose, 0));
    let scaled: Vec<f32> = numbers.iter().map(|x| x * 0.03).collect();
    Tensor::from_vec(scaled, (rows, columns), &Device::Cpu).unwrap()
}

fn layer(inputs: usize, outputs: usize, activation: Activation) -> Linear {
    let weight = normal(outputs, inputs, "weight");
    let bias = Tensor::zeros(outputs, candle_core::DType::F32, &Device::Cpu).unwrap();
    Linear::new(
        Param::new("w", &weight).unwrap(),
        Param::new("b", &bias).unwrap(),
        activation,
    )
    .unwrap()
}

/// Whether products are our own; the gemm crate takes memory for each.
fn has_own_products() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

#[test]
fn a_warm_step_allocates_no_layer() {
    if !has_own_products() {
        println!("not tested: this CPU's products are the gemm crate's");
        return;
    }
    let normalised = layer(UNITS, UNITS, Activation::Relu);
    let norm = BatchNorm::identity("norm", UNITS, &Device::Cpu).unwrap();
    let encoder = [
        layer(PIXELS, UNITS, Activation::Relu),
        normalised.with_batch_norm(norm).unwrap(),
        layer(UNITS, 10, Activation::None),
    ];
    let decoder = [
        layer(10, UNITS, Activation::Relu),
        layer(UNITS, UNITS, Activation::Relu),
        layer(UNITS, PIXELS, Activation::None),
    ];
    // As a semi-supervised step has: two discriminators, of which each sees twice the batch and then once.
    let discriminators = [(); 2].map(|()| {
        [
            layer(10, UNITS, Activation::Relu),
            layer(UNITS, UNITS, Activation::Relu),
            layer(UNITS, 1, Activation::None),
        ]
    });
    let params = |layers: &[Linear]| layers.iter().flat_map(Linear::params).collect::<Vec<_>>();
    let autoencoder = [params(&encoder), params(&decoder)].concat();
    let adam = |params: &[Param]| Optimizer::adam(AdamConfig::default(), params).unwrap();
    let mut update_autoencoder = adam(&autoencoder);
    let mut update_encoder = adam(&params(&encoder));
    let mut update_discriminators = [0, 1].map(|i| adam(&params(&discriminators[i])));
    let images = normal(BATCH, PIXELS, "images");
    let mut step = || {
        let before = BYTES.load(Ordering::Relaxed);
        let encode = || sequential_in(&encoder, &images, Mode::Train).unwrap();
        let loss = ElementLoss::sigmoid_squared_error(1.0)
            .of_sequential(&decoder, &encode(), &images)
            .unwrap();
        backward(&loss, &autoencoder).unwrap();
        update_autoencoder.step(&autoencoder, 1e-3, 1.0).unwrap();
        let code = encode();
        let judged = |layers: &[Linear], codes: &Tensor| {
            let logits = sequential_in(layers, codes, Mode::Evaluate).unwrap();
            let target = logits.detach().ones_like().unwrap();
            loss::bce_with_logits(&logits, &target, 1.0).unwrap()
        };
        let both = Tensor::cat(&[&code, &code], 0).unwrap().detach();
        for (layers, optimizer) in discriminators.iter().zip(&mut update_discriminators) {
            let params = params(layers);
            backward(&judged(layers, &both), &params).unwrap();
            optimizer.step(&params, 1e-3, 1.0).unwrap();
        }
        let [one, other] = [0, 1].map(|i| {
            let frozen: Vec<Linear> = discriminators[i].iter().map(Linear::frozen).collect();
            judged(&frozen, &code)
        });
        let params = params(&encoder);
        backward(&(one + other).unwrap(), &params).unwrap();
        update_encoder.step(&params, 1e-3, 1.0).unwrap();
        BYTES.load(Ordering::Relaxed) - before
    };
    // One thread: with more, chance decides which of them has a buffer of a size already.
    let [cold, _, warm] = aae_ops::with_threads(1, || [step(), step(), step()]).unwrap();
    let size = |numbers: usize| numbers * size_of::<f32>();
    assert!(
        cold > 10 * size(BATCH * UNITS),
        "{cold}: not what this test is for"
    );
    println!("a warm step takes {warm} bytes");
    assert!(warm < size(BATCH * UNITS), "{warm} bytes");
}
