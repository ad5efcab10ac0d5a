//! Batch norm and heads.

use aae_ops::{Activation, BatchNorm, Linear, Mode, Param, branched, with_threads};
use candle_core::{Result, Tensor, Var};

use crate::{Path, SIZES, assert_close, bits, gradients, layer, normal, pairs, param, row, size};

const MODES: [Mode; 3] = [Mode::Evaluate, Mode::Train, Mode::TrainAndTrack];
/// Those without a kink: after batch norm, rounding alone may decide on which side of one a number falls.
const SMOOTH: [Activation; 3] = [Activation::None, Activation::Tanh, Activation::Sigmoid];

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
    /// The [`gradients`] of a function of the outputs, the outputs, and the running statistics afterwards.
    fn run(&self, path: Path) -> Result<Vec<Tensor>> {
        path.take(|| {
            let [batch, inputs, hidden, style, label] = self.shape;
            let trunk = [normalised(inputs, hidden, self.activation)];
            let heads = [
                layer(hidden, style, Activation::None),
                normalised(hidden, label, Activation::Sigmoid),
            ];
            let x = Var::from_tensor(&normal(batch, inputs, "x"))?;
            let outputs = branched(&trunk, &heads, &x, self.mode)?;
            let sums = outputs
                .iter()
                .map(|y| (y * normal(y.dim(0)?, y.dim(1)?, "weights"))?.sum_all())
                .collect::<Result<Vec<_>>>()?;
            let loss = (&sums[0] + &sums[1])?;
            let layers = || trunk.iter().chain(&heads);
            let params: Vec<Param> = layers().flat_map(Linear::params).collect();
            let mut found = gradients(&loss, &x, &params, path)?;
            found.extend(outputs);
            let buffers = layers().flat_map(Linear::buffers);
            found.extend(buffers.map(|buffer| buffer.tensor().copy().unwrap()));
            Ok(found)
        })
    }
}

#[test]
fn batch_norm_and_heads_of_any_width_agree_with_plain_candle() {
    for (i, j) in pairs() {
        let (mode, activation) = (MODES[(i + j) % 3], SMOOTH[(i + 2 * j) % 3]);
        // One row has no statistics.
        let batch = match (mode, size(i + j)) {
            (Mode::Train | Mode::TrainAndTrack, 1) => 2,
            (_, batch) => batch,
        };
        let network = Network {
            shape: [
                batch,
                SIZES[i],
                SIZES[j],
                size(i + 2 * j),
                size(2 * i + j + 1),
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
        let plain = network.run(Path::Plain).unwrap();
        for path in [Path::Own, Path::Portable] {
            if path == Path::Portable && SIZES[i] * SIZES[j] >= 1_000_000 {
                continue;
            }
            let what = format!("{path:?} {:?}, {mode:?}, {activation:?}", network.shape);
            assert_close(tolerance, &network.run(path).unwrap(), &plain, &what);
        }
    }
}

#[test]
fn two_threads_give_the_bytes_of_one_with_either_kernel() {
    let run = |threads, path: Path| {
        let run = || {
            let mut found = Vec::new();
            for shape in [[127, 1001, 33, 1000, 7], [1000, 31, 1001, 1, 127]] {
                let network = Network {
                    shape,
                    mode: Mode::TrainAndTrack,
                    activation: Activation::Tanh,
                };
                found.extend(bits(&network.run(path).unwrap()));
            }
            found
        };
        with_threads(threads, run).unwrap()
    };
    for path in [Path::Own, Path::Portable] {
        assert_eq!(run(1, path), run(2, path), "{path:?}");
    }
}
