//! Layers and stacks whose products are in bfloat16, but for layers with fewer than 32 inputs or outputs.

use aae_ops::{Activation, Linear, Precision, with_precision};
use candle_core::{Tensor, Var};

use crate::{
    Case, Path, SIZES, assert_close, assert_close_from, bits, normal, pairs, param, row, size,
    stack, stacks,
};

/// From this width on a layer is computed in the precision that it was asked for.
const WIDE: usize = 32;

fn in_bfloat16(layers: &[Linear], x: &Var, weights: &Tensor, path: Path) -> Vec<Tensor> {
    with_precision(Precision::Bf16, || stack(layers, x, weights, path)).unwrap()
}

/// Normal numbers rounded to multiples of 1/8: bfloat16 has them all, and sums of their products are exact in any order.
fn eighths(rows: usize, columns: usize, purpose: &str) -> Tensor {
    let eighths = (normal(rows, columns, purpose) * 8.0).unwrap().round();
    (eighths.unwrap() / 8.0).unwrap()
}

/// Where no number has to be rounded, a product in bfloat16 is that in single precision: a number that is left out or counted
/// twice cannot hide behind a tolerance.
#[test]
fn layers_of_numbers_that_bfloat16_has_are_exact() {
    for (i, j) in pairs() {
        let (batch, inputs, outputs) = (size(i + j), SIZES[i], SIZES[j]);
        let activation = [Activation::None, Activation::Relu][(i + j) % 2];
        let weight = param("w", &eighths(outputs, inputs, "weight"));
        let layer = Linear::new(weight, param("b", &row(outputs, "bias")), activation);
        let layers = [layer.unwrap()];
        let x = Var::from_tensor(&eighths(batch, inputs, "x")).unwrap();
        let weights = eighths(batch, outputs, "weights");
        let plain = stack(&layers, &x, &weights, Path::Plain).unwrap();
        for path in [Path::Own, Path::Portable] {
            let what = format!("{path:?} {batch}x{inputs}x{outputs}, {activation:?}");
            assert_close(
                0.0,
                &in_bfloat16(&layers, &x, &weights, path),
                &plain,
                &what,
            );
        }
    }
}

#[test]
fn stacks_are_close_to_plain_candle_and_equal_to_single_precision_where_all_layers_are_narrow() {
    for Case {
        layers,
        x,
        weights,
        shape,
    } in stacks()
    {
        let plain = stack(&layers, &x, &weights, Path::Plain).unwrap();
        for path in [Path::Own, Path::Portable] {
            let what = format!("{path:?} {shape:?}");
            let rounded = in_bfloat16(&layers, &x, &weights, path);
            // Rounded numbers are off by 1/512 at most; the worst that was seen is a few times that.
            assert_close_from(0.0, 1.0 / 64.0, &rounded, &plain, &what);
            let exact = stack(&layers, &x, &weights, path).unwrap();
            let [_, inputs, width, outputs] = shape;
            let is_narrow = width < WIDE || inputs.max(outputs) < WIDE;
            assert_eq!(bits(&rounded) == bits(&exact), is_narrow, "{what}");
        }
    }
}
