//! Every operation at the shapes of a training step, fused beside composed of plain candle operations.
//!
//! `cargo bench -p aae-ops --bench ops [-- WORD]`: all, or those whose name has the word in it. The layers' throughput is counted in
//! floating-point operations of their products: "Gelem/s" reads as GFLOP/s.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use aae_ops::loss::ElementLoss;
use aae_ops::optim::Optimizer;
use aae_ops::stream::{standard_normal, stream, uniform};
use aae_ops::{
    Activation, BatchNorm, Linear, Mode, Param, backward, gradient_norm, loss, sequential_in,
    softmax, with_plain_ops, with_threads,
};
use candle_core::{Device, Result, Tensor, Var};
use criterion::{BenchmarkId, Criterion, Throughput};

const BATCH: usize = 128;
const PIXELS: usize = 784;
const HIDDEN: usize = 1000;

fn main() -> ExitCode {
    // Inside one pool, as a training run is; on every core.
    let run = || -> Result<()> {
        let mut criterion = Criterion::default()
            .sample_size(20)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .configure_from_args();
        layers(&mut criterion)?;
        losses(&mut criterion)?;
        loss_of_a_layer(&mut criterion)?;
        optimizers(&mut criterion)?;
        draws(&mut criterion);
        criterion.final_summary();
        Ok(())
    };
    match with_threads(0, run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Measures `operation` on both paths; `flops` are those of its products, 0 if it has none.
fn both(
    criterion: &mut Criterion,
    name: &str,
    case: &str,
    flops: usize,
    mut operation: impl FnMut() -> Result<Tensor>,
) {
    let mut group = criterion.benchmark_group(name);
    if flops > 0 {
        group.throughput(Throughput::Elements(flops as u64));
    }
    group.bench_function(BenchmarkId::new("fused", case), |bencher| {
        bencher.iter(|| black_box(operation()));
    });
    group.bench_function(BenchmarkId::new("plain candle", case), |bencher| {
        bencher.iter(|| with_plain_ops(|| black_box(operation())));
    });
    group.finish();
}

fn normal(rows: usize, columns: usize, purpose: &str) -> Result<Tensor> {
    let numbers = standard_normal(rows * columns, &mut stream(7, purpose, 0));
    Tensor::from_vec(numbers, (rows, columns), &Device::Cpu)
}

fn layer(inputs: usize, outputs: usize, activation: Activation) -> Result<Linear> {
    let weight = (normal(outputs, inputs, "weight")? / (inputs as f64).sqrt())?;
    let bias = normal(1, outputs, "bias")?.squeeze(0)?;
    Linear::new(
        Param::new("weight", &weight)?,
        Param::new("bias", &bias)?,
        activation,
    )
}

fn layers(criterion: &mut Criterion) -> Result<()> {
    for (inputs, outputs, activation) in [
        (PIXELS, HIDDEN, Activation::Relu),
        (HIDDEN, HIDDEN, Activation::Relu),
        (HIDDEN, 2, Activation::None),
    ] {
        let case = format!("{inputs}x{outputs}");
        let layer = layer(inputs, outputs, activation)?;
        // The images are constant; what flows between layers wants its gradient.
        let x = normal(BATCH, inputs, "x")?;
        let x = match inputs {
            PIXELS => x,
            _ => Var::from_tensor(&x)?.into_inner(),
        };
        let product = 2 * BATCH * inputs * outputs;
        both(criterion, "layer forward", &case, product, || {
            layer.forward(&x)
        });
        let products = if x.is_variable() { 3 } else { 2 };
        let flops = products * product;
        both(
            criterion,
            "layer forward and backward",
            &case,
            flops,
            || trained(&layer, &x, Mode::Evaluate),
        );
    }
    let norm = BatchNorm::identity("norm", HIDDEN, &Device::Cpu)?;
    let normalised = layer(HIDDEN, HIDDEN, Activation::Relu)?.with_batch_norm(norm)?;
    let x = Var::from_tensor(&normal(BATCH, HIDDEN, "x")?)?;
    let flops = 3 * 2 * BATCH * HIDDEN * HIDDEN;
    both(
        criterion,
        "layer forward and backward",
        "1000x1000 with batch norm",
        flops,
        || trained(&normalised, &x, Mode::Train),
    );
    Ok(())
}

/// A pass through the layer and back.
fn trained(layer: &Linear, x: &Tensor, mode: Mode) -> Result<Tensor> {
    let sum = sequential_in(std::slice::from_ref(layer), x, mode)?.sum_all()?;
    backward(&sum, &layer.params())?;
    // The weight's gradient is computed when it is used.
    gradient_norm(&layer.params())?;
    Ok(sum)
}

fn losses(criterion: &mut Criterion) -> Result<()> {
    let judged = Var::from_tensor(&normal(2 * BATCH, 1, "judged")?)?;
    let origin = judged
        .as_detached_tensor()
        .ge(0f64)?
        .to_dtype(judged.dtype())?;
    let pixels = Var::from_tensor(&normal(BATCH, PIXELS, "pixels")?)?;
    let images = uniform(BATCH * PIXELS, &mut stream(7, "images", 0));
    let images = Tensor::from_vec(images, (BATCH, PIXELS), &Device::Cpu)?;
    let label = Var::from_tensor(&normal(BATCH, 10, "label")?)?;
    let classes = softmax(&normal(BATCH, 10, "classes")?)?;
    type Loss<'a> = (&'a str, &'a str, &'a Var, &'a dyn Fn() -> Result<Tensor>);
    let cases: [Loss<'_>; 4] = [
        ("binary cross-entropy", "256x1", &judged, &|| {
            loss::bce_with_logits(&judged, &origin, 0.01)
        }),
        ("squared error", "128x784", &pixels, &|| {
            ElementLoss::sigmoid_squared_error(1e-5).of(&pixels, &images)
        }),
        ("softmax cross-entropy", "128x10", &label, &|| {
            loss::softmax_cross_entropy(&label, &classes, 0.01)
        }),
        ("softmax", "128x10", &label, &|| softmax(&label)?.sum_all()),
    ];
    for (name, case, logits, loss) in cases {
        let name = format!("{name}, forward and backward");
        both(criterion, &name, case, 0, || {
            let loss = loss()?;
            let gradient = loss.backward()?.remove(logits);
            Ok(gradient.unwrap_or(loss))
        });
    }
    Ok(())
}

/// What it is worth that a stack and its loss are one operation: with a thin layer, whose products are a small part.
fn loss_of_a_layer(criterion: &mut Criterion) -> Result<()> {
    let layer = layer(32, PIXELS, Activation::None)?.frozen();
    let layers = std::slice::from_ref(&layer);
    let x = Var::from_tensor(&normal(BATCH, 32, "x")?)?;
    let images = uniform(BATCH * PIXELS, &mut stream(7, "images", 0));
    let images = Tensor::from_vec(images, (BATCH, PIXELS), &Device::Cpu)?;
    let loss = ElementLoss::sigmoid_squared_error(1e-5);
    let one = || loss.of_sequential(layers, &x, &images)?.backward();
    let two = || loss.of(&layer.forward(&x)?, &images)?.backward();
    let mut group =
        criterion.benchmark_group("layer of 32x784 and squared error, forward and backward");
    group.bench_function("one operation", |bencher| bencher.iter(|| black_box(one())));
    group.bench_function("two operations", |bencher| {
        bencher.iter(|| black_box(two()))
    });
    group.finish();
    Ok(())
}

/// A pass over the encoder's 1.8 million parameters.
fn optimizers(criterion: &mut Criterion) -> Result<()> {
    let layers = [
        layer(PIXELS, HIDDEN, Activation::Relu)?,
        layer(HIDDEN, HIDDEN, Activation::Relu)?,
        layer(HIDDEN, 2, Activation::None)?,
    ];
    let params: Vec<Param> = layers.iter().flat_map(Linear::params).collect();
    let sum = sequential_in(&layers, &normal(BATCH, PIXELS, "x")?, Mode::Evaluate)?.sum_all()?;
    backward(&sum, &params)?;
    // From here on the gradients are in their buffers, so that no product is timed.
    gradient_norm(&params)?;
    let adam = Optimizer::adam(Default::default(), &params)?;
    let sgd = Optimizer::sgd(Default::default(), &params)?;
    for (name, mut optimizer) in [("Adam", adam), ("SGD", sgd)] {
        both(criterion, name, "encoder", 0, || {
            optimizer.step(&params, 1e-6, 1.0)?;
            Ok(params[0].tensor())
        });
    }
    Ok(())
}

fn draws(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("normal draws");
    let n = BATCH * PIXELS;
    group.throughput(Throughput::Elements(n as u64));
    group.bench_function(BenchmarkId::new("fused", "128x784"), |bencher| {
        let mut rng = stream(7, "draws", 0);
        bencher.iter(|| standard_normal(n, &mut rng));
    });
    group.bench_function(BenchmarkId::new("plain candle", "128x784"), |bencher| {
        bencher.iter(|| Tensor::randn(0f32, 1.0, (BATCH, PIXELS), &Device::Cpu));
    });
    group.finish();
}
