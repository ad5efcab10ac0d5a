//! Our own product for CPUs with AVX-512.
//!
//! A tile of the result, 6 rows by 64 columns, stays in registers while the inner dimension runs through: each step loads 64
//! numbers of a row of `b` and multiplies them with six single numbers of `a`. A weight is one of the two in every forward and
//! backward product of a layer: `b` in `dz·W`; in `x·Wᵀ` the transposed product `W·xᵀ` makes it `a`. It is never copied as a
//! whole, as libraries do that pack both operands, but a panel at a time at most, which stays in a core's cache. What has the size of a
//! mini-batch is copied wherever its numbers would be read in leaps: a core foresees no leaps, and waits at each.

mod operands;

use std::ops::Range;

use rayon::prelude::*;

use super::tile::{
    COLUMNS, LANES, Operands, ROWS, Stream, Target, Tile, compute_f32, compute_f32_and_copy,
};
use super::{Matrix, Output};
use crate::buffer::{AlignedBuffer, Buffer};
use crate::pieces::Pieces;
use operands::{Panels, Rows, pack_rows, packed_panels, panels_of_transpose};

/// The most rows of a task that copies a panel of `b`: enough to pay for the copy.
const TASK_ROWS: usize = 64 * ROWS;
/// Panels of `b`, or pieces of `a`, that make enough tasks. With fewer they are split further, and a `b` of so few panels is small enough to
/// be read where it lies.
const ENOUGH: usize = 4;
/// The most rows of a task where there are not enough panels.
const TASK_ROWS_OF_FEW: usize = 5 * ROWS;
/// Rows of a task where tasks on the same rows of `a` follow each other: these rows and the panels that they take together should fit
/// into a core's cache.
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
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    let target = Target {
        transposed: b.column_stride != 1,
        ..Target::new(c, b.columns)
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
        let (pieces, count) = (a.rows.div_ceil(PIECE_ROWS), b.columns.div_ceil(COLUMNS));
        // Of few pieces, each panel is a task.
        let together = match pieces >= ENOUGH {
            true => count,
            false => 1,
        };
        let parts = count.div_ceil(together);
        (0..pieces * parts).into_par_iter().for_each(|task| {
            let (piece, part) = (task / parts, task % parts);
            let some = part * together..count.min((part + 1) * together);
            piece_of_rows(a, piece, &panels, some, &target, piece * PIECE_ROWS);
        });
    }
}

