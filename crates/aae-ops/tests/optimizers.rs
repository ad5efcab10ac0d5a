//! The fused optimizers against plain candle operations, against PyTorch's numbers, and across a restart.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use aae_ops::optim::{AdamConfig, Optimizer, SgdConfig};
use aae_ops::stream::{standard_normal, stream};
use aae_ops::{Activation, Linear, Param, backward, gradient_norm, loss, with_plain_ops};
use candle_core::{Device, Tensor};

fn layer(inputs: usize, outputs: usize) -> Linear {
    let draw = |n, purpose| standard_normal(n, &mut stream(3, purpose, 0));
    let weight =
        Tensor::from_vec(draw(inputs * outputs, "w"), (outputs, inputs), &Device::Cpu).unwrap();
    let bias = Tensor::from_vec(draw(outputs, "b"), outputs, &Device::Cpu).unwrap();
    Linear::new(
        Param::new("w", &weight).unwrap(),
        Param::new("b", &bias).unwrap(),
        Activation::None,
    )
    .unwrap()
}

fn train(layer: &Linear, optimizer: &mut Optimizer, steps: std::ops::Range<u64>) {
    for step in steps {
        let rows = standard_normal(4 * 37, &mut stream(3, "x", step));
        let x = Tensor::from_vec(rows, (4, 37), &Device::Cpu).unwrap();
        let y = layer.forward(&x).unwrap();
        let loss = loss::bce_with_logits(&y, &y.ones_like().unwrap(), 0.1).unwrap();
        backward(&loss, &layer.params()).unwrap();
        optimizer.step(&layer.params(), 0.01, 0.5).unwrap();
    }
}

fn optimizers(layer: &Linear) -> [Optimizer; 2] {
    of_params(&layer.params())
}

fn of_params(params: &[Param]) -> [Optimizer; 2] {
    let adam = AdamConfig {
        beta1: 0.8,
        beta2: 0.95,
        epsilon: 1e-6,
        weight_decay: 0.02,
    };
    [
        Optimizer::adam(adam, params).unwrap(),
        Optimizer::sgd(
            SgdConfig {
                momentum: 0.7,
                weight_decay: 0.02,
            },
            params,
        )
        .unwrap(),
    ]
}

fn numbers(layer: &Linear) -> Vec<f32> {
    layer
        .params()
        .iter()
        .flat_map(|p| p.tensor().flatten_all().unwrap().to_vec1::<f32>().unwrap())
        .collect()
}

#[test]
fn fused_optimizers_agree_with_plain_candle() {
    for kind in 0..2 {
        let (fused, plain) = (layer(37, 5), layer(37, 5));
        train(&fused, &mut optimizers(&fused)[kind], 0..20);
        with_plain_ops(|| train(&plain, &mut optimizers(&plain)[kind], 0..20));
        for (fused, plain) in numbers(&fused).iter().zip(numbers(&plain)) {
            assert!((fused - plain).abs() < 1e-5, "fused {fused}, plain {plain}");
        }
        assert_ne!(numbers(&fused), numbers(&layer(37, 5)));
    }
}

/// Sizes around a register and a task, so that every tail of a pass is met.
#[test]
fn fused_optimizers_agree_with_plain_candle_on_any_shape() {
    const SIZES: [usize; 9] = [1, 2, 3, 7, 31, 33, 127, 1000, 1001];
    for shape in SIZES
        .iter()
        .flat_map(|&rows| SIZES.map(|columns| (rows, columns)))
    {
        let draw = |purpose| {
            let numbers = standard_normal(shape.0 * shape.1, &mut stream(3, purpose, 1));
            Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
        };
        for kind in 0..2 {
            let run = || {
                let [w, b] = ["w", "b"].map(|name| Param::new(name, &draw(name)).unwrap());
                let layer = [w, b];
                let mut optimizer = of_params(&layer).into_iter().nth(kind).unwrap();
                let mut norms = Vec::new();
                for _ in 0..3 {
                    // A loss whose gradients are the numbers drawn; the second parameter has none.
                    let loss = (layer[0].tensor() * draw("g")).unwrap().sum_all().unwrap();
                    backward(&loss, &layer).unwrap();
                    norms.push(gradient_norm(&layer).unwrap());
                    optimizer.step(&layer, 0.01, 0.5).unwrap();
                }
                let numbers = layer.map(|p| p.tensor().flatten_all().unwrap());
                (numbers.map(|n| n.to_vec1::<f32>().unwrap()), norms)
            };
            let ((fused, norms), (plain, plain_norms)) = (run(), with_plain_ops(run));
            for (fused, plain) in fused[0].iter().zip(&plain[0]) {
                assert!(
                    (fused - plain).abs() < 2e-6 * plain.abs().max(1.0),
                    "{shape:?}: fused {fused}, plain {plain}"
                );
            }
            assert_eq!(fused[1], plain[1], "{shape:?}: no gradient, no change");
            for (norm, plain) in norms.iter().zip(plain_norms) {
                assert!((norm - plain).abs() < 1e-5 * plain, "{norm} for {plain}");
            }
        }
    }
}

