//! Gradients of weights are computed when they are used, and are what they would have been at once.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use aae_ops::optim::{AdamConfig, Optimizer, SgdConfig};
use aae_ops::stream::{standard_normal, stream};
use aae_ops::{
    Activation, Linear, Param, Precision, backward, gradient_norm, sequential, with_plain_ops,
    with_precision, zero_gradients,
};
use candle_core::{Device, Result, Tensor, Var};

fn normal(rows: usize, columns: usize, purpose: &str) -> Tensor {
    let numbers = standard_normal(rows * columns, &mut stream(8, purpose, 0));
    Tensor::from_vec(numbers, (rows, columns), &Device::Cpu).unwrap()
}

fn layer(inputs: usize, outputs: usize) -> Linear {
    let weight = (normal(outputs, inputs, "weight") / (inputs as f64).sqrt()).unwrap();
    let bias = normal(1, outputs, "bias").squeeze(0).unwrap();
    Linear::new(
        Param::new("w", &weight).unwrap(),
        Param::new("b", &bias).unwrap(),
        Activation::Tanh,
    )
    .unwrap()
}

fn stack() -> [Linear; 2] {
    [layer(67, 101), layer(101, 41)]
}

fn params(layers: &[Linear]) -> Vec<Param> {
    layers.iter().flat_map(Linear::params).collect()
}

fn loss(layers: &[Linear], x: &Tensor) -> Result<Tensor> {
    sequential(layers, x)?.sqr()?.mean_all()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let numbers: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
    numbers.into_iter().map(f32::to_bits).collect()
}

fn values(params: &[Param]) -> Vec<Vec<u32>> {
    params.iter().map(|param| bits(&param.tensor())).collect()
}

fn optimizers(params: &[Param]) -> [Optimizer; 2] {
    let adam = AdamConfig {
        weight_decay: 0.01,
        ..AdamConfig::default()
    };
    let sgd = SgdConfig {
        momentum: 0.9,
        weight_decay: 0.01,
    };
    [
        Optimizer::adam(adam, params).unwrap(),
        Optimizer::sgd(sgd, params).unwrap(),
    ]
}

/// The parameters after three steps; `before` is called between each backward pass and its step.
fn trained(which: usize, precision: Precision, before: impl Fn(&[Param])) -> Vec<Vec<u32>> {
    let layers = stack();
    let params = params(&layers);
    let [adam, sgd] = optimizers(&params);
    let mut optimizer = if which == 0 { adam } else { sgd };
    for step in 0..3 {
        let x = normal(29, 67, &format!("x{step}"));
        let loss = with_precision(precision, || loss(&layers, &x)).unwrap();
        backward(&loss, &params).unwrap();
        before(&params);
        optimizer.step(&params, 0.01, 0.5).unwrap();
    }
    values(&params)
}

#[test]
fn a_step_is_the_same_whether_its_gradients_were_read_before_or_not() {
    for precision in [Precision::F32, Precision::Bf16] {
        for which in [0, 1] {
            let deferred = trained(which, precision, |_| {});
            let read = trained(which, precision, |params| {
                assert!(gradient_norm(params).unwrap() > 1e-3);
            });
            assert!(deferred == read, "{which}, {precision:?}");
            assert!(values(&params(&stack())) != deferred);
        }
    }
}

#[test]
fn a_gradient_can_be_read_as_often_as_one_likes_and_is_there_after_the_step() {
    let layers = stack();
    let params = params(&layers);
    let x = normal(29, 67, "x");
    backward(&loss(&layers, &x).unwrap(), &params).unwrap();
    let [mut adam, _] = optimizers(&params);
    adam.step(&params, 0.01, 1.0).unwrap();
    let first = params[0].gradient().unwrap().unwrap();
    let second = params[0].gradient().unwrap().unwrap();
    assert_eq!(bits(&first), bits(&second));
    zero_gradients(&params);
    assert!(params[0].gradient().unwrap().is_none());
    // Without a gradient a parameter stays as it is.
    let before = values(&params);
    adam.step(&params, 0.01, 1.0).unwrap();
    assert_eq!(before, values(&params));
}

