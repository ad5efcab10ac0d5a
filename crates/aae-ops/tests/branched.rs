//! Batch normalisation and several heads: against plain candle, finite differences, PyTorch, and over numbers of threads.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use aae_ops::stream::{standard_normal, stream};
use aae_ops::{
    Activation, BatchNorm, Linear, Mode, Param, backward, branched, sequential_in, with_plain_ops,
    with_portable_products, with_threads,
};
use candle_core::{Device, Result, Tensor, Var};

const MODES: [Mode; 3] = [Mode::Evaluate, Mode::Train, Mode::TrainAndTrack];

fn normal(shape: (usize, usize), purpose: &str) -> Tensor {
    let numbers = standard_normal(shape.0 * shape.1, &mut stream(4, purpose, 0));
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

fn param(name: &str, numbers: Tensor) -> Param {
    Param::new(name, &numbers).unwrap()
}

fn layer(name: &str, inputs: usize, outputs: usize, activation: Activation) -> Linear {
    let weight = (normal((outputs, inputs), name) / (inputs as f64).sqrt()).unwrap();
    let bias = normal((1, outputs), "bias").squeeze(0).unwrap();
    Linear::new(
        param(&format!("{name}.weight"), weight),
        param(&format!("{name}.bias"), bias),
        activation,
    )
    .unwrap()
}

/// A layer whose gain and running statistics are not those of the start.
fn normalised(name: &str, inputs: usize, outputs: usize, activation: Activation) -> Linear {
    let row = |purpose: &str| normal((1, outputs), purpose).squeeze(0).unwrap();
    let norm = BatchNorm::new(
        param(&format!("{name}.gain"), (row("gain") + 1.0).unwrap()),
        param(&format!("{name}.running_mean"), row("mean")),
        param(
            &format!("{name}.running_variance"),
            (row("variance").sqr().unwrap() + 0.5).unwrap(),
        ),
    )
    .unwrap();
    layer(name, inputs, outputs, activation)
        .with_batch_norm(norm)
        .unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn buffers(layers: &[Linear]) -> Vec<Tensor> {
    layers
        .iter()
        .flat_map(Linear::buffers)
        .map(|buffer| buffer.tensor().copy().unwrap())
        .collect()
}

fn bits(tensors: &[Tensor]) -> Vec<Vec<u32>> {
    let bits = |tensor: &Tensor| flat(tensor).into_iter().map(f32::to_bits).collect();
    tensors.iter().map(bits).collect()
}

#[track_caller]
fn assert_close(fused: &Tensor, plain: &Tensor, what: &str) {
    assert_eq!(fused.dims(), plain.dims(), "{what}");
    let scale = flat(plain).iter().fold(1e-2f32, |max, x| max.max(x.abs()));
    for (i, (fused, plain)) in flat(fused).iter().zip(flat(plain)).enumerate() {
        assert!(
            (fused - plain).abs() <= 5e-5 * scale,
            "{what}: at {i} fused {fused}, plain {plain}"
        );
    }
}

/// A trunk of two layers with three heads, of which some are normalised.
struct Network {
    trunk: Vec<Linear>,
    heads: Vec<Linear>,
    x: Var,
}

impl Network {
    fn new(batch: usize, inputs: usize, hidden: usize, smooth: bool) -> Self {
        let kinked = if smooth {
            Activation::Tanh
        } else {
            Activation::Relu
        };
        Self {
            trunk: vec![
                normalised("first", inputs, hidden, kinked),
                normalised("second", hidden, 5, Activation::Tanh),
            ],
            heads: vec![
                layer("style", 5, 3, Activation::None),
                normalised("label", 5, 4, Activation::Sigmoid),
                layer("one", 5, 1, Activation::Tanh),
            ],
            x: Var::from_tensor(&normal((batch, inputs), "x")).unwrap(),
        }
    }

    fn layers(&self) -> Vec<Linear> {
        [self.trunk.clone(), self.heads.clone()].concat()
    }

    fn params(&self) -> Vec<Param> {
        self.layers().iter().flat_map(Linear::params).collect()
    }

    fn loss(&self, mode: Mode) -> Result<(Vec<Tensor>, Tensor)> {
        let outputs = branched(&self.trunk, &self.heads, &self.x, mode)?;
        let mut loss = Tensor::zeros((), candle_core::DType::F32, &Device::Cpu)?;
        for (i, y) in outputs.iter().enumerate() {
            let weights = normal(y.dims2()?, &format!("weights {i}"));
            loss = (loss + ((y * weights)? + (y.sqr()? * 0.3)?)?.sum_all()?)?;
        }
        Ok((outputs, loss))
    }

    /// The outputs, the gradients of the input and of every parameter, and the running statistics afterwards.
    fn run(&self, mode: Mode) -> Result<Vec<Tensor>> {
        let (mut found, loss) = self.loss(mode)?;
        found.push(loss.backward()?.remove(&self.x).unwrap());
        backward(&loss, &self.params())?;
        for param in self.params() {
            found.push(param.gradient()?.unwrap());
        }
        found.extend(buffers(&self.layers()));
        Ok(found)
    }
}

#[test]
fn batch_norm_and_heads_agree_with_plain_candle() {
    for (batch, inputs, hidden) in [(2, 3, 7), (7, 1, 300), (33, 127, 31), (300, 5, 1001)] {
        for mode in MODES {
            let fused = Network::new(batch, inputs, hidden, false)
                .run(mode)
                .unwrap();
            let plain = Network::new(batch, inputs, hidden, false);
            let plain = with_plain_ops(|| plain.run(mode)).unwrap();
            assert_eq!(fused.len(), plain.len());
            for (i, (fused, plain)) in fused.iter().zip(&plain).enumerate() {
                assert_close(
                    fused,
                    plain,
                    &format!("{i} of {batch}x{inputs}x{hidden}, {mode:?}"),
                );
            }
        }
    }
}

#[test]
fn gradients_through_batch_norm_and_heads_agree_with_finite_differences() {
    for mode in [Mode::Evaluate, Mode::Train] {
        check_differences(mode);
        with_portable_products(|| check_differences(mode));
        with_plain_ops(|| check_differences(mode));
    }
}

fn check_differences(mode: Mode) {
    const H: f32 = 5e-3;
    let network = Network::new(6, 4, 7, true);
    let value = || f64::from(network.loss(mode).unwrap().1.to_scalar::<f32>().unwrap());
    let found = network.run(mode).unwrap();
    let x = param("x", network.x.as_tensor().copy().unwrap());
    let variables = [vec![x], network.params()].concat();
    for (variable, gradient) in variables.iter().zip(&found[3..]) {
        let start = flat(&variable.tensor().copy().unwrap());
        let set = |numbers: Vec<f32>| {
            let value = Tensor::from_vec(numbers, variable.tensor().shape(), &Device::Cpu).unwrap();
            match variable.name() {
                "x" => network.x.set(&value).unwrap(),
                _ => variable.set(&value).unwrap(),
            }
        };
        for (i, found) in flat(gradient).iter().enumerate() {
            let at = |delta: f32| {
                let mut moved = start.clone();
                moved[i] += delta;
                set(moved);
                value()
            };
            let want = (at(H) - at(-H)) / (2.0 * f64::from(H));
            assert!(
                (f64::from(*found) - want).abs() < 5e-3 * want.abs().max(1.0),
                "{mode:?}, {} at {i}: backward {found}, difference {want}",
                variable.name()
            );
        }
        set(start);
    }
}

/// ```python
/// import torch
/// m = torch.nn.BatchNorm1d(2)
/// m.weight.data = torch.tensor([1.5, -.5]); m.bias.data = torch.tensor([.25, 1.])
/// x = torch.tensor([[1., 2.], [3., -1.], [-2., .5]], requires_grad=True)
/// w = torch.tensor([[1., -2.], [.5, 3.], [-1., 1.]])
/// y = m(x); (y * w).sum().backward()
/// print(y, x.grad, m.weight.grad, m.bias.grad, m.running_mean, m.running_var)
/// m.eval(); print(m(x))
/// ```
#[test]
fn batch_norm_has_the_values_that_pytorch_gives() {
    let norm = BatchNorm::identity("m", 2, &Device::Cpu).unwrap();
    let weight = Tensor::eye(2, candle_core::DType::F32, &Device::Cpu).unwrap();
    let bias = Tensor::new(&[0.25f32, 1.], &Device::Cpu).unwrap();
    let layer = Linear::new(param("w", weight), param("b", bias), Activation::None)
        .unwrap()
        .with_batch_norm(norm)
        .unwrap();
    let params = layer.params();
    params[2]
        .set(&Tensor::new(&[1.5f32, -0.5], &Device::Cpu).unwrap())
        .unwrap();
    let x = Tensor::new(&[[1f32, 2.], [3., -1.], [-2., 0.5]], &Device::Cpu).unwrap();
    let x = Var::from_tensor(&x).unwrap();
    let w = Tensor::new(&[[1f32, -2.], [0.5, 3.], [-1., 1.]], &Device::Cpu).unwrap();
    let layers = [layer];
    let y = sequential_in(&layers, &x, Mode::TrainAndTrack).unwrap();
    let loss = (&y * w).unwrap().sum_all().unwrap();
    let dx = loss.backward().unwrap().remove(&x).unwrap();
    backward(&loss, &params).unwrap();
    let close = |found: &Tensor, want: &[f32]| {
        for (found, want) in flat(found).iter().zip(want) {
            assert!((found - want).abs() < 2e-6, "{found} for {want}");
        }
    };
    close(
        &y,
        &[
            0.493_331_8,
            0.387_629_63,
            1.953_322_8,
            1.612_370_5,
            -1.696_654_7,
            1.0,
        ],
    );
    close(
        &dx,
        &[
            0.528_286_34,
            0.068_048,
            -0.316_970_44,
            0.068_034_37,
            -0.211_315_9,
            -0.136_082_3,
        ],
    );
    close(
        &params[2].gradient().unwrap().unwrap(),
        &[2.027_765_5, -6.123_704],
    );
    close(&params[1].gradient().unwrap().unwrap(), &[0.5, 2.0]);
    let [mean, variance] = &buffers(&layers)[..] else {
        panic!("expected two buffers")
    };
    close(mean, &[0.066_666_67, 0.05]);
    close(variance, &[1.533_333_3, 1.125]);
    close(
        &sequential_in(&layers, &x, Mode::Evaluate).unwrap(),
        &[
            1.380_598_3,
            0.080_765_31,
            3.803_309,
            1.494_972_6,
            -2.253_467_6,
            0.787_869,
        ],
    );
}

#[test]
fn only_a_tracking_pass_of_an_unfrozen_layer_moves_running_statistics() {
    for plain in [false, true] {
        let network = Network::new(6, 4, 7, false);
        let run = |mode, frozen: bool| {
            let view = |layers: &[Linear]| -> Vec<Linear> {
                let view = |layer: &Linear| {
                    if frozen {
                        layer.frozen()
                    } else {
                        layer.clone()
                    }
                };
                layers.iter().map(view).collect()
            };
            let (trunk, heads) = (view(&network.trunk), view(&network.heads));
            let pass = || branched(&trunk, &heads, &network.x, mode).unwrap();
            let outputs = if plain { with_plain_ops(pass) } else { pass() };
            (bits(&outputs), bits(&buffers(&network.layers())))
        };
        let start = bits(&buffers(&network.layers()));
        assert_eq!(start.len(), 6);
        assert_eq!(run(Mode::Evaluate, false).1, start);
        let (trained, after) = run(Mode::Train, false);
        assert_eq!(after, start);
        let (frozen, after) = run(Mode::TrainAndTrack, true);
        assert_eq!(after, start);
        assert_eq!(frozen, trained, "a frozen view uses the batch's statistics");
        let (tracked, after) = run(Mode::TrainAndTrack, false);
        assert_eq!(tracked, trained);
        assert!(
            after
                .iter()
                .zip(&start)
                .all(|(after, start)| after != start)
        );
    }
}

#[test]
fn a_frozen_trunk_under_a_head_leaves_gradients_to_the_head_alone() {
    for plain in [false, true] {
        let run = || {
            let network = Network::new(6, 4, 7, false);
            let trunk: Vec<Linear> = network.trunk.iter().map(Linear::frozen).collect();
            let x = network.x.detach();
            let outputs = branched(&trunk, &network.heads, &x, Mode::Train)?;
            backward(&outputs[1].sqr()?.sum_all()?, &network.params())?;
            for layer in &network.trunk {
                for param in layer.params() {
                    assert!(param.gradient()?.is_none());
                }
            }
            for param in network.heads[1].params() {
                assert!(flat(&param.gradient()?.unwrap()).iter().any(|g| *g != 0.0));
            }
            Ok::<_, candle_core::Error>(())
        };
        if plain { with_plain_ops(run) } else { run() }.unwrap();
    }
}

#[test]
fn the_trunk_may_be_empty_and_one_head_is_a_stack() {
    let network = Network::new(6, 5, 7, false);
    let heads = branched(&[], &network.heads, &network.x, Mode::Train).unwrap();
    for (head, y) in network.heads.iter().zip(&heads) {
        let alone = sequential_in(std::slice::from_ref(head), &network.x, Mode::Train).unwrap();
        assert_eq!(flat(y), flat(&alone));
    }
    let one = branched(&network.trunk, &network.heads[..1], &network.x, Mode::Train).unwrap();
    let layers = [network.trunk.clone(), network.heads[..1].to_vec()].concat();
    let stack = sequential_in(&layers, &network.x, Mode::Train).unwrap();
    assert_eq!(flat(&one[0]), flat(&stack));
}

#[test]
fn two_threads_give_the_bytes_of_one() {
    let run = |threads| {
        let run = || {
            let network = Network::new(100, 300, 1001, false);
            bits(&network.run(Mode::TrainAndTrack).unwrap())
        };
        with_threads(threads, run).unwrap()
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn what_cannot_be_normalised_or_does_not_fit_is_an_error() {
    let network = Network::new(1, 4, 7, false);
    for plain in [false, true] {
        let message = |mode| {
            let run = || branched(&network.trunk, &network.heads, &network.x, mode);
            let result = if plain { with_plain_ops(run) } else { run() };
            result.err().map(|error| error.to_string())
        };
        assert_eq!(message(Mode::Evaluate), None);
        for mode in [Mode::Train, Mode::TrainAndTrack] {
            let message = message(mode).unwrap();
            assert!(message.contains("at least two rows"), "{message}");
        }
    }
    let norm = BatchNorm::identity("norm", 3, &Device::Cpu).unwrap();
    let layer = layer("layer", 5, 2, Activation::None);
    assert!(layer.clone().with_batch_norm(norm).is_err());
    assert!(branched(&[], &[], &network.x, Mode::Train).is_err());
    assert!(branched(&[], &[layer], &network.x, Mode::Train).is_err());
    let row = |n: usize| {
        param(
            "row",
            Tensor::ones(n, candle_core::DType::F32, &Device::Cpu).unwrap(),
        )
    };
    assert!(BatchNorm::new(row(3), row(3), row(2)).is_err());
}
