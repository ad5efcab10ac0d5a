//! Our own product for CPUs with AVX-512: nothing large is copied.
//!
//! A tile of the result, 6 rows by 64 columns, stays in registers while the inner dimension runs through: each step loads 64
//! numbers of a row of `b` and multiplies them with six single numbers of `a`. So `a` may lie in memory in any way, and a `b`
//! with contiguous rows is read where it lies. A weight is one of the two in every product of a layer: `b` in `dz·W`; in
//! `x·Wᵀ` the transposed product `W·xᵀ` makes it `a`, and the small `xᵀ` is copied instead. Libraries that pack both operands
//! copy each weight of a step several times.

use std::arch::x86_64::{
    __m512, __mmask16, _MM_HINT_T0, _mm_prefetch, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_storeu_ps,
};

use rayon::prelude::*;

use super::{Cells, Matrix};

/// Numbers in a register.
const LANES: usize = 16;
/// Rows of a tile.
const ROWS: usize = 6;
/// Registers across a tile: with `ROWS` they leave enough of the 32 for a row of `b` and a number of `a`.
const VECTORS: usize = 4;
/// Columns of a tile.
const COLUMNS: usize = LANES * VECTORS;
/// Rows of a task, if there are as many: small enough to share the work evenly, a multiple of `ROWS`.
const TASK_ROWS: usize = 126;
/// How many rows of `b` ahead the memory is asked for.
const AHEAD: usize = 12;

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
    if b.column_stride == 1 {
        let result = Result {
            cells: Cells(c.as_mut_ptr()),
            width,
            transposed: false,
            accumulate,
        };
        return product(a, b, &result);
    }
    // c = a·b as cᵀ = bᵀ·aᵀ, with the rows of aᵀ made contiguous.
    let result = Result {
        cells: Cells(c.as_mut_ptr()),
        width,
        transposed: true,
        accumulate,
    };
    let copied = transposed(a);
    product(b.t(), Matrix::new(&copied, a.columns, a.rows), &result);
}