#[test]
fn a_layer_that_is_used_twice_has_the_sum_of_both_gradients() {
    let layers = stack();
    let params = params(&layers);
    let (x, other) = (normal(29, 67, "x"), normal(5, 67, "other"));
    let gradient = |loss: Tensor| -> Vec<f32> {
        backward(&loss, &params).unwrap();
        let gradient = params[0].gradient().unwrap().unwrap();
        gradient.flatten_all().unwrap().to_vec1().unwrap()
    };
    let of = |x: &Tensor| loss(&layers, x).unwrap();
    let (one, two) = (gradient(of(&x)), gradient(of(&other)));
    let both = gradient((of(&x) + of(&other)).unwrap());
    for ((both, one), two) in both.iter().zip(&one).zip(&two) {
        assert!((both - (one + two)).abs() < 1e-6, "{both} {one} {two}");
    }
    assert!(one.iter().any(|x| x.abs() > 1e-4) && two.iter().any(|x| x.abs() > 1e-4));
}

#[test]
fn an_input_may_move_before_the_gradient_is_used() {
    let layers = stack();
    let params = params(&layers);
    let x = Var::from_tensor(&normal(29, 67, "x")).unwrap();
    for input in [x.as_tensor().clone(), x.as_detached_tensor()] {
        let gradient = |moved: bool| {
            x.set(&normal(29, 67, "x")).unwrap();
            backward(&loss(&layers, &input).unwrap(), &params).unwrap();
            if moved {
                x.set(&normal(29, 67, "elsewhere")).unwrap();
            }
            bits(&params[0].gradient().unwrap().unwrap())
        };
        assert_eq!(gradient(false), gradient(true));
    }
}

#[test]
fn an_input_may_be_a_parameter_that_the_same_step_moves() {
    let updated = |plain: bool| -> Vec<f32> {
        let layers = stack();
        let codes = Param::new("codes", &normal(29, 67, "x")).unwrap();
        let all = [vec![codes.clone()], params(&layers)].concat();
        let [_, mut sgd] = optimizers(&all);
        let mut step = || {
            let own = codes.tensor().sqr()?.sum_all()?;
            let loss = (loss(&layers, &codes.frozen().tensor())? + own)?;
            backward(&loss, &all)?;
            sgd.step(&all, 0.1, 1.0)
        };
        match plain {
            true => with_plain_ops(&mut step),
            false => step(),
        }
        .unwrap();
        let weight = all[1].tensor().flatten_all().unwrap();
        weight.to_vec1().unwrap()
    };
    for (plain, fused) in updated(true).iter().zip(updated(false)) {
        assert!((plain - fused).abs() < 1e-6, "{plain} {fused}");
    }
}

#[test]
fn a_layer_may_be_given_its_own_weight() {
    let layers = [layer(64, 64)];
    let params = params(&layers);
    let [_, mut sgd] = optimizers(&params);
    let x = params[0].frozen().tensor();
    backward(&loss(&layers, &x).unwrap(), &params).unwrap();
    let before = values(&params);
    // Were the input read while the weight is written, this would wait for ever.
    sgd.step(&params, 0.1, 1.0).unwrap();
    assert_ne!(before, values(&params));
}

#[test]
fn a_step_of_plain_operations_takes_a_gradient_that_a_fused_pass_left() {
    let updated = |plain: bool| -> Vec<f32> {
        let layers = stack();
        let params = params(&layers);
        backward(&loss(&layers, &normal(29, 67, "x")).unwrap(), &params).unwrap();
        let [_, mut sgd] = optimizers(&params);
        match plain {
            true => with_plain_ops(|| sgd.step(&params, 0.1, 1.0)),
            false => sgd.step(&params, 0.1, 1.0),
        }
        .unwrap();
        let weight = params[0].tensor().flatten_all().unwrap();
        weight.to_vec1().unwrap()
    };
    for (plain, fused) in updated(true).iter().zip(updated(false)) {
        assert!((plain - fused).abs() < 1e-6, "{plain} {fused}");
    }
}
