//! The step benchmark's own arithmetic and flags: `benches/step` has no test harness, so its files are tested from here.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

#[path = "../benches/step/args.rs"]
mod args;
#[path = "../benches/step/failure.rs"]
mod failure;
#[path = "../benches/step/flops.rs"]
mod flops;
#[allow(dead_code, reason = "nothing is timed here")]
#[path = "../benches/step/measure.rs"]
mod measure;
#[allow(dead_code, reason = "nothing is timed here")]
#[path = "../benches/step/plain_candle.rs"]
mod plain_candle;
#[path = "../benches/step/report.rs"]
mod report;
#[allow(dead_code, reason = "nothing is timed here")]
#[path = "../benches/step/roofline.rs"]
mod roofline;
#[allow(dead_code, reason = "nothing is timed here")]
#[path = "../benches/step/steps.rs"]
mod steps;
#[allow(dead_code, reason = "nothing is timed here")]
#[path = "../benches/step/table.rs"]
mod table;
#[allow(dead_code, reason = "nothing is timed here")]
#[path = "../benches/step/torch.rs"]
mod torch;

use std::collections::BTreeMap;

use aae_ops::Precision;
use aae_train::Draws;
use aae_train::config::{Config, Override};
use aae_train::variants::build;
use args::Args;
use candle_core::{Device, Var};
use measure::{Measured, Round};
use steps::PlainKind;

const PIXELS: usize = 784;

fn parse(line: &str) -> Result<Args, (u8, String)> {
    Args::parse(line.split_whitespace().map(str::to_owned))
        .map_err(|failure| (failure.code, failure.message))
}

fn config(line: &str) -> Result<Config, (u8, String)> {
    parse(line)?
        .config()
        .map_err(|failure| (failure.code, failure.message))
}

#[test]
fn a_step_of_aae_needs_the_operations_counted_by_hand() {
    // Per image, in multiply-adds: encoder 784·1000 + 1000·1000 + 1000·2, decoder the same mirrored, discriminator
    // 2·1000 + 1000·1000 + 1000·1.
    let (encoder, decoder, discriminator) = (1_786_000, 1_786_000, 1_003_000);
    // Forward, weights' gradients, inputs' gradients: not that of the images.
    let reconstruction = 2 * (encoder + decoder) + (encoder - 784_000) + decoder;
    // Real and fake codes are constants to the discriminator.
    let game = encoder + 2 * (3 * discriminator - 2_000);
    // Through the frozen discriminator to the encoder's weights.
    let generator = 2 * discriminator + 2 * encoder - 784_000;
    let by_hand = 2 * 128 * (reconstruction + game + generator);
    assert_eq!(by_hand, 5_766_656_000);
    assert_eq!(flops::of_step(&config("").unwrap(), PIXELS), by_hand);
}

#[test]
fn a_step_of_the_semi_supervised_variant_needs_the_operations_counted_by_hand() {
    let encoder = 784_000 + 1_000_000 + 20_000;
    let decoder = 20_000 + 1_000_000 + 784_000;
    let discriminator = 10_000 + 1_000_000 + 1_000;
    let classifier = 784_000 + 1_000_000 + 10_000;
    let per_image = (2 * (encoder + decoder) + (encoder - 784_000) + decoder)
        + 2 * (2 * (3 * discriminator - 10_000) + 2 * discriminator)
        + 3 * encoder
        - 784_000
        + 3 * classifier
        - 784_000;
    let found = flops::of_step(&config("--variant semi_supervised").unwrap(), PIXELS);
    assert_eq!(found, 2 * 100 * per_image);
    // Of a larger batch, no more than the hundred known labels are classified.
    let larger = config("--variant semi_supervised --batch 300").unwrap();
    let classified = 2 * 100 * (3 * classifier - 784_000);
    assert_eq!(
        flops::of_step(&larger, PIXELS),
        3 * (found - classified) + classified
    );
}

#[test]
fn every_variant_has_a_preset_and_needs_something() {
    // Presets differ in width; their steps are compared at the same.
    let count = |variant: &str| {
        let config = config(&format!("--variant {variant} --width 1000")).unwrap();
        assert_eq!(config.variant.name(), variant);
        flops::of_step(&config, PIXELS) / config.batch_size as u64
    };
    let [
        ae,
        aae,
        labelled,
        supervised,
        semi,
        clustering,
        reduction,
        classifier,
    ] = [
        "ae",
        "aae",
        "label_regularized",
        "supervised",
        "semi_supervised",
        "clustering",
        "dimensionality_reduction",
        "classifier",
    ]
    .map(count);
    assert!(classifier < ae && ae < aae && aae < labelled && aae < supervised);
    assert!(supervised < clustering && clustering < semi && clustering < reduction);
}

