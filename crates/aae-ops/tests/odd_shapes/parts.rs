//! Arguments that are part of a larger tensor, and losses over numbers of threads.

use aae_ops::loss::ElementLoss;
use aae_ops::{Activation, loss, sequential, softmax, with_threads};
use candle_core::{Result, Tensor, Var};

use crate::{SIZES, bits, flat, layer, normal, size};

/// Rows and columns before the part, and after it.
const BEFORE: usize = 2;
const AFTER: usize = 3;

/// Everything that takes numbers from where they lie: a scalar of the numbers and of constants of the same shape.
type Scalar = fn(&Tensor, &Tensor) -> Result<Tensor>;

const SCALARS: [(&str, Scalar); 5] = [
    ("bce", |x, t| loss::bce_with_logits(x, t, 0.3)),
    ("squared error", |x, t| {
        ElementLoss::sigmoid_squared_error(0.3).of(x, t)
    }),
    ("cross-entropy", |x, t| {
        loss::softmax_cross_entropy(x, t, 0.3)
    }),
    ("softmax", |x, t| (softmax(x)? * t)?.sum_all()),
    ("layers", |x, t| {
        let columns = x.dim(1)?;
        let layers = [
            layer(columns, 7, Activation::Relu),
            layer(7, columns, Activation::Tanh),
        ];
        (sequential(&layers, x)? * t)?.sum_all()
    }),
];

/// The part of a tensor that lies in the middle of it.
type Part = fn(&Tensor, usize, usize) -> Result<Tensor>;

const PARTS: [(&str, Part); 4] = [
    // Contiguous, but not from the start of the memory on.
    ("rows", |whole, rows, columns| {
        whole
            .narrow(1, 0, columns)?
            .contiguous()?
            .narrow(0, BEFORE, rows)
    }),
    ("columns", |whole, rows, columns| {
        whole.narrow(0, 0, rows)?.narrow(1, BEFORE, columns)
    }),
    ("both", |whole, rows, columns| {
        whole.narrow(0, BEFORE, rows)?.narrow(1, BEFORE, columns)
    }),
    ("transpose", |whole, rows, columns| {
        let turned = whole.reshape((columns + BEFORE + AFTER, rows + BEFORE + AFTER))?;
        turned
            .t()?
            .narrow(0, BEFORE, rows)?
            .narrow(1, BEFORE, columns)
    }),
];

#[test]
fn a_part_of_a_tensor_is_as_good_as_a_copy_of_it() {
    for (i, rows) in SIZES.into_iter().enumerate() {
        let columns = size(i + 1);
        let whole = |purpose| normal(rows + BEFORE + AFTER, columns + BEFORE + AFTER, purpose);
        let x = Var::from_tensor(&whole("x")).unwrap();
        let targets = candle_nn::ops::sigmoid(&whole("target")).unwrap();
        for (name, part) in PARTS {
            let part = |whole: &Tensor| part(whole, rows, columns).unwrap();
            let copy = Var::from_tensor(&part(&x)).unwrap();
            assert_eq!(copy.dims(), [rows, columns]);
            // Targets are read where they lie, too.
            let target = part(&targets);
            for (scalar_name, scalar) in SCALARS {
                let what = format!("{scalar_name} of {name}, {rows}x{columns}");
                let of_part = scalar(&part(&x), &target).unwrap();
                let of_copy = scalar(&copy, &target.force_contiguous().unwrap()).unwrap();
                assert_eq!(flat(&of_part), flat(&of_copy), "{what}");
                let gradient = of_part.backward().unwrap().remove(&x).unwrap();
                let expected = of_copy.backward().unwrap().remove(&copy).unwrap();
                assert_eq!(flat(&part(&gradient)), flat(&expected), "{what}");
            }
        }
    }
}

#[test]
fn two_threads_give_the_bytes_of_one() {
    let run = |threads| {
        let run = || {
            let mut found = Vec::new();
            for (rows, columns) in [(1001, 1000), (1000, 7), (33, 1001), (1001, 1)] {
                let x = Var::from_tensor(&normal(rows, columns, "x")).unwrap();
                let target = normal(rows, columns, "target");
                let target = candle_nn::ops::sigmoid(&target).unwrap();
                for (_, scalar) in SCALARS {
                    let scalar = scalar(&x, &target).unwrap();
                    let gradient = scalar.backward().unwrap().remove(&x).unwrap();
                    found.extend(bits(&[scalar, gradient]));
                }
            }
            found
        };
        with_threads(threads, run).unwrap()
    };
    assert_eq!(run(1), run(2));
}