/// `W·xᵀ`: tasks that need the same rows of the weight follow each other, so that a core finds them in its cache.
fn by_rows_of_weight(weight: Matrix<'_>, b: &Panels<'_>, target: &Target<'_>) {
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

/// How many of so many rows a task takes; the last may have fewer.
fn rows_of_a_task(rows: usize, panels: usize) -> usize {
    let most = match panels >= ENOUGH {
        true => TASK_ROWS,
        false => TASK_ROWS_OF_FEW,
    };
    rows.div_ceil(rows.div_ceil(most)).next_multiple_of(ROWS)
}

/// `dz·W`: a task copies a panel of the weight and multiplies rows of `a` with it.
fn by_panels(a: Matrix<'_>, b: Matrix<'_>, target: &Target<'_>) {
    let panels = b.columns.div_ceil(COLUMNS);
    let is_copied = panels >= ENOUGH && a.rows > 2 * ROWS;
    let task_rows = rows_of_a_task(a.rows, panels);
    let chunks = a.rows.div_ceil(task_rows);
    (0..panels * chunks).into_par_iter().for_each(|task| {
        let (panel, chunk) = (task / chunks, task % chunks);
        let first = chunk * task_rows;
        let rows = Rows::of(a, first, task_rows.min(a.rows - first));
        let there = Panels::of(b);
        if !is_copied || rows.count < ROWS {
            return tiles(&rows, &there, panel, target, first, |_| Stream::nothing());
        }
        // The next panel is asked for a line of each row at a time: so many, and one for where the panel is cut.
        let is_next = panel + 1 < panels && chunk + 1 == chunks;
        let next = |tile: usize| match is_next && tile <= COLUMNS / LANES {
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
            panel_step: 0,
            columns: b.columns,
            ..Panels::packed(&copied, b.rows, COLUMNS)
        };
        tiles(&rest, &copied, panel, target, first + ROWS, |tile| {
            next(tile + 1)
        });
    });
}

/// Multiplies the rows of a tile with one panel, as [`tiles`], and copies the panel while it reads it.
fn copy_panel(
    a: &Rows<'_>,
    b: &Panels<'_>,
    panel: usize,
    target: &Target<'_>,
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

/// Some rows of `dzᵀ·x`, copied before, with some panels. `a` has contiguous columns.
fn piece_of_rows(
    a: Matrix<'_>,
    piece: usize,
    panels: &Panels<'_>,
    some: Range<usize>,
    target: &Target<'_>,
    row: usize,
) {
    let first = piece * PIECE_ROWS;
    let count = PIECE_ROWS.min(a.rows - first);
    let mut cells = AlignedBuffer::unwritten(PIECE_ROWS * a.columns);
    pack_rows(a, first, count, &mut cells);
    let rows = Rows::packed(&cells, count, a.columns);
    let are_many = some.len() * panels.panel_step > CACHED;
    for panel in some.clone() {
        // The next panel, if it is not in the cache: a part with each of the first tiles.
        let is_next = are_many && panel + 1 < some.end;
        let next = |tile: usize| match is_next && tile < COLUMNS / LANES {
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
    a: &Rows<'_>,
    b: &Panels<'_>,
    panel: usize,
    target: &Target<'_>,
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
    a: &Rows<'_>,
    b: &Panels<'_>,
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

/// A product of which some rows at a time are computed, in the thread that asks for them. `a` has contiguous columns, `b`
/// contiguous rows; nothing is empty.
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
        let target = Target::new(Output::over(&mut piece), self.columns);
        let panels = Panels::packed(&self.panels, self.a.columns, self.columns);
        let all = 0..self.columns.div_ceil(COLUMNS);
        piece_of_rows(self.a, i, &panels, all, &target, 0);
        let rows = PIECE_ROWS.min(self.a.rows - first);
        f(&piece[..rows * self.columns]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::tests::numbers;

    #[test]
    fn a_last_task_of_few_rows_copies_no_panel() {
        if !is_available() {
            return;
        }
        let (m, n): (usize, usize) = (24_193, 193);
        let task_rows = rows_of_a_task(m, n.div_ceil(COLUMNS));
        assert!(
            (1..ROWS).contains(&(m % task_rows)),
            "not what this test is for"
        );
        let (a, b) = (numbers(m, 1), numbers(n, 2));
        let mut c = vec![f32::NAN; m * n];
        gemm(
            Matrix::new(&a, m, 1),
            Matrix::new(&b, 1, n),
            Output::over(&mut c),
        );
        for (a, row) in a.iter().zip(c.chunks(n)) {
            assert!(row.iter().zip(&b).all(|(c, b)| *c == a * b));
        }
    }

    #[test]
    fn no_bit_depends_on_the_number_of_threads() {
        if !is_available() {
            return;
        }
        for [m, n, k] in [[800, 330, 70], [130, 70, 600], [30, 1000, 33]] {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            for (a, b) in [
                (Matrix::new(&a, m, k), Matrix::new(&b, k, n)),
                (Matrix::new(&a, k, m).t(), Matrix::new(&b, k, n)),
                (Matrix::new(&a, m, k), Matrix::new(&b, n, k).t()),
            ] {
                let [one, three] = [1, 3].map(|threads| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                    let mut c = vec![0.0; m * n];
                    pool.build()
                        .unwrap()
                        .install(|| gemm(a, b, Output::over(&mut c)));
                    c.iter().map(|cell| cell.to_bits()).collect::<Vec<_>>()
                });
                assert_eq!(one, three);
            }
        }
    }
}
