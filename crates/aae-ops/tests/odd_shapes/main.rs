//! Fused operations over odd shapes: against plain candle, with either kernel, in either precision, and over numbers of threads.
//!
//! Shapes are paired so that every two dimensions meet in every combination of sizes: around a register, a task and a layer.
//! Layers alone, losses and softmax are held against plain candle in `oracle.rs`, optimizers in `optimizers.rs`.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod bfloat16;
mod heads;
mod losses;
mod parts;
mod stacks;

use aae_ops::stream::{standard_normal, stream};
use aae_ops::{
    Activation, Linear, Param, backward, sequential, with_plain_ops, with_portable_products,
};
use candle_core::{Device, Result, Tensor, Var};

const SIZES: [usize; 9] = [1, 2, 3, 7, 31, 33, 127, 1000, 1001];

/// Every two of the nine sizes, by their places in [`SIZES`].
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..SIZES.len()).flat_map(|i| (0..SIZES.len()).map(move |j| (i, j)))
}

/// The size at `place`, counted around.
fn size(place: usize) -> usize {
    SIZES[place % SIZES.len()]
}

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

/// Two layers, their input, and by what their outputs are multiplied in a loss.
struct Case {
    layers: [Linear; 2],
    x: Var,
    weights: Tensor,
    /// Batch, inputs, width and outputs.
    shape: [usize; 4],
}

/// Stacks of every two batches and widths.
fn stacks() -> impl Iterator<Item = Case> {
    pairs().map(|(i, j)| {
        let (batch, width) = (SIZES[i], SIZES[j]);
        let (inputs, outputs) = (size(i + j), size(i + 2 * j));
        Case {
            layers: [
                layer(inputs, width, Activation::Tanh),
                layer(width, outputs, Activation::Sigmoid),
            ],
            x: Var::from_tensor(&normal(batch, inputs, "x")).unwrap(),
            weights: normal(batch, outputs, "weights"),
            shape: [batch, inputs, width, outputs],
        }
    })
}

/// How layers are computed: with the kernels that this CPU gets, with the one that every CPU could get, or by plain candle.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Path {
    Own,
    Portable,
    Plain,
}

impl Path {
    fn take<T>(self, f: impl FnOnce() -> T) -> T {
        match self {
            Self::Own => f(),
            Self::Portable => with_portable_products(f),
            Self::Plain => with_plain_ops(f),
        }
    }
}

/// The gradients of `params`, the gradient of half the loss by `x`, and what the buffers of `params` hold after that second
/// backward pass, which adds to them: one and a half gradients. The plain path has no buffers to add to.
fn gradients(loss: &Tensor, x: &Var, params: &[Param], path: Path) -> Result<Vec<Tensor>> {
    let held = || -> Result<Vec<Tensor>> {
        let held = params.iter().map(Param::gradient);
        held.map(|gradient| gradient.map(Option::unwrap)).collect()
    };
    backward(loss, params)?;
    let mut found = held()?;
    let dx = (loss * 0.5)?.backward()?.remove(x).unwrap();
    let both = match path {
        Path::Plain => found
            .iter()
            .map(|first| first * 1.5)
            .collect::<Result<_>>()?,
        Path::Own | Path::Portable => held()?,
    };
    found.push(dx);
    found.extend(both);
    Ok(found)
}

/// The [`gradients`] of the sum of a stack's output times `weights`, and the output.
fn stack(layers: &[Linear], x: &Var, weights: &Tensor, path: Path) -> Result<Vec<Tensor>> {
    path.take(|| {
        let y = sequential(layers, x)?;
        let loss = (&y * weights)?.sum_all()?;
        let params: Vec<Param> = layers.iter().flat_map(Linear::params).collect();
        let mut found = gradients(&loss, x, &params, path)?;
        found.push(y);
        Ok(found)
    })
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn bits(tensors: &[Tensor]) -> Vec<Vec<u32>> {
    let bits = |tensor: &Tensor| flat(tensor).into_iter().map(f32::to_bits).collect();
    tensors.iter().map(bits).collect()
}

/// Numbers differ by `tolerance` times the largest of their tensor at most, or times one if all are smaller.
#[track_caller]
fn assert_close(tolerance: f32, fused: &[Tensor], plain: &[Tensor], what: &str) {
    assert_close_from(1.0, tolerance, fused, plain, what);
}

/// As [`assert_close`], with `least` for one.
#[track_caller]
fn assert_close_from(least: f32, tolerance: f32, fused: &[Tensor], plain: &[Tensor], what: &str) {
    assert_eq!(fused.len(), plain.len());
    for (n, (fused, plain)) in fused.iter().zip(plain).enumerate() {
        assert_eq!(fused.dims(), plain.dims(), "{n} of {what}");
        let (fused, plain) = (flat(fused), flat(plain));
        let scale = plain.iter().fold(least, |max, x| max.max(x.abs()));
        for (i, (fused, plain)) in fused.iter().zip(&plain).enumerate() {
            assert!(
                (fused - plain).abs() <= tolerance * scale,
                "{n} of {what}: at {i} fused {fused}, plain {plain}"
            );
        }
    }
}
