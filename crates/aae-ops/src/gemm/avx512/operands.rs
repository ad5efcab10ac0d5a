//! What a product in single precision reads: where it lies, or copied so that a tile finds together what it needs together.

use std::marker::PhantomData;

use rayon::prelude::*;

use crate::buffer::AlignedBuffer;
use crate::gemm::Matrix;
use crate::gemm::tile::{COLUMNS, LANES, ROWS};
use crate::gemm::transpose::transpose;

/// The second operand in panels of `COLUMNS` columns, whose rows are contiguous.
pub(super) struct Panels<'a> {
    pub(super) first: *const f32,
    /// From a panel to the next.
    pub(super) panel_step: usize,
    /// From a row of a panel to the next.
    pub(super) row_step: usize,
    /// Of all panels together.
    pub(super) columns: usize,
    pub(super) borrowed: PhantomData<&'a [f32]>,
}

// SAFETY: what it points to is only read, and borrowed for as long as it lives.
#[allow(unsafe_code)]
unsafe impl Sync for Panels<'_> {}

impl<'a> Panels<'a> {
    /// Copies of panels, one after the other.
    pub(super) fn packed(cells: &'a [f32], depth: usize, columns: usize) -> Self {
        assert!(
            cells.len() >= columns.next_multiple_of(COLUMNS) * depth,
            "panels are missing"
        );
        Self {
            first: cells.as_ptr(),
            panel_step: depth * COLUMNS,
            row_step: COLUMNS,
            columns,
            borrowed: PhantomData,
        }
    }

    /// The panels of a matrix with contiguous rows, where they lie.
    pub(super) fn of(b: Matrix<'a>) -> Self {
        Self {
            first: b.offset(0, 0),
            panel_step: COLUMNS,
            row_step: b.row_stride,
            columns: b.columns,
            borrowed: PhantomData,
        }
    }
}

/// Rows of the first operand, of which a tile takes `ROWS`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) first: *const f32,
    /// From the rows of a tile to those of the next.
    pub(super) tile_step: usize,
    /// From a row to the next.
    pub(super) row_step: usize,
    /// From a number of a row to the next.
    pub(super) step: usize,
    pub(super) count: usize,
    pub(super) depth: usize,
    borrowed: PhantomData<&'a [f32]>,
}

impl<'a> Rows<'a> {
    /// Some rows where they lie.
    pub(super) fn of(a: Matrix<'a>, first: usize, count: usize) -> Self {
        Self {
            first: a.offset(first, 0),
            tile_step: ROWS * a.row_stride,
            row_step: a.row_stride,
            step: a.column_stride,
            count,
            depth: a.columns,
            borrowed: PhantomData,
        }
    }

    /// The rows of the first tile, and the rest.
    pub(super) fn split_first_tile(self) -> (Self, Self) {
        let head = Self {
            count: ROWS.min(self.count),
            ..self
        };
        let rest = Self {
            first: self.first.wrapping_add(self.tile_step),
            count: self.count - head.count,
            ..self
        };
        (head, rest)
    }

    /// A copy of rows: the numbers that a tile needs at once lie together.
    pub(super) fn packed(cells: &'a [f32], count: usize, depth: usize) -> Self {
        assert!(
            cells.len() >= count.next_multiple_of(ROWS) * depth,
            "rows are missing"
        );
        Self {
            first: cells.as_ptr(),
            tile_step: ROWS * depth,
            row_step: 1,
            step: ROWS,
            count,
            depth,
            borrowed: PhantomData,
        }
    }
}

/// The transpose of a row-major matrix, one panel after another: as one matrix, the rows of a panel would lie as far apart as the
/// batch is wide, and share a few sets of the cache if that is a power of two. The last panel is whole, and its columns beyond
/// the matrix may be anything.
pub(super) fn panels_of_transpose(a: Matrix<'_>) -> AlignedBuffer {
    let mut copy = AlignedBuffer::unwritten(a.rows.next_multiple_of(COLUMNS) * a.columns);
    copy.par_chunks_mut(a.columns * COLUMNS)
        .enumerate()
        .for_each(|(panel, copy)| {
            let first = panel * COLUMNS;
            let rows = COLUMNS.min(a.rows - first);
            copy.par_chunks_mut(LANES * COLUMNS)
                .enumerate()
                .for_each(|(block, copy)| {
                    let column = block * LANES;
                    let columns = LANES.min(a.columns - column);
                    for row in (0..rows).step_by(LANES) {
                        let from = &a.data[(first + row) * a.row_stride + column..];
                        let rows = LANES.min(rows - row);
                        transpose(from, a.row_stride, rows, columns, &mut copy[row..]);
                    }
                });
        });
    copy
}

/// The panels of a matrix with contiguous rows, one after another; columns of the last beyond the matrix may be anything.
pub(super) fn packed_panels(b: Matrix<'_>) -> AlignedBuffer {
    let mut copy = AlignedBuffer::unwritten(b.columns.next_multiple_of(COLUMNS) * b.rows);
    copy.par_chunks_mut(b.rows * COLUMNS)
        .enumerate()
        .for_each(|(panel, cells)| pack_panel(b, panel, cells));
    copy
}

/// Copies a panel of a matrix with contiguous rows.
fn pack_panel(b: Matrix<'_>, panel: usize, cells: &mut [f32]) {
    let column = panel * COLUMNS;
    let columns = COLUMNS.min(b.columns - column);
    for (k, cells) in cells.as_chunks_mut::<COLUMNS>().0.iter_mut().enumerate() {
        let row = &b.data[k * b.row_stride + column..][..columns];
        // A number of bytes that is known needs no call.
        match row.first_chunk() {
            Some(row) => *cells = *row,
            None => cells[..columns].copy_from_slice(row),
        }
    }
}

/// Copies rows of a matrix with contiguous columns, those of a tile together.
pub(super) fn pack_rows(a: Matrix<'_>, first: usize, count: usize, cells: &mut [f32]) {
    assert_eq!(a.row_stride, 1, "columns are not contiguous");
    for k in 0..a.columns {
        let (tiles, rest) = a.data[k * a.column_stride + first..][..count].as_chunks::<ROWS>();
        let of = |tile: usize| (tile * a.columns + k) * ROWS;
        for (tile, numbers) in tiles.iter().enumerate() {
            cells[of(tile)..][..ROWS].copy_from_slice(numbers);
        }
        if !rest.is_empty() {
            cells[of(tiles.len())..][..rest.len()].copy_from_slice(rest);
        }
    }
}
