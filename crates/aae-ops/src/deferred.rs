//! The gradient of a weight that is still the two matrices whose product it is.
//!
//! A backward pass leaves the matrices, and the optimizer multiplies them a few rows at a time: it uses those up while they are in a
//! core's cache, so that the gradient, as large as the weight, is never written to memory and read again.

use std::fmt;
use std::sync::Arc;

use crate::Precision;
use crate::buffer::Buffer;
use crate::gemm::{self, Matrix, Output};
use crate::pieces::Pieces;

/// `dzᵀ·x`, where `dz` `[batch, out]` is the gradient of a layer's product and `x` `[batch, in]` its input.
pub(crate) struct Deferred {
    pub(crate) dz: Buffer,
    pub(crate) x: Arc<Buffer>,
    /// `batch`, `out` and `in`.
    pub(crate) shape: [usize; 3],
    pub(crate) precision: Precision,
}

impl Deferred {
    /// Writes the product to `dw`, or adds it there if `accumulate`.
    pub(crate) fn write(&self, dw: &mut [f32], accumulate: bool) {
        let [dz, x] = self.factors();
        gemm::gemm(self.precision, dz, x, Output::over_or_plus(dw, accumulate));
    }

    /// Calls `f` with the product in pieces: the numbers that [`write`](Self::write) writes, bit for bit.
    pub(crate) fn in_pieces<T>(&self, f: impl FnOnce(&dyn Pieces) -> T) -> T {
        let [dz, x] = self.factors();
        gemm::in_pieces(self.precision, dz, x, f)
    }

    fn factors(&self) -> [Matrix<'_>; 2] {
        let [batch, outputs, inputs] = self.shape;
        [
            Matrix::new(&self.dz, batch, outputs).t(),
            Matrix::new(&self.x, batch, inputs),
        ]
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred")
            .field("shape", &self.shape)
            .field("precision", &self.precision)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::tests::numbers;
    use crate::with_portable_products;

    fn buffer(n: usize, seed: usize) -> Buffer {
        Buffer::copy_of(&numbers(n, seed))
    }

    #[test]
    fn pieces_are_the_product_bit_for_bit() {
        // Miri, which interprets every instruction, gets sizes with a tail and no more.
        let sizes: &[usize] = match cfg!(miri) {
            true => &[1, 17],
            false => &[1, 2, 3, 7, 31, 33, 127, 1000, 1001],
        };
        let pairs = sizes
            .iter()
            .flat_map(|&m| sizes.iter().map(move |&n| (m, n)));
        for (i, (outputs, inputs)) in pairs.enumerate() {
            let batch = [0, 1, 7, 33, 100][i % 5];
            for precision in [Precision::F32, Precision::Bf16] {
                let deferred = Deferred {
                    dz: buffer(batch * outputs, 1),
                    x: Arc::new(buffer(batch * inputs, 2)),
                    shape: [batch, outputs, inputs],
                    precision,
                };
                let check = || {
                    let mut whole = vec![f32::NAN; outputs * inputs];
                    deferred.write(&mut whole, false);
                    let compare = |pieces: &dyn Pieces| {
                        for (i, whole) in whole.chunks(pieces.size()).enumerate() {
                            let mut given = 0;
                            pieces.with(i, &mut |piece| {
                                given += 1;
                                assert!(piece == whole, "piece {i} of {:?}", deferred.shape);
                            });
                            assert_eq!(given, 1);
                        }
                    };
                    deferred.in_pieces(compare);
                };
                check();
                with_portable_products(check);
            }
        }
    }
}