#[test]
fn flags_change_what_is_measured() {
    assert_eq!(
        config("").unwrap(),
        Config::resolve("aae", None, &[]).unwrap()
    );
    let changed = config("--preset aae-8d --batch 32 --width 64 --precision f32").unwrap();
    assert_eq!((changed.batch_size, changed.model.latent_dim), (32, 8));
    for hidden in [
        &changed.model.encoder.hidden,
        &changed.model.decoder.hidden,
        &changed.model.discriminator.hidden,
    ] {
        assert_eq!(*hidden, [64, 64]);
    }
    let batch = Override::flag("--batch", "batch_size", 7);
    let expected = Config::resolve("nn-100", None, &[batch]).unwrap();
    assert_eq!(
        config("--variant classifier --batch 7 --bench").unwrap(),
        expected
    );
    let args = parse("--threads 3 --scaling --json --torch python3 --torch-mode compile").unwrap();
    assert!(args.scaling && args.json && args.threads == Some(3));
    assert_eq!(
        (args.torch.as_deref(), args.torch_mode()),
        (Some("python3"), "compile")
    );
    assert_eq!(parse("").unwrap().torch_mode(), "fused");
    let rounded = parse("--precision bf16").unwrap();
    assert_eq!(rounded.torch_mode(), "bf16");
    assert_eq!(rounded.config().unwrap().precision, Precision::Bf16);
}

/// Three rounds, in milliseconds: the second was disturbed.
fn measured(line: &str, torch: Option<f64>) -> Measured {
    let round = |ours, plain, torch| Round { ours, plain, torch };
    Measured {
        preset: parse(line).unwrap().preset_name().unwrap(),
        config: config(line).unwrap(),
        threads: 2,
        steps: 20,
        plain_kind: PlainKind::Handwritten,
        rounds: vec![
            round(20.0, 200.0, torch),
            round(60.0, 300.0, torch.map(|ms| ms * 2.0)),
            round(22.0, 200.0, torch),
        ],
        flops: 5_000_000_000,
        rate: 250e9,
    }
}

#[test]
fn a_line_of_json_has_medians_and_the_medians_of_the_rounds_ratios() {
    let args = parse("--torch python3").unwrap();
    let line = |torch| -> serde_json::Value {
        serde_json::from_str(&report::json(&args, &measured("", torch))).unwrap()
    };
    assert_eq!(
        line(Some(40.0)),
        serde_json::json!({
            "variant": "aae",
            "preset": "aae",
            "threads": 2,
            "batch": 128,
            "width": 1000,
            "precision": "f32",
            "steps": 20,
            "rounds": 5,
            "ms_per_step": 22.0,
            "plain_candle": "handwritten",
            "plain_candle_ms_per_step": 200.0,
            "ratio_to_plain_candle": 0.11,
            "torch_mode": "fused",
            "torch_ms_per_step": 40.0,
            "ratio_to_torch": 0.55,
            "gflop_per_step": 5.0,
            "gflop_per_second": 250.0,
            "roofline_ms_per_step": 20.0,
            "ratio_to_roofline": 1.1,
        })
    );
    let alone = line(None);
    for absent in ["torch_mode", "torch_ms_per_step", "ratio_to_torch"] {
        assert_eq!(alone.get(absent), None);
    }
}

#[test]
fn the_text_says_what_stands_beside_what() {
    let args = parse("--torch python3 --torch-mode compile").unwrap();
    assert_eq!(
        report::text(&args, &measured("", Some(40.0))),
        "aae in f32, threads 2, batch 128: 22.0 ms per step\n\
         plain candle, as a newcomer writes it: 200.0 ms; ours takes 0.11 of that\n\
         PyTorch, compile: 40.0 ms; ours takes 0.55 of that\n\
         roofline: 5.00 GFLOP at 250 GFLOP/s = 20.0 ms; ours takes 1.10 times that"
    );
}

#[test]
fn rows_of_tables_have_the_cells_of_their_heads() {
    for (flags, torch, cells) in [
        ("--scaling --torch python3", Some(40.0), 12),
        ("--variants", None, 10),
    ] {
        let head = report::head(&parse(flags).unwrap());
        let row = report::row(&measured("--preset ae", torch));
        for line in head.lines().chain([row.as_str()]) {
            assert_eq!(line.matches('|').count(), cells + 1, "{line}");
        }
        assert!(
            row.starts_with("| `ae` | 2 | 128 | 1000 | 22.0 | 200.0 | 0.11 | 5.00 | 20.0 | 1.10 |")
        );
    }
}

