//! Milliseconds per training step: ours, the same step in plain candle, and in PyTorch.
//!
//! `cargo xtask bench [--preset aae] [--threads 2] [--batch 128] [--steps 20] [--rounds 5] [--torch PYTHON] [--torch-mode fused] [--json]`
//!
//! All are timed in turns, round by round, and medians are reported: a machine whose speed drifts slows them alike. The ratio is the
//! median of the rounds' ratios. Plain candle exists for the variant `aae`, PyTorch for `aae` and `semi_supervised`.
#![allow(clippy::print_stderr, clippy::unwrap_used)]

mod plain_candle;
mod torch;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aae_data::{Split, load, locate};
use aae_models::{ImageShape, one_hot};
use aae_train::config::{Config, Override, VariantKind};
use aae_train::variants::{LabelledBatch, StepBatch, build};
use candle_core::{Device, Tensor};
use torch::Torch;

struct Args {
    preset: String,
    threads: usize,
    batch: Option<usize>,
    steps: usize,
    rounds: usize,
    torch: Option<String>,
    torch_mode: String,
    json: bool,
}

fn main() -> ExitCode {
    let args = match parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    aae_ops::with_threads(args.threads, || run(&args)).unwrap();
    ExitCode::SUCCESS
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
    let mut args = Args {
        preset: "aae".into(),
        threads: 2,
        batch: None,
        steps: 20,
        rounds: 5,
        torch: None,
        torch_mode: "fused".into(),
        json: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: String| match text.parse::<usize>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("{word}: expected a number above 0, found `{text}`")),
        };
        match word.as_str() {
            "--preset" => args.preset = value()?,
            "--threads" => args.threads = number(value()?)?,
            "--batch" => args.batch = Some(number(value()?)?),
            "--steps" => args.steps = number(value()?)?,
            "--rounds" => args.rounds = number(value()?)?,
            "--torch" => args.torch = Some(value()?),
            "--torch-mode" => args.torch_mode = value()?,
            "--json" => args.json = true,
            "--bench" => {}
            _ => return Err(format!("unknown argument `{word}`")),
        }
    }
    Ok(args)
}

fn run(args: &Args) {
    let batch = args
        .batch
        .map(|batch| Override::flag("--batch", "batch_size", batch as i64));
    let config = match Config::resolve(&args.preset, None, batch.as_slice()) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            std::process::exit(2)
        }
    };
    let train = Split::all(&Arc::new(load(&locate(None, None).unwrap()).unwrap().train));
    let mut ours = our_step(&config, &train);
    let mut plain = (config.variant == VariantKind::Aae).then(|| plain_step(&config, &train));
    let mut torch = args.torch.as_ref().map(|python| {
        let variant = config.variant.name().to_owned();
        assert!(
            matches!(
                config.variant,
                VariantKind::Aae | VariantKind::SemiSupervised
            ),
            "there is no PyTorch step of the variant {variant}"
        );
        let numbers = [args.threads, config.batch_size, args.steps].map(|n| n.to_string());
        let words = [vec![variant, args.torch_mode.clone()], numbers.to_vec()].concat();
        Torch::start(python, &words)
    });
    let mut rounds: Vec<Round> = Vec::new();
    for round in 0..=args.rounds {
        let timed = Round {
            ours: time(args.steps, &mut ours),
            plain: plain
                .as_mut()
                .map(|step| time(args.steps.div_ceil(5), step)),
            torch: torch.as_mut().map(|torch| {
                settle();
                torch.round()
            }),
        };
        // The first round warms caches and allocators.
        if round > 0 {
            rounds.push(timed);
        }
    }
    report(args, &config, &rounds);
}

/// Milliseconds per step of one round.
struct Round {
    ours: f64,
    plain: Option<f64>,
    torch: Option<f64>,
}