#[test]
fn a_restored_optimizer_goes_on_to_the_same_bits() {
    for kind in 0..2 {
        let (whole, first) = (layer(37, 5), layer(37, 5));
        train(&whole, &mut optimizers(&whole)[kind], 0..8);

        let mut optimizer = optimizers(&first).into_iter().nth(kind).unwrap();
        train(&first, &mut optimizer, 0..3);
        let state: Vec<Tensor> = optimizer
            .state()
            .iter()
            .map(|(_, tensor)| tensor.copy().unwrap())
            .collect();
        let mut resumed = optimizers(&first).into_iter().nth(kind).unwrap();
        resumed.restore(&state, optimizer.steps_taken()).unwrap();
        train(&first, &mut resumed, 3..8);
        assert_eq!(numbers(&whole), numbers(&first));

        assert!(resumed.restore(&state[1..], 3).is_err());
    }
}

/// ```python
/// import torch
/// def run(make):
///     p = torch.nn.Parameter(torch.tensor([1., -2., .5])); o = make([p])
///     for t in range(3):
///         p.grad = torch.tensor([.1, -.2, 3.]) * (t + 1); o.step()
///     return p.tolist()
/// run(lambda p: torch.optim.Adam(p, lr=.1))                 # [0.7076817, -1.7076817, 0.2076817]
/// run(lambda p: torch.optim.SGD(p, lr=.1, momentum=.9))     # [0.9049000, -1.8098000, -2.3529999]
/// ```
#[test]
fn optimizers_have_the_values_that_pytorch_gives() {
    let start = Tensor::new(&[1f32, -2., 0.5], &Device::Cpu).unwrap();
    let gradient = Tensor::new(&[0.1f32, -0.2, 3.], &Device::Cpu).unwrap();
    let run = |make: &dyn Fn(&[Param]) -> Optimizer| {
        let param = Param::new("p", &start).unwrap();
        let mut optimizer = make(std::slice::from_ref(&param));
        for t in 1..=3 {
            // A loss whose gradient is the wanted one.
            let loss = (param.tensor() * (&gradient * f64::from(t)).unwrap())
                .unwrap()
                .sum_all()
                .unwrap();
            backward(&loss, std::slice::from_ref(&param)).unwrap();
            optimizer
                .step(std::slice::from_ref(&param), 0.1, 1.0)
                .unwrap();
        }
        param.tensor().to_vec1::<f32>().unwrap()
    };
    let adam = run(&|params| Optimizer::adam(AdamConfig::default(), params).unwrap());
    let sgd = run(&|params| {
        Optimizer::sgd(
            SgdConfig {
                momentum: 0.9,
                weight_decay: 0.0,
            },
            params,
        )
        .unwrap()
    });
    let want = [
        0.707_681_7f32,
        -1.707_681_7,
        0.207_681_7,
        0.904_9,
        -1.809_8,
        -2.353,
    ];
    for (found, want) in adam.iter().chain(&sgd).zip(&want) {
        assert!((found - want).abs() < 1e-6, "{found} for {want}");
    }
}

#[test]
fn the_gradient_norm_is_over_all_parameters() {
    let (a, b) = (
        Param::new("a", &Tensor::new(&[0f32, 0.], &Device::Cpu).unwrap()).unwrap(),
        layer(1, 1),
    );
    let params = [vec![a.clone()], b.params()].concat();
    let loss = (a.tensor() * Tensor::new(&[3f32, 4.], &Device::Cpu).unwrap())
        .unwrap()
        .sum_all()
        .unwrap();
    backward(&loss, &params).unwrap();
    assert_eq!(gradient_norm(&params).unwrap(), 5.0);
    assert_eq!(with_plain_ops(|| gradient_norm(&params)).unwrap(), 5.0);

    // Squares that are none in single precision, and a gradient of nothing.
    for (factor, want) in [(1e20, 5e20), (1e-30, 5e-30), (0.0, 0.0)] {
        backward(&(&loss * factor).unwrap(), &params).unwrap();
        for norm in [
            gradient_norm(&params),
            with_plain_ops(|| gradient_norm(&params)),
        ] {
            let norm = norm.unwrap();
            assert!((norm - want).abs() <= 1e-6 * want, "{norm} for {want}");
        }
    }
}

