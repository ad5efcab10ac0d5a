//! Whole steps of every variant by the fused operations, with either kernel and in bfloat16, against the same steps composed of plain
//! candle operations.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

use aae_ops::{Param, Precision, with_plain_ops, with_portable_products, with_precision};
use aae_train::config::Config;
use aae_train::presets::presets;
use aae_train::variants::build;
use candle_core::Device;
use common::{IMAGE, config, numbers, step_batch};

/// How many images each step sees: numbers that no register divides.
const BATCHES: [u32; 3] = [31, 13, 33];

/// Layers wide enough for bfloat16 and of widths that no register divides.
///
/// An epsilon of 1 makes Adam's updates nearly proportional to the gradients, as those of SGD are. With a small one a gradient that is
/// nothing but rounding errors would move a weight as far as any other.
const SETTINGS: [&str; 11] = [
    "model.encoder.hidden=[67, 41]",
    "model.decoder.hidden=[41, 67]",
    "model.discriminator.hidden=[67, 41]",
    "optimizer.reconstruction.epsilon=1",
    "optimizer.discriminator.epsilon=1",
    "optimizer.generator.epsilon=1",
    "optimizer.classification.epsilon=1",
    "optimizer.reconstruction.lr=0.05",
    "optimizer.discriminator.lr=0.05",
    "optimizer.generator.lr=0.05",
    "optimizer.classification.lr=0.05",
];

/// What no preset of its variant has.
const MORE: [(&str, &[&str]); 7] = [
    (
        "aae",
        &[
            "model.encoder.batch_norm=true",
            "corruption={kind=\"dropout\", share=0.2}",
        ],
    ),
    ("ae", &["corruption={kind=\"masking\", share=0.5}"]),
    ("semi-supervised-100", &["model.encoder.batch_norm=true"]),
    (
        "semi-supervised-100",
        &["model.posterior={kind=\"gaussian\"}"],
    ),
    (
        "reduction-2d-100",
        &["model.posterior={kind=\"universal\", noise_dim=3}"],
    ),
    (
        "clustering-16",
        &["regularization.discriminator_input_noise=0.3"],
    ),
    (
        "supervised",
        &[
            "optimizer.reconstruction.clip_norm=0.1",
            "optimizer.discriminator.weight_decay=0.01",
        ],
    ),
];

/// What three steps did: the losses of each, and how far they moved every parameter and running statistic.
struct Trace {
    losses: Vec<(&'static str, f32)>,
    moved: Vec<(String, Vec<f32>)>,
}

fn trace(config: &Config) -> Trace {
    let mut variant = build(config, IMAGE, &Device::Cpu).unwrap();
    let all = variant.networks();
    let params: Vec<(String, &Param)> = all
        .iter()
        .flat_map(|(network, params)| {
            let named = move |param| (format!("{network}.{}", Param::name(param)), param);
            params.iter().map(named)
        })
        .collect();
    let before: Vec<Vec<f32>> = params
        .iter()
        .map(|(_, param)| numbers(&param.tensor()))
        .collect();
    let mut losses = Vec::new();
    for (step, images) in BATCHES.into_iter().enumerate() {
        let positions: Vec<u32> = (step as u32..step as u32 + images).collect();
        let batch = step_batch(config, &positions, step as u64);
        for (name, loss) in variant.step(&batch).unwrap() {
            losses.push((name, loss.to_scalar().unwrap()));
        }
    }
    let moved = |((name, param), before): (&(String, &Param), Vec<f32>)| {
        let after = numbers(&param.tensor());
        let moved = after
            .iter()
            .zip(&before)
            .map(|(after, before)| after - before);
        (name.clone(), moved.collect())
    };
    Trace {
        losses,
        moved: params.iter().zip(before).map(moved).collect(),
    }
}

/// The root of the sum of squares.
fn length(numbers: impl IntoIterator<Item = f32>) -> f32 {
    let squares = numbers.into_iter().map(|x| f64::from(x).powi(2));
    squares.sum::<f64>().sqrt() as f32
}

#[track_caller]
fn assert_close(found: &Trace, oracle: &Trace, tolerance: f32, what: &str) {
    assert_eq!(found.losses.len(), oracle.losses.len());
    for ((name, found), (_, oracle)) in found.losses.iter().zip(&oracle.losses) {
        assert!(
            (found - oracle).abs() <= tolerance * (0.1 + oracle.abs()),
            "{what}: {name} is {found}, {oracle} by plain operations"
        );
    }
    assert_eq!(found.moved.len(), oracle.moved.len());
    for ((name, found), (_, oracle)) in found.moved.iter().zip(&oracle.moved) {
        let apart = length(
            found
                .iter()
                .zip(oracle)
                .map(|(found, oracle)| found - oracle),
        );
        let moved = length(oracle.iter().copied());
        // Rounding of the weights themselves, which are of size one at most.
        let rounding = 1e-7 * (oracle.len() as f32).sqrt();
        assert!(
            apart <= tolerance * moved + rounding,
            "{what}: {name} moved by {moved}, and is {apart} from where plain operations move it"
        );
    }
    assert!(
        oracle
            .moved
            .iter()
            .any(|(_, moved)| length(moved.iter().copied()) > 1e-3)
    );
}

/// Every preset, and what none has.
fn experiments() -> Vec<(String, Config)> {
    let of_presets = presets().iter().map(|preset| (preset.name, &[][..]));
    let all = of_presets.chain(MORE);
    all.map(|(preset, more)| {
        let settings: Vec<&str> = SETTINGS.iter().chain(more).copied().collect();
        (format!("{preset} {more:?}"), config(preset, &settings))
    })
    .collect()
}

#[test]
fn fused_steps_with_either_kernel_move_every_network_as_plain_operations_do() {
    for (what, config) in experiments() {
        let oracle = with_plain_ops(|| trace(&config));
        let fused = trace(&config);
        assert_close(&fused, &oracle, 1e-4, &what);
        // Not even rounded alike: they are two paths.
        assert_ne!(fused.moved, oracle.moved, "{what}");
        let portable = with_portable_products(|| trace(&config));
        assert_close(&portable, &oracle, 1e-4, &format!("portable, {what}"));
    }
}

/// The gradient of a discriminator that hardly tells real from fake is a small difference of large numbers, which rounding to eight bits
/// changes by a good part. Single layers are held against tighter bounds where they are defined.
const BF16_TOLERANCE: f32 = 0.4;

#[test]
fn steps_in_bfloat16_are_near_those_of_plain_operations_and_differ_from_them() {
    for (what, config) in experiments() {
        let oracle = with_plain_ops(|| trace(&config));
        let rounded = with_precision(Precision::Bf16, || trace(&config));
        assert_close(&rounded, &oracle, BF16_TOLERANCE, &what);
        let single = trace(&config);
        assert_ne!(rounded.moved, single.moved, "{what}: nothing was rounded");
        let portable = || with_precision(Precision::Bf16, || trace(&config));
        let portable = with_portable_products(portable);
        assert_close(
            &portable,
            &oracle,
            BF16_TOLERANCE,
            &format!("portable, {what}"),
        );
    }
}
