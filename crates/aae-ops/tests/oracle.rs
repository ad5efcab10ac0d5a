//! Every fused operation against the same function composed of plain candle operations, over odd shapes.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use aae_ops::loss::ElementLoss;
use aae_ops::stream::{standard_normal, stream};
use aae_ops::{
    Activation, Linear, Param, backward, loss, softmax, with_plain_ops, with_portable_products,
};
use candle_core::{Device, Result, Tensor, Var};

const SIZES: [usize; 10] = [1, 2, 3, 7, 31, 33, 127, 300, 1000, 1001];
const ACTIVATIONS: [Activation; 5] = [
    Activation::None,
    Activation::Relu,
    Activation::LeakyRelu,
    Activation::Tanh,
    Activation::Sigmoid,
];

fn normal(shape: (usize, usize), purpose: &str) -> Tensor {
    let numbers = standard_normal(
        shape.0 * shape.1,
        &mut stream(1, purpose, (shape.0 * 4096 + shape.1) as u64),
    );
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

/// Normal numbers rounded to multiples of 1/8: sums of their products are exact in any order, so that no rounding decides on
/// which side of a kink a number falls.
fn eighths(shape: (usize, usize), purpose: &str) -> Tensor {
    ((normal(shape, purpose) * 8.0).unwrap().round().unwrap() / 8.0).unwrap()
}

/// A layer whose products of [`eighths`] are exact, too, and never add up to zero with its bias.
fn layer(inputs: usize, outputs: usize, activation: Activation) -> Linear {
    let scale = 0.5f64.powf((inputs as f64).sqrt().log2().round());
    let weight = (eighths((outputs, inputs), "weight") * scale).unwrap();
    let bias = (eighths((1, outputs), "bias") + 1.0 / 128.0).unwrap();
    let bias = (bias * scale).unwrap().squeeze(0).unwrap();
    Linear::new(
        Param::new("w", &weight).unwrap(),
        Param::new("b", &bias).unwrap(),
        activation,
    )
    .unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[track_caller]
fn assert_close(fused: &Tensor, plain: &Tensor, what: &str) {
    assert_close_from(1e-3, fused, plain, what);
}

/// As [`assert_close`], for numbers that are a difference of numbers of at least `scale`.
#[track_caller]
fn assert_close_from(scale: f32, fused: &Tensor, plain: &Tensor, what: &str) {
    assert_eq!(fused.dims(), plain.dims(), "{what}");
    let scale = flat(plain).iter().fold(scale, |max, x| max.max(x.abs()));
    for (i, (fused, plain)) in flat(fused).iter().zip(flat(plain)).enumerate() {
        assert!(
            (fused - plain).abs() <= 2e-5 * scale,
            "{what}: at {i} fused {fused}, plain {plain}"
        );
    }
}

/// Output, gradients of x, W and b of a scalar function of a layer's output.
fn layer_and_gradients(layer: &Linear, x: &Var, weights: &Tensor) -> Result<[Tensor; 4]> {
    let y = layer.forward(x)?;
    let scalar = (&y * weights)?.sum_all()?;
    let params = layer.params();
    backward(&scalar, &params)?;
    let dx = scalar.backward()?.remove(x).unwrap();
    // The second backward pass added to the fused path's buffers; only the first one's gradient is wanted.
    backward(&scalar, &params)?;
    let gradient = |i: usize| params[i].gradient().map(Option::unwrap);
    Ok([y, dx, gradient(0)?, gradient(1)?])
}

#[test]
fn a_linear_layer_agrees_with_plain_candle() {
    for (i, &inputs) in SIZES.iter().enumerate() {
        for (j, &outputs) in SIZES.iter().enumerate() {
            let batch = SIZES[(i + j) % SIZES.len()];
            let activation = ACTIVATIONS[(i + 2 * j) % ACTIVATIONS.len()];
            let layer = layer(inputs, outputs, activation);
            let x = Var::from_tensor(&eighths((batch, inputs), "x")).unwrap();
            let weights = normal((batch, outputs), "weights");
            let run = || layer_and_gradients(&layer, &x, &weights).unwrap();
            let (fused, portable) = (run(), with_portable_products(run));
            let plain = with_plain_ops(run);
            for (i, name) in ["y", "dx", "dw", "db"].iter().enumerate() {
                let what = format!("{name} of {batch}x{inputs} -> {outputs}, {activation:?}");
                assert_close(&fused[i], &plain[i], &what);
                assert_close(&portable[i], &plain[i], &format!("portable {what}"));
            }
        }
    }
}

#[test]
fn gradients_of_a_layer_used_twice_add_up() {
    let layer = layer(5, 4, Activation::Tanh);
    let (a, b) = (normal((3, 5), "a"), normal((2, 5), "b"));
    let run = || {
        let loss = (layer.forward(&a)?.sum_all()? + layer.forward(&b)?.sqr()?.sum_all()?)?;
        backward(&loss, &layer.params())?;
        layer
            .params()
            .iter()
            .map(|param| param.gradient().map(Option::unwrap))
            .collect::<Result<Vec<_>>>()
    };
    let (fused, plain) = (run().unwrap(), with_plain_ops(run).unwrap());
    fused
        .iter()
        .zip(&plain)
        .for_each(|(fused, plain)| assert_close(fused, plain, "sum"));
}

#[test]
fn a_frozen_layer_passes_gradients_on_and_has_none() {
    for plain in [false, true] {
        let run = || {
            let (first, second) = (layer(4, 6, Activation::Relu), layer(6, 3, Activation::None));
            let loss = second
                .frozen()
                .forward(&first.forward(&normal((5, 4), "x"))?)?
                .sum_all()?;
            backward(&loss, &[first.params(), second.params()].concat())?;
            assert!(first.params()[0].gradient()?.is_some());
            assert!(second.params()[0].gradient()?.is_none());
            assert!(second.params()[1].gradient()?.is_none());
            Ok::<_, candle_core::Error>(())
        };
        if plain {
            with_plain_ops(run).unwrap()
        } else {
            run().unwrap()
        }
    }
}

type Loss<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;

/// A loss and its gradient with respect to the logits.
fn loss_and_gradient(f: Loss<'_>, logits: &Var) -> Result<[Tensor; 2]> {
    let loss = f(logits)?;
    let gradient = (&loss * 3.0)?.backward()?.remove(logits).unwrap();
    Ok([loss, gradient])
}

#[test]
fn losses_agree_with_plain_candle() {
    for shape in SIZES
        .iter()
        .flat_map(|&rows| SIZES.map(|columns| (rows, columns)))
    {
        let logits = Var::from_tensor(&(normal(shape, "logits") * 4.0).unwrap()).unwrap();
        let target = candle_nn::ops::sigmoid(&normal(shape, "target")).unwrap();
        let probabilities = candle_nn::ops::softmax(&target, 1).unwrap();
        let losses: [(&str, Loss<'_>); 3] = [
            ("bce", &|x| loss::bce_with_logits(x, &target, 0.3)),
            ("squared error", &|x| {
                ElementLoss::sigmoid_squared_error(0.3).of(x, &target)
            }),
            ("cross-entropy", &|x| {
                loss::softmax_cross_entropy(x, &probabilities, 0.3)
            }),
        ];
        for (name, f) in losses {
            let fused = loss_and_gradient(f, &logits).unwrap();
            let plain = with_plain_ops(|| loss_and_gradient(f, &logits)).unwrap();
            let what = format!("{name} of {shape:?}");
            assert_close(&fused[0], &plain[0], &what);
            assert_close(&fused[1], &plain[1], &what);
        }
    }
}

#[test]
fn softmax_agrees_with_plain_candle() {
    for shape in SIZES
        .iter()
        .flat_map(|&rows| SIZES.map(|columns| (rows, columns)))
    {
        let logits = Var::from_tensor(&(normal(shape, "logits") * 4.0).unwrap()).unwrap();
        let weights = normal(shape, "weights");
        let run = || {
            let y = softmax(&logits)?;
            let scalar = (&y * &weights)?.sum_all()?;
            Ok::<_, candle_core::Error>([y, scalar.backward()?.remove(&logits).unwrap()])
        };
        let (fused, plain) = (run().unwrap(), with_plain_ops(run).unwrap());
        assert_close(&fused[0], &plain[0], "softmax");
        assert_close_from(1.0, &fused[1], &plain[1], "gradient of softmax");
        let transposed = softmax(&logits.t().unwrap()).unwrap();
        let plain = with_plain_ops(|| softmax(&logits.t().unwrap())).unwrap();
        assert_close(&transposed, &plain, "softmax of a transpose");
    }
}

#[test]
fn softmax_is_stable_and_passes_a_nan_on() {
    for plain in [false, true] {
        let run = |row: [f32; 3]| {
            let x = Tensor::new(&[row], &Device::Cpu).unwrap();
            let y = if plain {
                with_plain_ops(|| softmax(&x))
            } else {
                softmax(&x)
            };
            flat(&y.unwrap())
        };
        assert_eq!(run([1e30, -1e30, 1e30]), [0.5, 0.0, 0.5]);
        assert_eq!(run([f32::NEG_INFINITY, -200.0, -400.0]), [0.0, 1.0, 0.0]);
    }
    let x = Tensor::new(&[[0f32, f32::NAN, 1.], [0., 0., 0.]], &Device::Cpu).unwrap();
    let y = flat(&softmax(&x).unwrap());
    assert!(y[..3].iter().all(|y| y.is_nan()));
    assert_eq!(y[3..], [1.0 / 3.0; 3]);
}

/// ```python
/// import torch, torch.nn.functional as F
/// x = torch.tensor([[2., -1., .5], [0., 100., -100.]]); t = torch.tensor([[1., 0., .25], [.5, 1., 0.]])
/// F.binary_cross_entropy_with_logits(x, t, reduction="sum")                        # 1.9824140
/// ((torch.sigmoid(x) - t) ** 2).sum()                                              # 0.2252648
/// F.cross_entropy(x, torch.tensor([[1., 0., 0.], [0., .5, .5]]), reduction="sum")   # 100.2413101
/// ```
#[test]
fn losses_have_the_values_that_pytorch_gives() {
    let x = Tensor::new(&[[2f32, -1., 0.5], [0., 100., -100.]], &Device::Cpu).unwrap();
    let t = Tensor::new(&[[1f32, 0., 0.25], [0.5, 1., 0.]], &Device::Cpu).unwrap();
    let classes = Tensor::new(&[[1f32, 0., 0.], [0., 0.5, 0.5]], &Device::Cpu).unwrap();
    let close = |loss: Result<Tensor>, want: f32| {
        let found = loss.unwrap().to_scalar::<f32>().unwrap();
        assert!(
            (found - want).abs() < 2e-6 * want.max(1.0),
            "{found} for {want}"
        );
    };
    close(loss::bce_with_logits(&x, &t, 1.0), 1.982_414);
    close(
        ElementLoss::sigmoid_squared_error(1.0).of(&x, &t),
        0.225_264_8,
    );
    close(loss::softmax_cross_entropy(&x, &classes, 1.0), 100.241_31);
}

#[test]
fn a_nan_in_the_logits_is_a_nan_in_the_loss() {
    let x = Tensor::new(&[[f32::NAN, 1.0]], &Device::Cpu).unwrap();
    let t = Tensor::new(&[[0f32, 1.0]], &Device::Cpu).unwrap();
    for loss in [
        loss::bce_with_logits(&x, &t, 1.0),
        ElementLoss::sigmoid_squared_error(1.0).of(&x, &t),
        loss::softmax_cross_entropy(&x, &t, 1.0),
    ] {
        assert!(loss.unwrap().to_scalar::<f32>().unwrap().is_nan());
    }
    let layer = layer(2, 3, Activation::Relu);
    assert!(flat(&layer.forward(&x).unwrap()).iter().all(|y| y.is_nan()));
}

#[test]
fn wrong_shapes_are_errors() {
    let x = normal((2, 3), "x");
    let other = normal((3, 2), "x");
    assert!(loss::bce_with_logits(&x, &other, 1.0).is_err());
    assert!(loss::softmax_cross_entropy(&x, &other, 1.0).is_err());
    assert!(softmax(&x.narrow(1, 0, 0).unwrap()).is_err());
    assert!(softmax(&x.flatten_all().unwrap()).is_err());
    assert!(
        layer(4, 2, Activation::None)
            .forward(&x)
            .unwrap_err()
            .to_string()
            .contains("expected rows of 4")
    );
    assert!(
        backward(&x, &[])
            .unwrap_err()
            .to_string()
            .contains("scalar")
    );
}