#[test]
fn parameters_of_another_shape_are_refused_before_anything_moves() {
    let param = |name: &str, n: usize| {
        let ones = Tensor::ones(n, candle_core::DType::F32, &Device::Cpu).unwrap();
        Param::new(name, &ones).unwrap()
    };
    let [small, large] = [param("small", 4), param("large", 8)];
    let sums = [&small, &large].map(|param| param.tensor().sum_all().unwrap());
    let loss = (&sums[0] + &sums[1]).unwrap();
    for mut optimizer in of_params(&[small.clone(), large.clone()]) {
        backward(&loss, &[small.clone(), large.clone()]).unwrap();
        for wrong in [[&large, &small], [&small, &small]] {
            let error = optimizer.step(&wrong.map(Param::clone), 0.1, 1.0);
            assert!(error.unwrap_err().to_string().contains("was made for"));
        }
        assert_eq!(optimizer.steps_taken(), 0);
        for param in [&small, &large] {
            assert!(numbers_of(param).iter().all(|x| *x == 1.0));
        }
    }
}

#[test]
fn parameters_of_another_name_are_refused_for_the_moments_are_not_theirs() {
    let ones = Tensor::ones(4, candle_core::DType::F32, &Device::Cpu).unwrap();
    let [one, other] = ["one", "other"].map(|name| Param::new(name, &ones).unwrap());
    for mut optimizer in of_params(&[one.clone(), other.clone()]) {
        let swapped = [other.clone(), one.clone()];
        let error = optimizer.step(&swapped, 0.1, 1.0).unwrap_err().to_string();
        let says = "the optimizer was made for one of [4], found other of [4]";
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn decays_of_1_and_more_or_below_0_are_refused() {
    let params = layer(2, 1).params();
    for decay in [1.0, 1.5, -0.1, f64::NAN] {
        let adam = |beta1, beta2| {
            let config = AdamConfig {
                beta1,
                beta2,
                ..AdamConfig::default()
            };
            Optimizer::adam(config, &params)
        };
        let sgd = SgdConfig {
            momentum: decay,
            weight_decay: 0.0,
        };
        for (name, made) in [
            ("beta1", adam(decay, 0.9)),
            ("beta2", adam(0.9, decay)),
            ("momentum", Optimizer::sgd(sgd, &params)),
        ] {
            let error = made.unwrap_err().to_string();
            let says = format!("{name}: expected a number from 0 to below 1, found {decay}");
            assert!(error.contains(&says), "{error}");
        }
    }
}

#[test]
fn a_state_of_another_type_is_refused_and_any_layout_is_taken() {
    let square = Tensor::from_vec(vec![1f32, 2.0, 3.0, 4.0], (2, 2), &Device::Cpu).unwrap();
    let param = Param::new("w", &square).unwrap();
    for mut optimizer in of_params(std::slice::from_ref(&param)) {
        let n = optimizer.state().len();
        let doubles = square.to_dtype(candle_core::DType::F64).unwrap();
        assert!(optimizer.restore(&vec![doubles; n], 1).is_err());
        let view = square.t().unwrap();
        optimizer.restore(&vec![view; n], 1).unwrap();
        let loss = param.tensor().sum_all().unwrap();
        backward(&loss, std::slice::from_ref(&param)).unwrap();
        optimizer
            .step(std::slice::from_ref(&param), 0.1, 1.0)
            .unwrap();
    }
}

#[test]
fn a_gradient_remembers_no_operand() {
    let [x, heads] = ["x", "heads"].map(|name| {
        let rows = standard_normal(4, &mut stream(3, name, 0));
        let rows = Tensor::from_vec(rows, (2, 2), &Device::Cpu).unwrap();
        Param::new(name, &rows).unwrap()
    });
    // The weight itself is the operand, which candle keeps for the gradient of the other.
    let product = x.tensor().tanh().unwrap().matmul(&heads.tensor()).unwrap();
    backward(&product.sum_all().unwrap(), &[x, heads.clone()]).unwrap();
    assert!(!heads.gradient().unwrap().unwrap().track_op());
}

fn numbers_of(param: &Param) -> Vec<f32> {
    param.tensor().flatten_all().unwrap().to_vec1().unwrap()
}
