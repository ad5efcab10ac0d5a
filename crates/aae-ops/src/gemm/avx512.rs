//! Our own product for CPUs with AVX-512: nothing large is copied.
//!
//! A tile of the result, 6 rows by 64 columns, stays in registers while the inner dimension runs through: each step loads 64
//! numbers of a row of `b` and multiplies them with six single numbers of `a`. So `a` may lie in memory in any way, and a `b`
//! with contiguous rows is read where it lies. A weight is one of the two in every product of a layer: `b` in `dz·W`; in
//! `x·Wᵀ` the transposed product `W·xᵀ` makes it `a`, and the small `xᵀ` is copied instead. Libraries that pack both operands
//! copy each weight of a step several times.

use rayon::prelude::*;

use super::tile::{COLUMNS, LANES, Operands, ROWS, Stream, Target, Tile, compute_f32};
use super::{Cells, Matrix};
use crate::buffer::Buffer;

/// Rows of a task, if there are as many: small enough to share the work evenly, a multiple of `ROWS`.
const TASK_ROWS: usize = 126;
/// The same where tasks on the same rows of `a` follow each other: these rows and all of `b` should fit into a core's cache.
const TASK_ROWS_OF_WEIGHT: usize = 60;

/// Whether this CPU has the instructions.
pub(super) fn is_available() -> bool {
    std::is_x86_feature_detected!("avx512f")
}

/// Whether the operands lie as this kernel reads them: `b` with contiguous rows, or with contiguous columns and enough of
/// them to pay for the copy of `a`.
pub(super) fn suits(a: Matrix<'_>, b: Matrix<'_>) -> bool {
    b.column_stride == 1 || (b.row_stride == 1 && a.column_stride == 1 && b.columns >= LANES)
}

/// As [`super::gemm`], for products that are not empty and that [`suits`].
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: &mut [f32], accumulate: bool) {
    let width = b.columns;
    let target = Target {
        cells: Cells(c.as_mut_ptr()),
        width,
        transposed: b.column_stride != 1,
        accumulate,
    };
    if !target.transposed {
        return product(a, b, &target);
    }
    // c = a·b as cᵀ = bᵀ·aᵀ, with the rows of aᵀ made contiguous.
    let copied = transposed(a);
    product(b.t(), Matrix::new(&copied, a.columns, a.rows), &target);
}

/// The transpose of a row-major matrix, row-major.
fn transposed(a: Matrix<'_>) -> Buffer {
    const BLOCK: usize = 16;
    let mut copy = Buffer::unwritten(a.rows * a.columns);
    copy.par_chunks_mut(BLOCK * a.rows)
        .enumerate()
        .for_each(|(block, copy)| {
            let first = block * BLOCK;
            for i in 0..a.rows {
                let row = &a.data[i * a.row_stride + first..];
                for (to, from) in copy.chunks_exact_mut(a.rows).zip(row) {
                    to[i] = *from;
                }
            }
        });
    copy
}

/// The product of `a` and a `b` with contiguous rows, split into tasks by its shape alone.
fn product(a: Matrix<'_>, b: Matrix<'_>, target: &Target) {
    let (m, n) = (a.rows, b.columns);
    let panels = n.div_ceil(COLUMNS);
    let task_rows = match target.transposed {
        true => TASK_ROWS_OF_WEIGHT,
        false => TASK_ROWS,
    };
    let chunks = m.div_ceil(task_rows);
    (0..panels * chunks).into_par_iter().for_each(|task| {
        // Tasks that need the same part of the weight follow each other, so that a core finds it in its cache: rows of `a`
        // in `W·xᵀ`, a panel of `b` in `dz·W`.
        let (panel, chunk) = match target.transposed {
            true => (task % panels, task / panels),
            false => (task / chunks, task % chunks),
        };
        let column = panel * COLUMNS;
        let columns = COLUMNS.min(n - column);
        let last = m.min((chunk + 1) * task_rows);
        for row in (chunk * task_rows..last).step_by(ROWS) {
            let tile = Tile {
                row,
                rows: ROWS.min(last - row),
                column,
                columns,
            };
            let operands = Operands {
                a: a.offset(row, 0).cast(),
                a_row: a.row_stride,
                a_step: a.column_stride,
                b: b.offset(0, column).cast(),
                b_step: b.row_stride,
                depth: a.columns,
                // A weight's rows are read once, from memory: those of the next tile meanwhile.
                next: match target.transposed {
                    true => Stream {
                        at: a.offset(row, 0).wrapping_add(ROWS * a.row_stride),
                        step: ROWS,
                    },
                    false => Stream {
                        at: b.offset(0, column),
                        step: 0,
                    },
                },
            };
            // SAFETY: `is_available` has found AVX-512; rows and columns of the tile are inside `a` and `b`, whose indices
            // `Matrix::new` and the assertions of `super::gemm` hold inside their slices. No two tiles share a cell of the
            // result, and `c` is borrowed mutably for the whole call.
            #[allow(unsafe_code)]
            unsafe {
                compute_f32(operands, target, tile);
            }
        }
    });
}
