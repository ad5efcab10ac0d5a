//! Products of bfloat16 numbers in AMX tiles: for Intel's CPUs from Sapphire Rapids.
//!
//! A tile is 16 rows of 16 cells; an instruction multiplies a tile of `a` with one of `b` and adds to one of the product. The
//! packing of [`super::bf16`] makes a panel of `b` what such tiles are loaded from; that of `a` here keeps the pairs of a row
//! together. Copies are padded to whole tiles: with zeros along the inner dimension, which is summed over, so that
//! nothing is added for them; with anything beyond the last row or column, where the product has no cell.

mod instructions;
#[cfg(test)]
pub(super) mod model;

use std::marker::PhantomData;

use rayon::prelude::*;

use super::bf16::{self, Kernel, Rows};
use super::pairs::{pack_neighbours, pack_pair};
use super::tile::{COLUMNS, LANES, Target, Tile};
use super::{Matrix, Output};
use crate::pieces::Pieces;
use instructions::Instructions;
pub(super) use instructions::is_available;

/// Rows and columns of a block of the product: four tiles of it, two of `a` and two of `b` are all that there are.
const SIDE: usize = 2 * LANES;

/// A block of the product.
#[repr(align(64))]
struct Block([[f32; SIDE]; SIDE]);

/// What multiplies tiles: the CPU, or in tests a model of it.
trait Engine {
    /// # Safety
    /// [`is_available`] must have found the instructions, if the engine needs them.
    #[allow(unsafe_code)]
    unsafe fn configured() -> Self;

    /// Writes to `block` the product of `SIDE` rows of pairs, from one to the next `a_row` cells, with `SIDE` columns of a
    /// panel. Rows and columns have `depth` cells, a multiple of `LANES`. Panics where a slice ends before.
    fn multiply(&mut self, a: &[u32], a_row: usize, b: &[u32], depth: usize, block: &mut Block);
}

/// As [`super::gemm`], for products that are not empty.
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    bf16::product::<Tiles<Instructions>>(a, b, c);
}

/// As [`super::in_pieces`], for products that are not empty.
pub(super) fn in_pieces<T>(a: Matrix<'_>, b: Matrix<'_>, f: impl FnOnce(&dyn Pieces) -> T) -> T {
    bf16::lazy_product::<Tiles<Instructions>, T>(a, b, f)
}

/// The kernel of AMX.
struct Tiles<E>(PhantomData<E>);

/// Cells from a row of the copy of `a` to the next: an odd number of cache lines, or the rows of a tile would share few sets of
/// the cache.
fn row_stride(depth: usize) -> usize {
    depth | LANES
}

impl<E: Engine> Kernel for Tiles<E> {
    const TASK_ROWS: usize = 2 * SIDE;

    fn depth(pairs: usize) -> usize {
        pairs.next_multiple_of(LANES)
    }

    fn cells(rows: &Rows<'_>) -> usize {
        rows.count.next_multiple_of(SIDE) * row_stride(Self::depth(rows.pairs()))
    }

    fn pack(rows: &Rows<'_>, cells: &mut [u32]) {
        let stride = row_stride(Self::depth(rows.pairs()));
        cells
            .par_chunks_mut(SIDE * stride)
            .enumerate()
            .for_each(|(block, cells)| {
                let some = Rows {
                    a: rows.a,
                    first: rows.first + block * SIDE,
                    count: SIDE.min(rows.count - block * SIDE),
                };
                pack_block(&some, cells, stride);
            });
    }

    fn multiply(
        rows: &Rows<'_>,
        cells: &[u32],
        panels: &[u32],
        first: usize,
        columns: usize,
        target: &Target<'_>,
        _coming: Option<Matrix<'_>>,
    ) {
        let depth = Self::depth(rows.pairs());
        let stride = row_stride(depth);
        // SAFETY: this kernel is only chosen where `is_available` has found the instructions.
        #[allow(unsafe_code)]
        let mut engine = unsafe { E::configured() };
        let mut block = Block([[0.0; SIDE]; SIDE]);
        for (panel, packed) in panels.chunks(depth * COLUMNS).enumerate() {
            let panel = (first + panel) * COLUMNS;
            for column in (panel..columns.min(panel + COLUMNS)).step_by(SIDE) {
                for row in (0..rows.count).step_by(SIDE) {
                    let a = &cells[row * stride..];
                    engine.multiply(a, stride, &packed[column - panel..], depth, &mut block);
                    let tile = Tile {
                        row: rows.first + row,
                        rows: SIDE.min(rows.count - row),
                        column,
                        columns: SIDE.min(columns - column),
                    };
                    // SAFETY: the tile ends with the rows and with the columns, and the target holds all of both; no two blocks share a
                    // cell of it, and it is borrowed mutably for the whole call.
                    #[allow(unsafe_code)]
                    unsafe {
                        store(&block, target, tile);
                    }
                }
            }
        }
    }
}

/// Copies `SIDE` rows at most, each to `stride` cells. What the rows lack is filled with zeros.
fn pack_block(rows: &Rows<'_>, cells: &mut [u32], stride: usize) {
    let &Rows { a, first, count } = rows;
    if a.column_stride == 1 {
        let (cells, beyond) = cells.split_at_mut(count * stride);
        for (i, cells) in cells.chunks_mut(stride).enumerate() {
            let (cells, padding) = cells.split_at_mut(rows.pairs());
            pack_neighbours(&a.data[(first + i) * a.row_stride..][..a.columns], cells);
            padding.fill(0);
        }
        beyond.fill(0);
        return;
    }
    // Numbers of a row lie apart: a pair of each row is rounded to the side and then written across.
    for pair in 0..stride {
        let mut across = [0; SIDE];
        if pair < rows.pairs() {
            pack_pair(a.t(), pair, first, &mut across[..count]);
        }
        for (row, cell) in cells.chunks_mut(stride).zip(across) {
            row[pair] = cell;
        }
    }
}

/// Stores the part of a block that is inside the product.
///
/// # Safety
/// The tile must be inside the product and nobody else may use its cells.
#[allow(unsafe_code)]
unsafe fn store(block: &Block, target: &Target<'_>, tile: Tile) {
    for (i, row) in block.0[..tile.rows].iter().enumerate() {
        let first = (tile.row + i) * target.width + tile.column;
        // SAFETY: the caller's promise; a row of the product is contiguous, and holds numbers if it is added to.
        unsafe {
            let first = target.output.cells().at(first);
            if !target.output.accumulates() {
                first.copy_from_nonoverlapping(row.as_ptr(), tile.columns);
                continue;
            }
            for (j, number) in row[..tile.columns].iter().enumerate() {
                *first.add(j) += number;
            }
        }
    }
}
