//! The loss of a stack as one operation, and drawn numbers added to a tensor in their own memory.

use aae_ops::loss::ElementLoss;
use aae_ops::{
    Activation, Linear, Param, Precision, plus, sequential, times, with_plain_ops, with_precision,
    with_threads,
};
use candle_core::{Result, Tensor};

use crate::{Case, Path, SIZES, bits, flat, gradients, layer, normal, stacks};

const LOSSES: [fn(f64) -> ElementLoss; 2] = [
    ElementLoss::bce_with_logits,
    ElementLoss::sigmoid_squared_error,
];

#[test]
fn the_loss_of_a_stack_is_that_of_its_output_bit_for_bit() {
    for (i, case) in stacks().enumerate() {
        let Case {
            layers,
            x,
            weights: target,
            shape,
        } = &case;
        let params: Vec<Param> = layers.iter().flat_map(Linear::params).collect();
        let loss = LOSSES[i % 2](0.3);
        let at_once = || loss.of_sequential(layers, x, target);
        let after_another = || loss.of(&sequential(layers, x)?, target);
        for path in [Path::Own, Path::Portable, Path::Plain] {
            for precision in [Precision::F32, Precision::Bf16] {
                let run = |loss: &dyn Fn() -> Result<Tensor>| {
                    let loss = with_precision(precision, || path.take(loss)).unwrap();
                    let mut found = path.take(|| gradients(&loss, x, &params, path)).unwrap();
                    found.push(loss);
                    bits(&found)
                };
                let (found, expected) = (run(&at_once), run(&after_another));
                assert!(found == expected, "{path:?} {precision:?} {shape:?}");
            }
        }
    }
}

#[test]
fn a_target_of_another_shape_and_a_stack_without_a_layer_are_errors() {
    let layers = [layer(5, 4, Activation::Relu), layer(4, 3, Activation::None)];
    let x = normal(7, 5, "x");
    let loss = ElementLoss::bce_with_logits(1.0);
    for (layers, rows, columns) in [(&layers[..], 7, 4), (&layers[..], 8, 3), (&[], 7, 5)] {
        let target = normal(rows, columns, "target");
        assert!(loss.of_sequential(layers, &x, &target).is_err());
        assert!(with_plain_ops(|| loss.of_sequential(layers, &x, &target)).is_err());
    }
}

#[test]
fn numbers_added_to_a_tensor_and_multiplied_with_it_are_what_candle_gives() {
    for (rows, columns) in SIZES.iter().zip(SIZES.iter().rev()) {
        let x = normal(*columns, *rows, "x").t().unwrap();
        let other = normal(*rows, *columns, "other");
        let numbers = || flat(&other);
        let expected = [(&x + &other).unwrap(), (&x * &other).unwrap()];
        let found = || [plus(&x, numbers()).unwrap(), times(&x, numbers()).unwrap()];
        assert_eq!(bits(&found()), bits(&expected));
        assert_eq!(bits(&with_plain_ops(found)), bits(&expected));
        assert_eq!(bits(&with_threads(1, found).unwrap()), bits(&expected));
        for combine in [plus, times] {
            assert!(combine(&x, vec![0.0; rows * columns + 1]).is_err());
        }
    }
}
