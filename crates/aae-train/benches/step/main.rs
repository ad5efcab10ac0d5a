//! Milliseconds per training step, ours beside the same step in plain candle.
//!
//! `cargo bench -p aae-train --bench step -- [--preset aae] [--threads 2] [--batch 128] [--steps 20] [--rounds 5] [--json]`
//!
//! The two are timed in turns, and medians over the rounds are reported: a machine whose speed drifts slows both.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod plain_candle;

use std::sync::Arc;
use std::time::Instant;

use aae_data::{Split, load, locate};
use aae_models::ImageShape;
use aae_train::config::{Config, Override};
use aae_train::variants::{StepBatch, build};
use candle_core::{Device, Tensor};

struct Args {
    preset: String,
    threads: usize,
    batch: usize,
    steps: usize,
    rounds: usize,
    json: bool,
}

fn main() {
    let mut args = Args {
        preset: "aae".into(),
        threads: 2,
        batch: 128,
        steps: 20,
        rounds: 5,
        json: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .unwrap_or_else(|| panic!("{word} needs a value"))
        };
        match word.as_str() {
            "--preset" => args.preset = value(),
            "--threads" => args.threads = value().parse().unwrap(),
            "--batch" => args.batch = value().parse().unwrap(),
            "--steps" => args.steps = value().parse().unwrap(),
            "--rounds" => args.rounds = value().parse().unwrap(),
            "--json" => args.json = true,
            "--bench" => {}
            _ => panic!("unknown argument {word}"),
        }
    }
    aae_ops::with_threads(args.threads, || run(&args)).unwrap();
}

fn run(args: &Args) {
    let batch = Override::flag("--batch", "batch_size", args.batch as i64);
    let config = Config::resolve(&args.preset, None, &[batch]).unwrap();
    let train = Split::all(&Arc::new(load(&locate(None, None).unwrap()).unwrap().train));
    let image = ImageShape {
        height: 28,
        width: 28,
    };
    let mut ours = build(&config, image, &Device::Cpu).unwrap();
    let mut plain = plain_candle::Aae::new(&config, image).unwrap();

    let images = |step: usize| {
        let positions: Vec<u32> = (0..args.batch)
            .map(|i| ((step * args.batch + i) % train.len()) as u32)
            .collect();
        train.batch(&positions, &Device::Cpu).unwrap()
    };
    let mut our_step = |step: usize| {
        ours.step(&StepBatch {
            images: images(step),
            labels: Vec::new(),
            labelled: None,
            step: step as u64,
        })
        .unwrap();
    };
    let mut plain_step = |step: usize| {
        let (n, dim) = (args.batch, config.model.latent_dim);
        let mut rng = aae_ops::stream::stream(0, "prior.style", step as u64);
        let real = Tensor::from_vec(
            config.prior.sample(n, dim, &mut rng),
            (n, dim),
            &Device::Cpu,
        )
        .unwrap();
        plain.step(&images(step), &real).unwrap();
    };
    let (mut ours_ms, mut plain_ms) = (Vec::new(), Vec::new());
    for round in 0..=args.rounds {
        let ms = [
            time(args.steps, &mut our_step),
            time(args.steps.div_ceil(5), &mut plain_step),
        ];
        if round > 0 {
            ours_ms.push(ms[0]);
            plain_ms.push(ms[1]);
        }
    }
    let (ours, plain) = (median(&mut ours_ms), median(&mut plain_ms));
    if args.json {
        println!(
            "{{\"preset\":\"{}\",\"threads\":{},\"batch\":{},\"ms_per_step\":{ours:.2},\"plain_candle_ms_per_step\":{plain:.2}}}",
            args.preset, args.threads, args.batch
        );
    } else {
        println!(
            "ours {ours:.1} ms per step, plain candle {plain:.1}: {:.1} times as fast",
            plain / ours
        );
    }
}

fn time(steps: usize, step: &mut dyn FnMut(usize)) -> f64 {
    let start = Instant::now();
    (0..steps).for_each(step);
    start.elapsed().as_secs_f64() * 1e3 / steps as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
