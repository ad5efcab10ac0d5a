//! Batch norm, heads and stacks over odd shapes: fused against plain, with either kernel, and over numbers of threads.
//!
//! Shapes are paired so that every two dimensions meet in every combination of sizes: around a register, a task and a layer.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use aae_ops::stream::{standard_normal, stream};
use aae_ops::{
    Activation, BatchNorm, Linear, Mode, Param, backward, branched, sequential, with_plain_ops,
    with_portable_products, with_threads,
};
use candle_core::{Device, Result, Tensor, Var};

const SIZES: [usize; 9] = [1, 2, 3, 7, 31, 33, 127, 1000, 1001];
const MODES: [Mode; 3] = [Mode::Evaluate, Mode::Train, Mode::TrainAndTrack];
/// Those without a kink: after batch norm, rounding alone may decide on which side of one a number falls.
const SMOOTH: [Activation; 3] = [Activation::None, Activation::Tanh, Activation::Sigmoid];

fn normal(rows: usize, columns: usize, purpose: &str) -> Tensor {
    let mut rng = stream(6, purpose, (rows * 4096 + columns) as u64);
    let numbers = standard_normal(rows * columns, &mut rng);
    Tensor::from_vec(numbers, (rows, columns), &Device::Cpu).unwrap()
}

fn row(columns: usize, purpose: &str) -> Tensor {
    normal(1, columns, purpose).squeeze(0).unwrap()
}

fn param(name: &str, numbers: &Tensor) -> Param {
    Param::new(name, numbers).unwrap()
}

fn layer(inputs: usize, outputs: usize, activation: Activation) -> Linear {
    let weight = (normal(outputs, inputs, "weight") / (inputs as f64).sqrt()).unwrap();
    let (weight, bias) = (param("w", &weight), param("b", &row(outputs, "bias")));
    Linear::new(weight, bias, activation).unwrap()
}

fn normalised(inputs: usize, outputs: usize, activation: Activation) -> Linear {
    let variance = (row(outputs, "variance").sqr().unwrap() + 0.5).unwrap();
    let norm = BatchNorm::new(
        param("gain", &(row(outputs, "gain") + 1.0).unwrap()),
        param("mean", &row(outputs, "mean")),
        param("variance", &variance),
    );
    layer(inputs, outputs, activation)
        .with_batch_norm(norm.unwrap())
        .unwrap()
}

/// A normalised layer under two heads, one of them normalised.
struct Network {
    shape: [usize; 5],
    mode: Mode,
    activation: Activation,
}