fn report(args: &Args, config: &Config, rounds: &[Round]) {
    let ours = median(rounds.iter().map(|round| round.ours));
    let plain: Option<Vec<f64>> = rounds.iter().map(|round| round.plain).collect();
    let torch: Option<Vec<f64>> = rounds.iter().map(|round| round.torch).collect();
    let ratio = |others: &[f64]| {
        let pairs = rounds.iter().zip(others);
        median(pairs.map(|(round, other)| round.ours / other))
    };
    if args.json {
        let mut fields = vec![
            format!("\"variant\":\"{}\"", config.variant.name()),
            format!("\"preset\":\"{}\"", args.preset),
            format!("\"threads\":{}", args.threads),
            format!("\"batch\":{}", config.batch_size),
            format!("\"steps\":{}", args.steps),
            format!("\"rounds\":{}", args.rounds),
            format!("\"ms_per_step\":{ours:.3}"),
        ];
        for (name, others) in [("plain_candle", &plain), ("torch", &torch)] {
            if let Some(others) = others {
                let ms = median(others.iter().copied());
                fields.push(format!("\"{name}_ms_per_step\":{ms:.3}"));
                fields.push(format!("\"ratio_to_{name}\":{:.4}", ratio(others)));
            }
        }
        return say(&format!("{{{}}}", fields.join(",")));
    }
    say(&format!(
        "{} on {} threads, batch {}: {ours:.1} ms per step",
        args.preset, args.threads, config.batch_size
    ));
    for (name, others) in [
        ("plain candle".to_owned(), &plain),
        (format!("PyTorch, {}", args.torch_mode), &torch),
    ] {
        if let Some(others) = others {
            let ms = median(others.iter().copied());
            let ratio = ratio(others);
            say(&format!(
                "{name}: {ms:.1} ms; ours takes {ratio:.2} of that"
            ));
        }
    }
}

/// A line on standard output, or nowhere if nobody reads it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Our step of the preset, on images and labels in turn.
fn our_step(config: &Config, train: &Split) -> impl FnMut(usize) {
    let mut variant = build(config, image(train), &Device::Cpu).unwrap();
    let (config, train) = (config.clone(), train.clone());
    move |step| {
        let positions = positions(&config, &train, step);
        let labels: Vec<u8> = positions
            .iter()
            .map(|&position| train.label(position as usize))
            .collect();
        let sees = config.variant.sees_own_labels();
        let labelled = config.variant.classifies().then(|| LabelledBatch {
            images: train.batch(&positions, &Device::Cpu).unwrap(),
            labels: one_hot(&labels, config.model.categories, &Device::Cpu).unwrap(),
        });
        let batch = StepBatch {
            images: train.batch(&positions, &Device::Cpu).unwrap(),
            labels: labels.into_iter().filter(|_| sees).map(Some).collect(),
            labelled,
            step: step as u64,
        };
        variant.step(&batch).unwrap();
    }
}

/// The AAE step as a newcomer to candle would write it.
fn plain_step(config: &Config, train: &Split) -> impl FnMut(usize) {
    let mut plain = plain_candle::Aae::new(config, image(train)).unwrap();
    let (config, train) = (config.clone(), train.clone());
    move |step| {
        let (n, dim) = (config.batch_size, config.model.latent_dim);
        let mut rng = aae_ops::stream::stream(0, "prior.style", step as u64);
        let real = config.prior.sample(n, dim, &mut rng);
        let real = Tensor::from_vec(real, (n, dim), &Device::Cpu).unwrap();
        let images = train
            .batch(&positions(&config, &train, step), &Device::Cpu)
            .unwrap();
        plain.step(&images, &real).unwrap();
    }
}

fn image(train: &Split) -> ImageShape {
    ImageShape {
        height: train.dataset().height(),
        width: train.dataset().width(),
    }
}

fn positions(config: &Config, train: &Split, step: usize) -> Vec<u32> {
    let n = config.batch_size;
    (0..n)
        .map(|i| ((step * n + i) % train.len()) as u32)
        .collect()
}

/// Threads of whoever was timed before may wait in a loop for more work before they sleep, OpenMP's for 200 ms: they would take the
/// time of whoever comes next.
fn settle() {
    std::thread::sleep(Duration::from_millis(400));
}

fn time(steps: usize, step: &mut dyn FnMut(usize)) -> f64 {
    settle();
    let start = Instant::now();
    (0..steps).for_each(step);
    start.elapsed().as_secs_f64() * 1e3 / steps as f64
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
    (values[low] + values[high]) / 2.0
}
