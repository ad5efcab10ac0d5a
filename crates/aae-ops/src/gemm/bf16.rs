//! Products of numbers rounded to bfloat16, with sums in single precision: for CPUs with AVX-512 BF16.
//!
//! An instruction multiplies pairs of the inner dimension, so both operands are copied into pairs. The smaller one is copied
//! first, as a whole; the larger one by the task that needs the part, so that a weight is read from memory once, while the part
//! before is multiplied, and its rounded copy never leaves the core's cache.

use std::cell::RefCell;
use std::marker::PhantomData;

use rayon::prelude::*;

use super::pairs::{pack_neighbours, pack_pair, pack_panel};
use super::tile::{COLUMNS, LANES, Operands, ROWS, Stream, Target, Tile, compute_bf16};
use super::{Matrix, Output};
use crate::buffer::{Buffer, aligned, aligned_size};
use crate::pieces::Pieces;

/// Rows of `a` in a task: a multiple of `ROWS`.
const TASK_ROWS: usize = 8 * ROWS;

/// Whether this CPU has the instructions.
pub(super) fn is_available() -> bool {
    std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512bf16")
}

/// How copies of the operands are multiplied: in vector registers, as here, or in the tiles of [`super::amx`].
pub(super) trait Kernel {
    /// Rows of `a` in a task.
    const TASK_ROWS: usize;

    /// Cells of the inner dimension in the copy of so many pairs. Those beyond the pairs are zeros.
    fn depth(pairs: usize) -> usize;

    /// Cells of the copy of some rows.
    fn cells(rows: &Rows<'_>) -> usize;

    /// Copies the rows.
    fn pack(rows: &Rows<'_>, cells: &mut [u32]);

    /// Multiplies the rows, packed as `cells`, with packed panels of `b`, of which the first is its panel `first`; the product
    /// has `columns` columns in all. If there is a `coming`, its panel `first + 1` will be copied next. It works in this
    /// thread alone.
    fn multiply(
        rows: &Rows<'_>,
        cells: &[u32],
        panels: &[u32],
        first: usize,
        columns: usize,
        target: &Target<'_>,
        coming: Option<Matrix<'_>>,
    );
}

/// The kernel of AVX-512 BF16.
struct Vectors;

impl Kernel for Vectors {
    const TASK_ROWS: usize = TASK_ROWS;

    fn depth(pairs: usize) -> usize {
        pairs
    }

    fn cells(rows: &Rows<'_>) -> usize {
        rows.count * rows.pairs()
    }

    fn pack(rows: &Rows<'_>, cells: &mut [u32]) {
        let &Rows { a, first, count } = rows;
        if a.column_stride == 1 {
            cells
                .par_chunks_mut(rows.pairs())
                .with_min_len(ROWS)
                .enumerate()
                .for_each(|(i, cells)| {
                    pack_neighbours(&a.data[(first + i) * a.row_stride..][..a.columns], cells);
                });
            return;
        }
        for (pair, cells) in cells.chunks_mut(count).enumerate() {
            pack_pair(a.t(), pair, first, cells);
        }
    }

    fn multiply(
        rows: &Rows<'_>,
        cells: &[u32],
        panels: &[u32],
        first: usize,
        columns: usize,
        target: &Target<'_>,
        coming: Option<Matrix<'_>>,
    ) {
        let depth = rows.pairs();
        // Distances in the copy: from row to row, and from pair to pair. Numbers that are neighbours stay so.
        let (a_row, a_step) = match rows.a.column_stride {
            1 => (depth, 1),
            _ => (1, rows.count),
        };
        for (panel, packed) in panels.chunks(depth * COLUMNS).enumerate() {
            let column = (first + panel) * COLUMNS;
            for row in (0..rows.count).step_by(ROWS) {
                let operands = Operands {
                    a: cells[row * a_row..].as_ptr(),
                    a_row,
                    a_step,
                    b: packed.as_ptr(),
                    b_step: COLUMNS,
                    depth,
                    copy: std::ptr::null_mut(),
                    next: coming
                        .and_then(|b| ahead(b, first + 1, row / ROWS))
                        .unwrap_or_else(Stream::nothing),
                };
                let tile = Tile {
                    row: rows.first + row,
                    rows: ROWS.min(rows.count - row),
                    column,
                    columns: COLUMNS.min(columns - column),
                };
                // SAFETY: `is_available` has found the instructions; `cells` and `packed` hold every pair of the tile's rows and
                // columns, which end with those of the target; no two tiles share a cell of it, and it is borrowed mutably for
                // the whole call.
                #[allow(unsafe_code)]
                unsafe {
                    compute_bf16(operands, target, tile);
                }
            }
        }
    }
}

/// As [`super::gemm`], for products that are not empty.
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    product::<Vectors>(a, b, c);
}

/// As [`gemm`], by any kernel.
pub(super) fn product<K: Kernel>(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    let target = Target::new(c, b.columns);
    let (rows, columns) = (a.rows, b.columns);
    let panels = columns.div_ceil(COLUMNS);
    let depth = K::depth(a.columns.div_ceil(2));
    if rows >= columns {
        with_packed::<K, _>(b, |packed| {
            (0..rows.div_ceil(K::TASK_ROWS))
                .into_par_iter()
                .for_each(|task| {
                    let first = task * K::TASK_ROWS;
                    let count = K::TASK_ROWS.min(rows - first);
                    multiply_rows::<K>(&Rows { a, first, count }, packed, columns, &target);
                });
        });
    } else {
        let all = Rows {
            a,
            first: 0,
            count: rows,
        };
        with_cells(K::cells(&all), |cells| {
            K::pack(&all, cells);
            (0..panels).into_par_iter().for_each(|panel| {
                with_cells(depth * COLUMNS, |packed| {
                    pack_panel(b, panel, packed);
                    K::multiply(&all, cells, packed, panel, columns, &target, Some(b));
                });
            });
        });
    }
}

/// As [`super::in_pieces`], for products that are not empty.
pub(super) fn in_pieces<T>(a: Matrix<'_>, b: Matrix<'_>, f: impl FnOnce(&dyn Pieces) -> T) -> T {
    lazy_product::<Vectors, T>(a, b, f)
}

/// As [`in_pieces`], by any kernel.
pub(super) fn lazy_product<K: Kernel, T>(
    a: Matrix<'_>,
    b: Matrix<'_>,
    f: impl FnOnce(&dyn Pieces) -> T,
) -> T {
    with_packed::<K, T>(b, |panels| {
        f(&LazyProduct::<K> {
            a,
            panels,
            columns: b.columns,
            kernel: PhantomData,
        })
    })
}

/// Calls `f` with all panels of `b`, packed.
fn with_packed<K: Kernel, T>(b: Matrix<'_>, f: impl FnOnce(&[u32]) -> T) -> T {
    let depth = K::depth(b.rows.div_ceil(2));
    with_cells(b.columns.div_ceil(COLUMNS) * depth * COLUMNS, |packed| {
        packed
            .par_chunks_mut(depth * COLUMNS)
            .enumerate()
            .for_each(|(panel, cells)| pack_panel(b, panel, cells));
        f(packed)
    })
}

/// Packs the rows and multiplies them with all panels of `b`, in this thread.
fn multiply_rows<K: Kernel>(rows: &Rows<'_>, panels: &[u32], columns: usize, target: &Target<'_>) {
    with_cells(K::cells(rows), |cells| {
        K::pack(rows, cells);
        K::multiply(rows, cells, panels, 0, columns, target, None);
    });
}

/// A product of which a task's rows are computed in the thread that asks for them.
struct LazyProduct<'a, K> {
    a: Matrix<'a>,
    /// `b`, packed.
    panels: &'a [u32],
    columns: usize,
    kernel: PhantomData<fn() -> K>,
}