impl Network {
    /// Outputs, gradients of the input and of every parameter, and the running statistics afterwards.
    fn run(&self) -> Result<Vec<Tensor>> {
        let [batch, inputs, hidden, style, label] = self.shape;
        let trunk = [normalised(inputs, hidden, self.activation)];
        let heads = [
            layer(hidden, style, Activation::None),
            normalised(hidden, label, Activation::Sigmoid),
        ];
        let x = Var::from_tensor(&normal(batch, inputs, "x"))?;
        let mut found = branched(&trunk, &heads, &x, self.mode)?;
        let sums = found
            .iter()
            .map(|y| (y * normal(y.dim(0)?, y.dim(1)?, "weights"))?.sum_all())
            .collect::<Result<Vec<_>>>()?;
        let scalar = (&sums[0] + &sums[1])?;
        found.push(scalar.backward()?.remove(&x).unwrap());
        let layers = || trunk.iter().chain(&heads);
        let params: Vec<Param> = layers().flat_map(Linear::params).collect();
        backward(&scalar, &params)?;
        for param in &params {
            found.push(param.gradient()?.unwrap());
        }
        let buffers = layers().flat_map(Linear::buffers);
        found.extend(buffers.map(|buffer| buffer.tensor().copy().unwrap()));
        Ok(found)
    }
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[track_caller]
fn assert_close(tolerance: f32, fused: &[Tensor], plain: &[Tensor], what: &str) {
    assert_eq!(fused.len(), plain.len());
    for (n, (fused, plain)) in fused.iter().zip(plain).enumerate() {
        assert_eq!(fused.dims(), plain.dims(), "{n} of {what}");
        let (fused, plain) = (flat(fused), flat(plain));
        let scale = plain.iter().fold(1f32, |max, x| max.max(x.abs()));
        for (i, (fused, plain)) in fused.iter().zip(&plain).enumerate() {
            assert!(
                (fused - plain).abs() <= tolerance * scale,
                "{n} of {what}: at {i} fused {fused}, plain {plain}"
            );
        }
    }
}

#[test]
fn batch_norm_and_heads_of_any_width_agree_with_plain_candle() {
    let n = SIZES.len();
    for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
        let (mode, activation) = (MODES[(i + j) % 3], SMOOTH[(i + 2 * j) % 3]);
        // One row has no statistics.
        let batch = match (mode, SIZES[(i + j) % n]) {
            (Mode::Train | Mode::TrainAndTrack, 1) => 2,
            (_, batch) => batch,
        };
        let network = Network {
            shape: [
                batch,
                SIZES[i],
                SIZES[j],
                SIZES[(i + 2 * j) % n],
                SIZES[(2 * i + j + 1) % n],
            ],
            mode,
            activation,
        };
        // A gradient through a batch's statistics is a small difference of numbers of size one, and a column that hardly varies
        // has its rounding errors divided by a small deviation. A wrong tail is off by its whole size.
        let tolerance = match mode {
            Mode::Evaluate => 5e-5,
            Mode::Train | Mode::TrainAndTrack => 1e-3,
        };
        let what = format!("{:?}, {mode:?}, {activation:?}", network.shape);
        let plain = with_plain_ops(|| network.run()).unwrap();
        assert_close(tolerance, &network.run().unwrap(), &plain, &what);
        if SIZES[i] * SIZES[j] < 1_000_000 {
            let portable = with_portable_products(|| network.run()).unwrap();
            assert_close(tolerance, &portable, &plain, &format!("portable {what}"));
        }
    }
}

#[test]
fn stacks_of_layers_of_any_width_agree_with_plain_candle() {
    let n = SIZES.len();
    for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
        let (batch, width) = (SIZES[i], SIZES[j]);
        let (inputs, outputs) = (SIZES[(i + j) % n], SIZES[(i + 2 * j) % n]);
        let layers = [
            layer(inputs, width, Activation::Tanh),
            layer(width, outputs, Activation::Sigmoid),
        ];
        let x = Var::from_tensor(&normal(batch, inputs, "x")).unwrap();
        let run = || {
            let y = sequential(&layers, &x)?;
            let scalar = (&y * normal(batch, outputs, "weights"))?.sum_all()?;
            let dx = scalar.backward()?.remove(&x).unwrap();
            Ok::<_, candle_core::Error>([y, dx])
        };
        let what = format!("{batch}x{inputs}x{width}x{outputs}");
        assert_close(5e-5, &run().unwrap(), &with_plain_ops(run).unwrap(), &what);
    }
}

#[test]
fn two_threads_give_the_bytes_of_one_with_either_kernel() {
    let run = |threads, portable: bool| {
        let run = || {
            let mut found = Vec::new();
            for shape in [[127, 1001, 33, 1000, 7], [1000, 31, 1001, 1, 127]] {
                let network = Network {
                    shape,
                    mode: Mode::TrainAndTrack,
                    activation: Activation::Tanh,
                };
                let tensors = match portable {
                    true => with_portable_products(|| network.run()),
                    false => network.run(),
                };
                let bits = |tensor: &Tensor| flat(tensor).into_iter().map(f32::to_bits).collect();
                found.extend(tensors.unwrap().iter().map(bits));
            }
            found
        };
        let found: Vec<Vec<u32>> = with_threads(threads, run).unwrap();
        found
    };
    for portable in [false, true] {
        assert_eq!(run(1, portable), run(2, portable), "portable: {portable}");
    }
}
