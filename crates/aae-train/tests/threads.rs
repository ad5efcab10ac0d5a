//! No step of a preset wakes candle's own threads: they would look for work for a while after it, on the cores of the next layer.
//!
//! A file of its own, because threads belong to the process. Linux tells their names.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use aae_models::{ImageShape, one_hot};
use aae_ops::stream::{stream, uniform};
use aae_train::config::Config;
use aae_train::presets::presets;
use aae_train::variants::{LabelledBatch, StepBatch, build};
use candle_core::{Device, Tensor};

const IMAGE: ImageShape = ImageShape {
    height: 28,
    width: 28,
};

fn threads_of_candle() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("candle"))
        .count()
}

#[test]
fn no_step_of_a_preset_wakes_the_threads_of_candle() {
    for preset in presets() {
        let config = Config::resolve(preset.name, None, &[]).unwrap();
        let n = config.batch_size;
        let mut rng = stream(1, "test.images", 0);
        let pixels = uniform(n * IMAGE.pixels(), &mut rng);
        let images = Tensor::from_vec(pixels, (n, IMAGE.pixels()), &Device::Cpu).unwrap();
        let labels: Vec<u8> = (0..n).map(|i| (i % 10) as u8).collect();
        let batch = StepBatch {
            labels: labels.iter().copied().map(Some).collect(),
            labelled: Some(LabelledBatch {
                images: images.clone(),
                labels: one_hot(&labels, config.model.categories.max(10), &Device::Cpu).unwrap(),
            }),
            images,
            step: 0,
        };
        let mut variant = build(&config, IMAGE, &Device::Cpu).unwrap();
        variant.step(&batch).unwrap();
        assert_eq!(threads_of_candle(), 0, "{}", preset.name);
    }
    // What this test looks for is there where candle adds up a batch of images.
    let images =
        Tensor::zeros((128, IMAGE.pixels()), candle_core::DType::F32, &Device::Cpu).unwrap();
    let sum = (&images + &images).unwrap();
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(threads_of_candle() > 0 || cores == 1, "{:?}", sum.shape());
}
