//! Distances between codes, computed directly, beside the matrix products that would be a part of the other way to them.
//!
//! `cargo bench -p aae-eval --bench distances [-- WORD]`: all, or those whose name has the word in it.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use aae_eval::{LabelledCodes, k_nearest_accuracy, mmd_squared};
use aae_ops::stream::{standard_normal, stream};
use aae_ops::{Activation, Linear, Param, with_threads};
use candle_core::{DType, Device, Result, Tensor};
use criterion::Criterion;

/// Codes of MNIST's training images and test images.
const TRAIN: usize = 60_000;
const TEST: usize = 10_000;
/// Codes in one product, whose result stays in a cache.
const BLOCK: usize = 1000;

fn main() -> ExitCode {
    let run = || -> Result<()> {
        let mut criterion = Criterion::default()
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(5))
            .configure_from_args();
        for dim in [2, 8, 15] {
            distances(&mut criterion, dim)?;
        }
        criterion.final_summary();
        Ok(())
    };
    match with_threads(0, run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn distances(criterion: &mut Criterion, dim: usize) -> Result<()> {
    let codes = |n: usize, of: &str| standard_normal(n * dim, &mut stream(7, of, 0));
    let (train, test) = (codes(TRAIN, "train"), codes(TEST, "test"));
    let labels: Vec<u8> = (0..TRAIN).map(|i| (i % 10) as u8).collect();
    let train_codes = LabelledCodes {
        codes: &train,
        labels: &labels,
    };
    let test_codes = LabelledCodes {
        codes: &test,
        labels: &labels[..TEST],
    };
    let name = |of: &str| format!("{of}, {dim} numbers a code");
    criterion.bench_function(&name("10 nearest of 60,000, for 10,000"), |bencher| {
        bencher.iter(|| black_box(k_nearest_accuracy(train_codes, test_codes, dim, 10)));
    });
    let tests = blocks(&test, dim)?;
    let layers: Vec<Linear> = blocks(&train, dim)?
        .iter()
        .map(|codes| {
            let bias = Tensor::zeros(BLOCK, DType::F32, &Device::Cpu)?;
            let (weight, bias) = (Param::new("codes", codes)?, Param::new("bias", &bias)?);
            Ok(Linear::new(weight, bias, Activation::None)?.frozen())
        })
        .collect::<Result<_>>()?;
    criterion.bench_function(&name("their products alone"), |bencher| {
        bencher.iter(|| {
            for layer in &layers {
                for codes in &tests {
                    black_box(layer.forward(codes)).ok();
                }
            }
        });
    });
    criterion.bench_function(&name("MMD of 10,000 and 10,000"), |bencher| {
        bencher.iter(|| black_box(mmd_squared(&train[..TEST * dim], &test, dim)));
    });
    Ok(())
}

fn blocks(codes: &[f32], dim: usize) -> Result<Vec<Tensor>> {
    let block = |codes| Tensor::from_slice(codes, (BLOCK, dim), &Device::Cpu);
    codes.chunks(BLOCK * dim).map(block).collect()
}
