//! Our own product for CPUs with AVX-512.
//!
//! A tile of the result, 6 rows by 64 columns, stays in registers while the inner dimension runs through: each step loads 64
//! numbers of a row of `b` and multiplies them with six single numbers of `a`. A weight is one of the two in every forward and
//! backward product of a layer: `b` in `dz·W`; in `x·Wᵀ` the transposed product `W·xᵀ` makes it `a`. It is never copied as a
//! whole, as libraries do that pack both operands, but a panel at a time at most, which stays in a core's cache. What has the size of a
//! mini-batch is copied wherever its numbers would be read in leaps: a core foresees no leaps, and waits at each.

mod operands;

use rayon::prelude::*;

use super::Matrix;
use super::tile::{
    COLUMNS, LANES, Operands, ROWS, Stream, Target, Tile, compute_f32, compute_f32_and_copy,
};
use crate::buffer::{AlignedBuffer, Buffer};
use crate::pieces::Pieces;
use operands::{Panels, Rows, pack_rows, packed_panels, panels_of_transpose};

/// The most rows of a task that copies a panel of `b`: enough to pay for the copy.
const TASK_ROWS: usize = 64 * ROWS;
/// Panels of `b` that make enough tasks; with fewer, their rows are split further, and `b` is small enough to be read where it lies.
const ENOUGH_PANELS: usize = 4;
/// The most rows of a task where there are not enough panels.
const TASK_ROWS_OF_FEW: usize = 5 * ROWS;
/// Rows of a task where tasks on the same rows of `a` follow each other: these rows and all of `b` should fit into a core's cache.
const TASK_ROWS_OF_WEIGHT: usize = 10 * ROWS;
/// Panels of a copy that such tasks take together: all rows of the weight before the next of them, which the cache would not hold besides.
const PANELS_TOGETHER: usize = 2;
/// Numbers that stay in a core's cache besides what is in use.
const CACHED: usize = 1 << 17;
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
    if target.transposed {
        // c = a·b as cᵀ = bᵀ·aᵀ, with the rows of aᵀ made contiguous.
        let copied = panels_of_transpose(a);
        by_rows_of_weight(b.t(), &Panels::packed(&copied, a.columns, a.rows), &target);
    } else if a.column_stride == 1 {
        by_panels(a, b, &target);
    } else {
        let copied = packed_panels(b);
        let panels = Panels::packed(&copied, b.rows, b.columns);
        (0..a.rows.div_ceil(PIECE_ROWS))
            .into_par_iter()
            .for_each(|piece| {
                piece_of_rows(a, piece, &panels, &target, piece * PIECE_ROWS);
            });
    }
}

/// `W·xᵀ`: tasks that need the same rows of the weight follow each other, so that a core finds them in its cache.
fn by_rows_of_weight(weight: Matrix<'_>, b: &Panels, target: &Target) {
    let panels = b.columns.div_ceil(COLUMNS);
    let chunks = weight.rows.div_ceil(TASK_ROWS_OF_WEIGHT);
    (0..panels * chunks).into_par_iter().for_each(|task| {
        let group = task / (PANELS_TOGETHER * chunks) * PANELS_TOGETHER;
        let together = PANELS_TOGETHER.min(panels - group);
        let task = task - group * chunks;
        let (chunk, panel) = (task / together, group + task % together);
        let first = chunk * TASK_ROWS_OF_WEIGHT;
        let count = TASK_ROWS_OF_WEIGHT.min(weight.rows - first);
        let rows = Rows::of(weight, first, count);
        // A weight's rows are read once, from memory: those of the next tile meanwhile.
        let next = |tile: usize| Stream {
            at: rows.first.wrapping_add((tile + 1) * rows.tile_step),
            step: ROWS,
        };
        tiles(&rows, b, panel, target, first, next);
    });
}

/// `dz·W`: a task copies a panel of the weight and multiplies rows of `a` with it.
fn by_panels(a: Matrix<'_>, b: Matrix<'_>, target: &Target) {
    let panels = b.columns.div_ceil(COLUMNS);
    let is_copied = panels >= ENOUGH_PANELS && a.rows > 2 * ROWS;
    let most = match panels >= ENOUGH_PANELS {
        true => TASK_ROWS,
        false => TASK_ROWS_OF_FEW,
    };
    let task_rows = a
        .rows
        .div_ceil(a.rows.div_ceil(most))
        .next_multiple_of(ROWS);
    let chunks = a.rows.div_ceil(task_rows);
    (0..panels * chunks).into_par_iter().for_each(|task| {
        let (panel, chunk) = (task / chunks, task % chunks);
        let first = chunk * task_rows;
        let rows = Rows::of(a, first, task_rows.min(a.rows - first));
        let there = Panels::of(b);
        if !is_copied {
            return tiles(&rows, &there, panel, target, first, |_| Stream::nothing());
        }
        // The next panel is asked for a line of each row at a time: so many, and one for where the panel is cut.
        let next = |tile: usize| match tile <= COLUMNS / LANES {
            true => Stream {
                at: there
                    .first
                    .wrapping_add((panel + 1) * COLUMNS + tile * LANES),
                step: there.row_step,
            },
            false => Stream::nothing(),
        };
        let (head, rest) = rows.split_first_tile();
        let copied = copy_panel(&head, &there, panel, target, first, next(0));
        let copied = Panels {
            columns: b.columns - panel * COLUMNS,
            ..Panels::packed(&copied, b.rows, COLUMNS)
        };
        let target = target.from_column(panel * COLUMNS);
        tiles(&rest, &copied, 0, &target, first + ROWS, |tile| {
            next(tile + 1)
        });
    });
}