impl<K: Kernel> Pieces for LazyProduct<'_, K> {
    fn size(&self) -> usize {
        K::TASK_ROWS * self.columns
    }

    fn with(&self, i: usize, f: &mut dyn FnMut(&[f32])) {
        let first = i * K::TASK_ROWS;
        assert!(first < self.a.rows, "a piece beyond the product");
        let count = K::TASK_ROWS.min(self.a.rows - first);
        let mut piece = Buffer::unwritten(self.size());
        let target = Target::new(Output::over(&mut piece), self.columns);
        let rows = Rows {
            a: self.a.some_rows(first, count),
            first: 0,
            count,
        };
        multiply_rows::<K>(&rows, self.panels, self.columns, &target);
        f(&piece[..count * self.columns]);
    }
}

/// Some rows of `a` as pairs of the inner dimension.
pub(super) struct Rows<'a> {
    pub(super) a: Matrix<'a>,
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Rows<'_> {
    pub(super) fn pairs(&self) -> usize {
        self.a.columns.div_ceil(2)
    }
}

/// What a tile of the panel before asks the memory for: a part of this panel, so that the copy of a weight need not wait.
fn ahead(b: Matrix<'_>, panel: usize, tile: usize) -> Option<Stream> {
    let column = panel * COLUMNS;
    let asked = b.rows.div_ceil(2);
    let columns = COLUMNS.min(b.columns.saturating_sub(column));
    // Where the part begins, the step within it, and whether the panel has so many parts.
    let (start, step, is_inside) = if b.column_stride == 1 {
        // A line of 16 numbers of each row, in two halves; a row of the panel may touch a line more than it fills.
        let (line, half) = (tile / 2, tile % 2);
        let start = column + line * LANES + half * asked * b.row_stride;
        (start, b.row_stride, line <= columns.div_ceil(LANES))
    } else {
        let start = tile * asked * LANES;
        let length = columns * b.column_stride;
        (column * b.column_stride + start, LANES, start < length)
    };
    (is_inside && columns > 0).then(|| Stream {
        at: b.data.as_ptr().wrapping_add(start),
        step,
    })
}

thread_local! {
    static SCRATCH: RefCell<Vec<Vec<u32>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `f` with `count` cells that may be anything and begin with a line of the cache. Their memory stays with the thread for its next call.
fn with_cells<T>(count: usize, f: impl FnOnce(&mut [u32]) -> T) -> T {
    // Taken out while it is used: a thread that waits for others may work on another task that needs cells too.
    let mut cells = SCRATCH.with_borrow_mut(Vec::pop).unwrap_or_default();
    let size = aligned_size::<u32>(count);
    if cells.len() < size {
        cells.resize(size, 0);
    }
    let result = f(aligned(&mut cells, count));
    SCRATCH.with_borrow_mut(|free| free.push(cells));
    result
}
