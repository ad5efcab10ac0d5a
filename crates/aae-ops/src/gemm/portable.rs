//! Products by the gemm crate, for CPUs without a kernel of our own, and as the oracle for those with one.

use gemm::Parallelism;
use rayon::prelude::*;

use super::{Matrix, Output};

/// The most rows or columns of the result that one task computes: four tasks for a layer of 1000 units.
const WIDEST_PANEL: usize = 256;

/// Panels start at multiples of this: a register's worth of columns.
const ALIGNMENT: usize = 16;

/// Rows or columns of each task when `length` of them are split evenly. It depends on the shape alone, not on the number
/// of threads, so that the order of every sum is fixed, too.
fn panel(length: usize) -> usize {
    length
        .div_ceil(length.div_ceil(WIDEST_PANEL))
        .next_multiple_of(ALIGNMENT)
}

/// As [`super::gemm`], for products that are not empty.
///
/// The result is cut into fixed panels along its longer side, each computed by one single-threaded product: the gemm
/// crate's own splitting leaves a core idle at the shapes of a mini-batch.
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    let by_rows = m > n;
    let length = if by_rows { m } else { n };
    let panel = panel(length);
    (0..length.div_ceil(panel)).into_par_iter().for_each(|i| {
        let start = i * panel;
        let (row, column, rows, columns) = if by_rows {
            (start, 0, panel.min(m - start), n)
        } else {
            (0, start, m, panel.min(n - start))
        };
        // SAFETY: `Matrix::new` and the assertions of `super::gemm` hold every index of the three matrices inside its slice, and
        // `row..row + rows`, `column..column + columns` is inside the result. Panels are disjoint, so no two tasks
        // touch one element of `c`; `c` is borrowed mutably for the whole call, so nobody else does.
        #[allow(unsafe_code)]
        unsafe {
            gemm::gemm(
                rows,
                columns,
                k,
                c.cells().at(row * n + column),
                1,
                n as isize,
                c.accumulates(),
                a.offset(row, 0),
                a.column_stride as isize,
                a.row_stride as isize,
                b.offset(0, column),
                b.column_stride as isize,
                b.row_stride as isize,
                1.0f32,
                1.0f32,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    });
}