#[test]
fn tables_vary_one_thing_at_a_time_and_name_every_variant() {
    let scaling = table::scaling(&parse("--scaling --threads 2").unwrap());
    let varied = |(args, threads): &(Args, usize)| (*threads, args.batch, args.width);
    let rows: Vec<_> = scaling.iter().map(varied).collect();
    assert_eq!(rows[..2], [(1, None, None), (2, None, None)]);
    assert!(rows.contains(&(2, Some(32), None)) && rows.contains(&(2, Some(1024), None)));
    assert!(rows.contains(&(2, None, Some(256))) && rows.contains(&(2, None, Some(4096))));
    assert!(
        rows.iter()
            .all(|(_, batch, width)| batch.is_none() || width.is_none())
    );
    let variants = table::variants(&parse("--variants --threads 1").unwrap()).unwrap();
    let named = |(args, threads): &(Args, usize)| {
        assert_eq!(*threads, 1);
        args.config().unwrap().variant.name()
    };
    let mut names: Vec<&str> = variants.iter().map(named).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 8);
}

#[test]
fn wrong_flags_are_usage_errors_that_name_them() {
    for (line, named) in [
        ("--thread 2", "--thread"),
        ("--batch", "--batch needs a value"),
        ("--batch 0", "above 0, found `0`"),
        ("--threads 100000000", "from 1 to 65535"),
        ("--width -3", "above 0, found `-3`"),
        ("--precision f16", "bf16"),
        ("--torch-mode fast", "eager, fused, compile, bf16"),
        ("--preset aae --variant aae", "exclude each other"),
        ("--torch-mode eager", "give --torch"),
        ("--variant vae", "semi_supervised"),
        ("--variants --preset ae", "every variant"),
        ("--preset no-such", "no-such"),
        ("--width 9999999", "hidden"),
    ] {
        let (code, message) = config(line).map(|_| ()).unwrap_err();
        assert_eq!(code, 2, "{line}");
        assert!(message.contains(named), "{line}: {message}");
    }
}

#[test]
fn the_handwritten_step_moves_every_weight_as_ours_does() {
    let mut config = common::config("aae", &["model.init=kaiming_uniform"]);
    let phases = &mut config.optimizer;
    for phase in [
        &mut phases.reconstruction,
        &mut phases.discriminator,
        &mut phases.generator,
    ] {
        // As the handwritten step has them.
        (phase.lr, phase.beta1, phase.beta2) = (1e-4, 0.9, 0.999);
    }
    assert_eq!(PlainKind::of(&config), PlainKind::Handwritten);
    let mut ours = build(&config, common::IMAGE, &Device::Cpu).unwrap();
    let mut plain = plain_candle::Aae::new(&config, common::IMAGE).unwrap();
    let networks = [&plain.encoder, &plain.decoder, &plain.discriminator];
    let params = ours.networks().into_iter().flat_map(|(_, params)| params);
    let params: Vec<_> = params.collect();
    let vars: Vec<Var> = networks
        .into_iter()
        .flat_map(|network| {
            // Layers are numbered here and named there, in the same order.
            let vars = network.vars.data().lock().unwrap().clone();
            BTreeMap::from_iter(vars).into_values()
        })
        .collect();
    assert_eq!(params.len(), vars.len());
    for (param, var) in params.iter().zip(&vars) {
        var.set(&param.tensor()).unwrap();
    }
    for step in 0..3 {
        let batch = common::step_batch(&config, &[0, 1, 2, 3, 4, 5], step);
        let real = Draws::new(&config, &Device::Cpu).style(6, step).unwrap();
        ours.step(&batch).unwrap();
        plain.step(&batch.images, &real).unwrap();
    }
    for (param, var) in params.iter().zip(&vars) {
        let differences = (param.tensor() - var.as_tensor()).unwrap().abs().unwrap();
        let largest = differences.flatten_all().unwrap().max(0).unwrap();
        let largest = largest.to_scalar::<f32>().unwrap();
        // Each step moves most weights by 1e-4, and one whose gradient is all but zero by what rounding makes of it.
        assert!(largest < 1e-5, "{}: {largest}", param.name());
    }
}

#[test]
fn presets_without_a_step_of_pytorch_s_are_not_compared_with_it() {
    let refused = |preset: &str| {
        let config = config(&format!("--preset {preset}")).unwrap();
        let started = torch::Torch::start("no-such-python", "fused", 1, 1, &config);
        started.err().unwrap().message
    };
    for preset in [
        "aae",
        "semi-supervised-100",
        "semi-supervised-1000",
        "semi-supervised-all",
    ] {
        let message = refused(preset);
        assert!(message.contains("cannot start"), "{preset}: {message}");
    }
    for preset in ["clustering-16", "posterior-gaussian", "aae-mixture"] {
        let message = refused(preset);
        assert!(
            message.contains("this is none of them"),
            "{preset}: {message}"
        );
    }
}
