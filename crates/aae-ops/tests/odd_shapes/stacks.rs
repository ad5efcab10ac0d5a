//! Stacks of layers in single precision.

use aae_ops::Activation;
use candle_core::Var;

use crate::{Path, SIZES, assert_close, layer, normal, pairs, size, stack};

#[test]
fn stacks_of_layers_of_any_width_agree_with_plain_candle() {
    for (i, j) in pairs() {
        let (batch, width) = (SIZES[i], SIZES[j]);
        let (inputs, outputs) = (size(i + j), size(i + 2 * j));
        let layers = [
            layer(inputs, width, Activation::Tanh),
            layer(width, outputs, Activation::Sigmoid),
        ];
        let x = Var::from_tensor(&normal(batch, inputs, "x")).unwrap();
        let weights = normal(batch, outputs, "weights");
        let plain = stack(&layers, &x, &weights, Path::Plain).unwrap();
        for path in [Path::Own, Path::Portable] {
            let what = format!("{path:?} {batch}x{inputs}x{width}x{outputs}");
            let fused = stack(&layers, &x, &weights, path).unwrap();
            assert_close(5e-5, &fused, &plain, &what);
        }
    }
}
