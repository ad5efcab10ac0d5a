//! The product of numbers rounded to bfloat16, in single precision: for CPUs without such an instruction, and to test the one.

use half::bf16;
use rayon::prelude::*;

use super::{Matrix, Output};
use crate::buffer::Buffer;
use crate::slices::CHUNK;
use crate::{Precision, vectorized};

/// As [`super::gemm`], for products that are not empty.
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    let (rounded_a, rounded_b) = (rounded(a), rounded(b));
    let of = |data| move |matrix: Matrix<'_>| Matrix { data, ..matrix };
    let (a, b) = (of(&rounded_a)(a), of(&rounded_b)(b));
    super::gemm(Precision::F32, a, b, c);
}

fn rounded(matrix: Matrix<'_>) -> Buffer {
    let mut numbers = Buffer::copy_of(matrix.data);
    numbers.par_chunks_mut(CHUNK).for_each(|chunk| {
        vectorized!(|| for number in chunk {
            *number = bf16::from_f32(*number).to_f32();
        });
    });
    numbers
}
