//! Gradients against central finite differences of the loss itself, for networks of fused layers.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use aae_ops::loss::ElementLoss;
use aae_ops::stream::{standard_normal, stream};
use aae_ops::{
    Activation, Linear, Param, backward, loss, softmax, with_plain_ops, with_portable_products,
};
use candle_core::{Device, Result, Tensor};

fn normal(shape: (usize, usize), purpose: &str) -> Tensor {
    let numbers = standard_normal(shape.0 * shape.1, &mut stream(2, purpose, 0));
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

fn layer(name: &str, inputs: usize, outputs: usize, activation: Activation) -> Linear {
    let weight = Param::new(
        format!("{name}.weight"),
        &(normal((outputs, inputs), name) * 0.5).unwrap(),
    )
    .unwrap();
    let bias = Param::new(
        format!("{name}.bias"),
        &normal((1, outputs), "bias").squeeze(0).unwrap(),
    )
    .unwrap();
    Linear::new(weight, bias, activation).unwrap()
}

/// With the kernels that this CPU gets, with the one that every CPU could get, and by plain candle: the oracle is held to it too.
fn check(name: &str, params: &[Param], f: &dyn Fn() -> Result<Tensor>) {
    check_path(name, params, f);
    with_portable_products(|| check_path(&format!("portable {name}"), params, f));
    with_plain_ops(|| check_path(&format!("plain {name}"), params, f));
}

fn check_path(name: &str, params: &[Param], f: &dyn Fn() -> Result<Tensor>) {
    const H: f32 = 1e-2;
    backward(&f().unwrap(), params).unwrap();
    let gradients: Vec<Tensor> = params
        .iter()
        .map(|param| param.gradient().unwrap().unwrap())
        .collect();
    for (param, gradient) in params.iter().zip(gradients) {
        let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
        let start: Vec<f32> = param
            .tensor()
            .copy()
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        for (i, found) in gradient.iter().enumerate() {
            let at = |delta: f32| {
                let mut moved = start.clone();
                moved[i] += delta;
                param
                    .set(&Tensor::from_vec(moved, param.tensor().shape(), &Device::Cpu).unwrap())
                    .unwrap();
                f64::from(f().unwrap().to_scalar::<f32>().unwrap())
            };
            let want = (at(H) - at(-H)) / (2.0 * f64::from(H));
            assert!(
                (f64::from(*found) - want).abs() < 2e-3 * want.abs().max(1.0),
                "{name}, {} at {i}: backward {found}, difference {want}",
                param.name()
            );
        }
        param
            .set(&Tensor::from_vec(start, param.tensor().shape(), &Device::Cpu).unwrap())
            .unwrap();
    }
}

#[test]
fn gradients_of_networks_agree_with_finite_differences() {
    // Smooth activations: a kink of ReLU inside a difference would spoil it.
    for activation in [Activation::None, Activation::Tanh, Activation::Sigmoid] {
        let (first, second) = (
            layer("first", 5, 7, activation),
            layer("second", 7, 3, Activation::None),
        );
        let params = [first.params(), second.params()].concat();
        let x = normal((6, 5), "x");
        let target = candle_nn::ops::sigmoid(&normal((6, 3), "target")).unwrap();
        let classes = candle_nn::ops::softmax(&normal((6, 3), "classes"), 1).unwrap();
        let logits = || second.forward(&first.forward(&x)?);
        check("bce", &params, &|| {
            loss::bce_with_logits(&logits()?, &target, 1.0)
        });
        check("squared error", &params, &|| {
            ElementLoss::sigmoid_squared_error(1.0).of(&logits()?, &target)
        });
        check("softmax", &params, &|| {
            (softmax(&logits()?)? * &target)?.sqr()?.sum_all()
        });
        check("cross-entropy", &params, &|| {
            loss::softmax_cross_entropy(&logits()?, &classes, 1.0)
        });
    }
}

#[test]
fn gradients_of_piecewise_linear_activations_agree_with_finite_differences_off_their_kink() {
    for activation in [Activation::Relu, Activation::LeakyRelu] {
        // Biases of ±3 keep every unit on one side of its kink.
        let first = layer("first", 4, 6, activation);
        let bias: Vec<f32> = (0..6)
            .map(|i| if i % 2 == 0 { 3.0 } else { -3.0 })
            .collect();
        first.params()[1]
            .set(&Tensor::from_vec(bias, 6, &Device::Cpu).unwrap())
            .unwrap();
        let x = (normal((5, 4), "x") * 0.3).unwrap();
        let target = normal((5, 6), "target");
        check("relu", &first.params(), &|| {
            (first.forward(&x)? - &target)?.sqr()?.sum_all()
        });
    }
}
