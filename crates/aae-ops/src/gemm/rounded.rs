//! The product of numbers rounded to bfloat16, in single precision: for CPUs without such an instruction, and to test the one.

use half::bf16;

use super::{Matrix, Output};
use crate::Precision;

/// As [`super::gemm`], for products that are not empty.
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    let (rounded_a, rounded_b) = (rounded(a), rounded(b));
    let of = |data| move |matrix: Matrix<'_>| Matrix { data, ..matrix };
    let (a, b) = (of(&rounded_a)(a), of(&rounded_b)(b));
    super::gemm(Precision::F32, a, b, c);
}

fn rounded(matrix: Matrix<'_>) -> Vec<f32> {
    let round = |number: &f32| bf16::from_f32(*number).to_f32();
    matrix.data.iter().map(round).collect()
}
