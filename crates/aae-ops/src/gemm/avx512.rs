//! Our own product for CPUs with AVX-512: nothing large is copied.
//!
//! A tile of the result, 6 rows by 64 columns, stays in registers while the inner dimension runs through: each step loads 64
//! numbers of a row of `b` and multiplies them with six single numbers of `a`. So `a` may lie in memory in any way, and a `b`
//! with contiguous rows is read where it lies. A weight is one of the two in every product of a layer: `b` in `dz·W`; in
//! `x·Wᵀ` the transposed product `W·xᵀ` makes it `a`, and the small `xᵀ` is copied instead. Libraries that pack both operands
//! copy each weight of a step several times.

use std::ops::Range;

use rayon::prelude::*;

use super::Matrix;
use super::tile::{COLUMNS, LANES, Operands, ROWS, Stream, Target, Tile, compute_f32};
use crate::buffer::Buffer;
use crate::pieces::Pieces;

/// Rows of a task, if there are as many: small enough to share the work evenly, a multiple of `ROWS`.
const TASK_ROWS: usize = 126;
/// The same where tasks on the same rows of `a` follow each other: these rows and all of `b` should fit into a core's cache.
const TASK_ROWS_OF_WEIGHT: usize = 60;
/// Rows of a piece: with what is done with it, it should fit into a core's cache.
const PIECE_ROWS: usize = 8 * ROWS;

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
    let target = Target {
        transposed: b.column_stride != 1,
        accumulate,
        ..Target::over(c, b.columns)
    };
    if !target.transposed {
        return product(a, &panels(b), &target);
    }
    // c = a·b as cᵀ = bᵀ·aᵀ, with the rows of aᵀ made contiguous.
    let copied = panels_of_transpose(a);
    let panels = Panels {
        first: copied.as_ptr(),
        panel_step: a.columns * COLUMNS,
        row_step: COLUMNS,
        columns: a.rows,
    };
    product(b.t(), &panels, &target);
}

/// The second operand in panels of `COLUMNS` columns, whose rows are contiguous.
struct Panels {
    first: *const f32,
    /// From a panel to the next.
    panel_step: usize,
    /// From a row of a panel to the next.
    row_step: usize,
    /// Of all panels together.
    columns: usize,
}

// SAFETY: what it points to is only read, and borrowed or owned by the caller of the parallel loop that shares it.
#[allow(unsafe_code)]
unsafe impl Sync for Panels {}

/// The panels of a matrix with contiguous rows, where they lie.
fn panels(b: Matrix<'_>) -> Panels {
    Panels {
        first: b.offset(0, 0),
        panel_step: COLUMNS,
        row_step: b.row_stride,
        columns: b.columns,
    }
}

/// The transpose of a row-major matrix, one panel after another: as one matrix, the rows of a panel would lie as far apart as the
/// batch is wide, and share a few sets of the cache if that is a power of two. The last panel is whole, and its columns beyond
/// the matrix may be anything.
fn panels_of_transpose(a: Matrix<'_>) -> Buffer {
    const BLOCK: usize = 16;
    let mut copy = Buffer::unwritten(a.rows.next_multiple_of(COLUMNS) * a.columns);
    copy.par_chunks_mut(a.columns * COLUMNS)
        .enumerate()
        .for_each(|(panel, copy)| {
            let rows = panel * COLUMNS..a.rows.min((panel + 1) * COLUMNS);
            copy.par_chunks_mut(BLOCK * COLUMNS)
                .enumerate()
                .for_each(|(block, copy)| {
                    for (j, i) in rows.clone().enumerate() {
                        let row = &a.data[i * a.row_stride..][..a.columns][block * BLOCK..];
                        for (to, from) in copy.chunks_exact_mut(COLUMNS).zip(row) {
                            to[j] = *from;
                        }
                    }
                });
        });
    copy
}

/// The product of `a` and `b`, split into tasks by its shape alone.
fn product(a: Matrix<'_>, b: &Panels, target: &Target) {
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
        let rows = chunk * task_rows..m.min((chunk + 1) * task_rows);
        tiles(a, rows, b, panel, target);
    });
}

/// Computes some rows of the product in one panel of columns.
fn tiles(a: Matrix<'_>, rows: Range<usize>, b: &Panels, panel: usize, target: &Target) {
    let column = panel * COLUMNS;
    let columns = COLUMNS.min(b.columns - column);
    for row in rows.clone().step_by(ROWS) {
        let tile = Tile {
            row,
            rows: ROWS.min(rows.end - row),
            column,
            columns,
        };
        let operands = Operands {
            a: a.offset(row, 0).cast(),
            a_row: a.row_stride,
            a_step: a.column_stride,
            b: b.first.wrapping_add(panel * b.panel_step).cast(),
            b_step: b.row_step,
            depth: a.columns,
            // A weight's rows are read once, from memory: those of the next tile meanwhile.
            next: match target.transposed {
                true => Stream {
                    at: a.offset(row, 0).wrapping_add(ROWS * a.row_stride),
                    step: ROWS,
                },
                false => Stream {
                    at: b.first,
                    step: 0,
                },
            },
        };
        // SAFETY: `is_available` has found AVX-512; rows and columns of the tile are inside `a` and `b`, whose indices
        // `Matrix::new` and the assertions of `super::gemm` and `super::in_pieces` hold inside their slices, or inside the copy, whose panels are
        // whole. No two tiles share a cell of the result, which the caller holds for the whole call.
        #[allow(unsafe_code)]
        unsafe {
            compute_f32(operands, target, tile);
        }
    }
}

/// A product of which some rows at a time are computed, in the thread that asks for them. `b` has contiguous rows; nothing is empty.
pub(super) struct LazyProduct<'a> {
    pub(super) a: Matrix<'a>,
    pub(super) b: Matrix<'a>,
}

impl Pieces for LazyProduct<'_> {
    fn size(&self) -> usize {
        PIECE_ROWS * self.b.columns
    }

    fn with(&self, i: usize, f: &mut dyn FnMut(&[f32])) {
        let Self { a, b } = *self;
        let first = i * PIECE_ROWS;
        assert!(first < a.rows, "a piece beyond the product");
        let rows = PIECE_ROWS.min(a.rows - first);
        let mut piece = Buffer::unwritten(self.size());
        let target = Target::over(&mut piece, b.columns);
        let panels = panels(b);
        for panel in 0..b.columns.div_ceil(COLUMNS) {
            tiles(a.some_rows(first, rows), 0..rows, &panels, panel, &target);
        }
        f(&piece[..rows * b.columns]);
    }
}