/// Multiplies the rows of a tile with one panel, as [`tiles`], and copies the panel while it reads it.
fn copy_panel(
    a: &Rows,
    b: &Panels,
    panel: usize,
    target: &Target,
    row: usize,
    next: Stream,
) -> AlignedBuffer {
    assert_eq!(a.count, ROWS, "not the rows of a tile");
    let mut copy = AlignedBuffer::unwritten(a.depth * COLUMNS);
    let (operands, tile) = operands(a, b, 0, panel, row, next);
    let operands = Operands {
        copy: copy.as_mut_ptr().cast(),
        ..operands
    };
    // SAFETY: as in `tiles`; the copy has as many rows as the panel.
    #[allow(unsafe_code)]
    unsafe {
        compute_f32_and_copy(operands, target, tile);
    }
    copy
}

/// Some rows of `dzᵀ·x`, copied before.
fn piece_of_rows(a: Matrix<'_>, piece: usize, panels: &Panels, target: &Target, row: usize) {
    let first = piece * PIECE_ROWS;
    let count = PIECE_ROWS.min(a.rows - first);
    let mut cells = AlignedBuffer::unwritten(PIECE_ROWS * a.columns);
    pack_rows(a, first, count, &mut cells);
    let rows = Rows::packed(&cells, count, a.columns);
    let count = panels.columns.div_ceil(COLUMNS);
    let are_many = count * panels.panel_step > CACHED;
    for panel in 0..count {
        // The next panel, if it is not in the cache: a part with each of the first tiles.
        let next = |tile: usize| match are_many && tile < COLUMNS / LANES {
            true => Stream {
                at: panels
                    .first
                    .wrapping_add((panel + 1) * panels.panel_step + tile * a.columns * LANES),
                step: LANES,
            },
            false => Stream::nothing(),
        };
        tiles(&rows, panels, panel, target, row, next);
    }
}

/// Multiplies rows with one panel; they are the rows of the result from `row` on. `next` tells what a tile asks the memory for.
fn tiles(
    a: &Rows,
    b: &Panels,
    panel: usize,
    target: &Target,
    row: usize,
    next: impl Fn(usize) -> Stream,
) {
    for index in 0..a.count.div_ceil(ROWS) {
        let (operands, tile) = operands(a, b, index, panel, row, next(index));
        // SAFETY: `is_available` has found AVX-512; rows and columns of the tile are inside `a` and `b`, whose indices
        // `Matrix::new` and the assertions of `super::gemm` and `super::in_pieces` hold inside their slices, or inside the copies, which are
        // whole. No two tiles share a cell of the result, which the caller holds for the whole call.
        #[allow(unsafe_code)]
        unsafe {
            compute_f32(operands, target, tile);
        }
    }
}

/// What a tile multiplies, and where it lies in the result, whose rows begin at `row`.
fn operands(
    a: &Rows,
    b: &Panels,
    index: usize,
    panel: usize,
    row: usize,
    next: Stream,
) -> (Operands, Tile) {
    let column = panel * COLUMNS;
    let tile = Tile {
        row: row + index * ROWS,
        rows: ROWS.min(a.count - index * ROWS),
        column,
        columns: COLUMNS.min(b.columns - column),
    };
    let operands = Operands {
        a: a.first.wrapping_add(index * a.tile_step).cast(),
        a_row: a.row_step,
        a_step: a.step,
        b: b.first.wrapping_add(panel * b.panel_step).cast(),
        b_step: b.row_step,
        depth: a.depth,
        copy: std::ptr::null_mut(),
        next,
    };
    (operands, tile)
}

/// A product of which some rows at a time are computed, in the thread that asks for them. `b` has contiguous rows; nothing is empty.
pub(super) struct LazyProduct<'a> {
    a: Matrix<'a>,
    /// `b`, packed.
    panels: AlignedBuffer,
    columns: usize,
}

impl<'a> LazyProduct<'a> {
    pub(super) fn new(a: Matrix<'a>, b: Matrix<'_>) -> Self {
        Self {
            a,
            panels: packed_panels(b),
            columns: b.columns,
        }
    }
}

impl Pieces for LazyProduct<'_> {
    fn size(&self) -> usize {
        PIECE_ROWS * self.columns
    }

    fn with(&self, i: usize, f: &mut dyn FnMut(&[f32])) {
        let first = i * PIECE_ROWS;
        assert!(first < self.a.rows, "a piece beyond the product");
        let mut piece = Buffer::unwritten(self.size());
        let target = Target::over(&mut piece, self.columns);
        let panels = Panels::packed(&self.panels, self.a.columns, self.columns);
        piece_of_rows(self.a, i, &panels, &target, 0);
        let rows = PIECE_ROWS.min(self.a.rows - first);
        f(&piece[..rows * self.columns]);
    }
}
