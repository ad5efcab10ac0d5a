//! Stacks of layers in single precision.

use crate::{Case, Path, assert_close, stack, stacks};

#[test]
fn stacks_of_layers_of_any_width_agree_with_plain_candle() {
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
            let fused = stack(&layers, &x, &weights, path).unwrap();
            assert_close(5e-5, &fused, &plain, &what);
        }
    }
}