/// The transpose of a row-major matrix, row-major.
fn transposed(a: Matrix<'_>) -> Vec<f32> {
    const BLOCK: usize = 16;
    let mut copy = vec![0f32; a.rows * a.columns];
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

/// Where the result goes.
struct Result {
    cells: Cells,
    /// Columns of `c` as it lies in memory.
    width: usize,
    /// Whether the product is the transpose of `c`.
    transposed: bool,
    accumulate: bool,
}

/// The product of `a` and a `b` with contiguous rows, split into tasks by its shape alone.
fn product(a: Matrix<'_>, b: Matrix<'_>, result: &Result) {
    let (m, n) = (a.rows, b.columns);
    let panels = n.div_ceil(COLUMNS);
    let chunks = m.div_ceil(TASK_ROWS);
    (0..panels * chunks).into_par_iter().for_each(|task| {
        // Tasks of one panel of `b` follow each other, so that a core finds it in its cache.
        let (panel, chunk) = (task / chunks, task % chunks);
        let column = panel * COLUMNS;
        let columns = COLUMNS.min(n - column);
        let last = m.min((chunk + 1) * TASK_ROWS);
        for row in (chunk * TASK_ROWS..last).step_by(ROWS) {
            let tile = Tile {
                row,
                rows: ROWS.min(last - row),
                column,
                columns,
            };
            // SAFETY: `is_available` has found AVX-512; rows and columns of the tile are inside `a` and `b`, whose indices
            // `Matrix::new` and the assertions of `super::gemm` hold inside their slices. No two tiles share a cell of the
            // result, and `c` is borrowed mutably for the whole call.
            #[allow(unsafe_code)]
            unsafe {
                compute(a, b, result, tile);
            }
        }
    });
}

/// A part of the product that is computed in registers.
#[derive(Clone, Copy)]
struct Tile {
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
}

/// Computes a tile with the registers that it needs.
///
/// # Safety
/// The CPU must have AVX-512; the tile must be inside the product; `b.column_stride` must be 1.
#[allow(unsafe_code)]
unsafe fn compute(a: Matrix<'_>, b: Matrix<'_>, result: &Result, tile: Tile) {
    macro_rules! of {
        ($($rows:literal)+) => {
            match (tile.rows, tile.columns.div_ceil(LANES)) {
                $(
                    // SAFETY: the caller's promises; rows and vectors are those of the tile.
                    ($rows, 1) => unsafe { registers::<$rows, 1>(a, b, result, tile) },
                    // SAFETY: as above.
                    ($rows, 2) => unsafe { registers::<$rows, 2>(a, b, result, tile) },
                    // SAFETY: as above.
                    ($rows, 3) => unsafe { registers::<$rows, 3>(a, b, result, tile) },
                    // SAFETY: as above.
                    ($rows, 4) => unsafe { registers::<$rows, 4>(a, b, result, tile) },
                )+
                // Tiles have 1 to ROWS rows and 1 to COLUMNS columns.
                _ => unreachable!("a tile of another size"),
            }
        };
    }
    of!(1 2 3 4 5 6);
}

/// Computes a tile of `R` rows and `V` registers, of which the last may be filled in part.
///
/// # Safety
/// As [`compute`]; `tile.rows` must be `R` and `tile.columns` between `16 (V - 1) + 1` and `16 V`.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn registers<const R: usize, const V: usize>(
    a: Matrix<'_>,
    b: Matrix<'_>,
    result: &Result,
    tile: Tile,
) {
    let filled = tile.columns - LANES * (V - 1);
    let mask: __mmask16 = u16::MAX >> (LANES - filled);
    let (depth, a_row, a_step, b_step) = (a.columns, a.row_stride, a.column_stride, b.row_stride);
    let mut sums = [[_mm512_setzero_ps(); V]; R];
    // SAFETY: `k < depth`, `r < R`: every index of `a` is inside it. The row of `b` is read to `tile.columns` numbers: whole
    // registers but for the last, whose mask leaves out what lies beyond. A prefetch may name any address.
    unsafe {
        let mut from_a = a.offset(tile.row, 0);
        let mut from_b = b.offset(0, tile.column);
        for _ in 0..depth {
            let mut row = [_mm512_setzero_ps(); V];
            for (v, register) in row.iter_mut().enumerate() {
                let at = from_b.wrapping_add(v * LANES);
                _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD * b_step).cast());
                *register = match v + 1 == V {
                    true => _mm512_maskz_loadu_ps(mask, at),
                    false => _mm512_loadu_ps(at),
                };
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let number = _mm512_set1_ps(*from_a.add(r * a_row));
                for (sum, register) in sums.iter_mut().zip(&row) {
                    *sum = _mm512_fmadd_ps(number, *register, *sum);
                }
            }
            from_a = from_a.wrapping_add(a_step);
            from_b = from_b.wrapping_add(b_step);
        }
        match result.transposed {
            false => store_rows(&sums, result, tile, mask),
            true => store_columns(&sums, result, tile),
        }
    }
}

/// Stores a tile where it lies in `c`.
///
/// # Safety
/// As [`registers`].
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn store_rows<const R: usize, const V: usize>(
    sums: &[[__m512; V]; R],
    result: &Result,
    tile: Tile,
    mask: __mmask16,
) {
    for (r, sums) in sums.iter().enumerate() {
        for (v, sum) in sums.iter().enumerate() {
            let index = (tile.row + r) * result.width + tile.column + v * LANES;
            // SAFETY: the tile is inside `c`; the last register's mask leaves out what is not.
            unsafe {
                let cell = result.cells.at(index);
                let mask = if v + 1 == V { mask } else { u16::MAX };
                let sum = match result.accumulate {
                    true => _mm512_add_ps(_mm512_maskz_loadu_ps(mask, cell), *sum),
                    false => *sum,
                };
                _mm512_mask_storeu_ps(cell, mask, sum);
            }
        }
    }
}

/// Stores a tile whose transpose lies in `c`.
///
/// # Safety
/// As [`registers`].
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn store_columns<const R: usize, const V: usize>(
    sums: &[[__m512; V]; R],
    result: &Result,
    tile: Tile,
) {
    let mut spilled = [[0f32; COLUMNS]; R];
    for (row, sums) in spilled.iter_mut().zip(sums) {
        for (v, sum) in sums.iter().enumerate() {
            // SAFETY: `V` registers are at most COLUMNS numbers.
            unsafe { _mm512_storeu_ps(row.as_mut_ptr().add(v * LANES), *sum) };
        }
    }
    for column in 0..tile.columns {
        let index = (tile.column + column) * result.width + tile.row;
        for (r, row) in spilled.iter().enumerate() {
            // SAFETY: the tile's transpose is inside `c`.
            unsafe {
                let cell = result.cells.at(index + r);
                *cell = match result.accumulate {
                    true => *cell + row[column],
                    false => row[column],
                };
            }
        }
    }
}
