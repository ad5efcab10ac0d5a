//! Products in bfloat16 against those in single precision: close, but for layers that keep single precision.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use aae_ops::stream::{standard_normal, stream};
use aae_ops::{Activation, Linear, Param, Precision, backward, sequential, with_precision};
use candle_core::{Device, Tensor, Var};

fn normal(shape: (usize, usize), purpose: &str) -> Tensor {
    let numbers = standard_normal(shape.0 * shape.1, &mut stream(2, purpose, shape.0 as u64));
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

fn layer(inputs: usize, outputs: usize, activation: Activation) -> Linear {
    let weight = (normal((outputs, inputs), "weight") * (1.0 / (inputs as f64).sqrt())).unwrap();
    let bias = normal((1, outputs), "bias").squeeze(0).unwrap();
    Linear::new(
        Param::new("w", &weight).unwrap(),
        Param::new("b", &bias).unwrap(),
        activation,
    )
    .unwrap()
}

/// The output of the layers, and the gradients of a scalar function of it by `x` and by each parameter.
fn output_and_gradients(layers: &[Linear], x: &Var, precision: Precision) -> Vec<Tensor> {
    let y = with_precision(precision, || sequential(layers, x)).unwrap();
    let scalar = (&y * normal(y.dims2().unwrap(), "loss")).unwrap();
    let scalar = scalar.sum_all().unwrap();
    let params: Vec<Param> = layers.iter().flat_map(Linear::params).collect();
    // Outside of `with_precision`: a backward pass has the precision of its forward pass.
    backward(&scalar, &params).unwrap();
    let gradients = params
        .iter()
        .map(|param| param.gradient().unwrap().unwrap());
    let mut all: Vec<Tensor> = gradients.collect();
    all.push(scalar.backward().unwrap().remove(x).unwrap());
    all.push(y);
    all
}

/// The largest difference, as a share of the largest number.
fn difference(one: &Tensor, other: &Tensor) -> f32 {
    let largest = |tensor: &Tensor| -> f32 {
        let largest = tensor.abs().unwrap().flatten_all().unwrap();
        largest.max(0).unwrap().to_scalar().unwrap()
    };
    largest(&(one - other).unwrap()) / largest(one)
}

#[test]
fn wide_layers_are_close_to_single_precision_and_not_equal() {
    let x = Var::from_tensor(&normal((17, 131), "x")).unwrap();
    // Without a kink, which a rounding error could cross.
    let layers = [
        layer(131, 67, Activation::Tanh),
        layer(67, 41, Activation::None),
    ];
    let exact = output_and_gradients(&layers, &x, Precision::F32);
    let rounded = output_and_gradients(&layers, &x, Precision::Bf16);
    for (i, (exact, rounded)) in exact.iter().zip(&rounded).enumerate() {
        let difference = difference(exact, rounded);
        assert!(difference < 0.03, "{i}: {difference}");
        // The last layer's bias adds up gradients of the output, which no product has touched.
        assert_eq!(difference == 0.0, i == 3, "{i}: {difference}");
    }
}

#[test]
fn layers_on_a_code_keep_single_precision() {
    let x = Var::from_tensor(&normal((17, 100), "x")).unwrap();
    let layers = [
        layer(100, 31, Activation::Relu),
        layer(31, 2, Activation::None),
    ];
    let exact = output_and_gradients(&layers, &x, Precision::F32);
    let rounded = output_and_gradients(&layers, &x, Precision::Bf16);
    for (exact, rounded) in exact.iter().zip(&rounded) {
        assert_eq!(difference(exact, rounded), 0.0);
    }
}

#[test]
fn the_precision_ends_with_its_closure_even_if_that_panics() {
    let x = Var::from_tensor(&normal((9, 64), "x")).unwrap();
    let layer = [layer(64, 64, Activation::None)];
    let exact = output_and_gradients(&layer, &x, Precision::F32);
    let panicked = std::panic::catch_unwind(|| with_precision(Precision::Bf16, || panic!("stop")));
    assert!(panicked.is_err());
    let y = sequential(&layer, &x).unwrap();
    assert_eq!(difference(exact.last().unwrap(), &y), 0.0);
}
