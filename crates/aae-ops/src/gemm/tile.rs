//! A tile of a product in the registers of AVX-512: the innermost loops of both precisions.
//!
//! Operands are cells of 32 bits: a single-precision number, or two neighbouring bfloat16 numbers of the inner dimension, which
//! one instruction multiplies and adds up.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, __mmask16, _MM_HINT_ET0, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch,
    _mm512_add_ps, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_dpbf16_ps, _mm512_fmadd_ps,
    _mm512_loadu_si512, _mm512_mask_storeu_ps, _mm512_maskz_loadu_epi32, _mm512_maskz_loadu_ps,
    _mm512_set1_epi32, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_si512,
};

use super::Output;
use super::transpose::transposed;

/// Cells in a register.
pub(super) const LANES: usize = 16;
/// Rows of a tile.
pub(super) const ROWS: usize = 6;
/// Registers across a tile: with `ROWS` they leave enough of the 32 for a row of `b` and a cell of `a`.
const VECTORS: usize = 4;
/// Columns of a tile.
pub(super) const COLUMNS: usize = LANES * VECTORS;
/// How many rows of `b` ahead the memory is asked for.
const AHEAD: usize = 12;

/// Where a tile's operands begin, and how far apart their cells are.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    pub(super) a: *const u32,
    /// From a row of `a` to the next.
    pub(super) a_row: usize,
    /// From a cell of `a` to the next of the inner dimension.
    pub(super) a_step: usize,
    pub(super) b: *const u32,
    /// From a row of `b` to the next; its columns are neighbours.
    pub(super) b_step: usize,
    /// Cells of the inner dimension.
    pub(super) depth: usize,
    /// Where the rows of `b` are copied to, [`COLUMNS`] cells each, if at all.
    pub(super) copy: *mut u32,
    /// What the memory is asked for meanwhile, an address for each cell of the inner dimension: what will be needed next.
    pub(super) next: Stream,
}

/// Addresses at equal distances, of which nothing is read: they may lie anywhere.
#[derive(Clone, Copy)]
pub(super) struct Stream {
    pub(super) at: *const f32,
    /// In numbers. Zero where there is nothing to ask for: an address asked for again costs nothing.
    pub(super) step: usize,
}

impl Stream {
    /// An address that is always there: to ask for one that is not, the CPU would look through the page tables each time.
    pub(super) fn nothing() -> Self {
        static THERE: f32 = 0.0;
        Self {
            at: &raw const THERE,
            step: 0,
        }
    }
}

/// Where the result goes.
pub(super) struct Target<'a> {
    pub(super) output: Output<'a>,
    /// Columns of `c` as it lies in memory.
    pub(super) width: usize,
    /// Whether the product is the transpose of `c`.
    pub(super) transposed: bool,
}

impl<'a> Target<'a> {
    /// A row-major result of `width` columns.
    pub(super) fn new(output: Output<'a>, width: usize) -> Self {
        Self {
            output,
            width,
            transposed: false,
        }
    }
}

/// A part of the product that is computed in registers.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) row: usize,
    pub(super) rows: usize,
    pub(super) column: usize,
    pub(super) columns: usize,
}

/// `sum + a·b` in each lane.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
fn multiply_f32(sum: __m512, a: __m512i, b: __m512i) -> __m512 {
    _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum)
}

/// `sum + a₀·b₀ + a₁·b₁` in each lane.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bf16")]
fn multiply_bf16(sum: __m512, a: __m512i, b: __m512i) -> __m512 {
    // SAFETY: both types are 512 bits without an invalid pattern.
    let pairs = |cells: __m512i| unsafe { std::mem::transmute::<__m512i, __m512bh>(cells) };
    _mm512_dpbf16_ps(sum, pairs(a), pairs(b))
}

/// A function that computes a tile, and the loop behind it: written out once for each kind of cell, for a function that is
/// compiled for some instructions cannot be handed to another that is compiled for fewer.
macro_rules! kernel {
    ($compute:ident, $registers:ident, $multiply:ident, $features:literal) => {
        /// Computes a tile with the registers that it needs.
        ///
        /// # Safety
        /// The CPU must have the instructions; the tile must be inside the product, its operands and its target.
        #[allow(unsafe_code)]
        pub(super) unsafe fn $compute(operands: Operands, target: &Target<'_>, tile: Tile) {
            macro_rules! of {
                ($rows:literal) => {
                    match tile.columns.div_ceil(LANES) {
                        // SAFETY: the caller's promises; rows and vectors are those of the tile.
                        1 => unsafe { $registers::<$rows, 1, false>(operands, target, tile) },
                        // SAFETY: as above.
                        2 => unsafe { $registers::<$rows, 2, false>(operands, target, tile) },
                        // SAFETY: as above.
                        3 => unsafe { $registers::<$rows, 3, false>(operands, target, tile) },
                        // SAFETY: as above.
                        _ => unsafe { $registers::<$rows, 4, false>(operands, target, tile) },
                    }
                };
            }
            match tile.rows {
                1 => of!(1),
                2 => of!(2),
                3 => of!(3),
                4 => of!(4),
                5 => of!(5),
                _ => of!(6),
            }
        }

        /// Computes a tile of `R` rows and `V` registers, of which the last may be filled in part. With `COPY` it copies `b`
        /// on the way.
        ///
        /// # Safety
        /// As above; `tile.rows` must be `R` and `tile.columns` between `16 (V - 1) + 1` and `16 V`. With `COPY`,
        /// `operands.copy` must have room for [`COLUMNS`] cells for each of the inner dimension, which nobody else uses.
        #[allow(unsafe_code)]
        #[target_feature(enable = $features)]
        unsafe fn $registers<const R: usize, const V: usize, const COPY: bool>(
            operands: Operands,
            target: &Target<'_>,
            tile: Tile,
        ) {
            let filled = tile.columns - LANES * (V - 1);
            let mask: __mmask16 = u16::MAX >> (LANES - filled);
            let Operands {
                a_row,
                a_step,
                b_step,
                depth,
                next,
                ..
            } = operands;
            let mut sums = [[_mm512_setzero_ps(); V]; R];
            // Stores that miss the cache would hold up the next tile: their memory is asked for before the loop.
            match target.transposed {
                false => {
                    for row in 0..R {
                        let index = (tile.row + row) * target.width + tile.column;
                        for v in 0..V {
                            // SAFETY: the tile is inside `c`. A prefetch may name any address.
                            unsafe {
                                let at = target.output.cells().at(index).wrapping_add(v * LANES);
                                _mm_prefetch::<_MM_HINT_ET0>(at.cast());
                            }
                        }
                    }
                }
                true => {
                    for column in tile.column..tile.column + tile.columns {
                        // SAFETY: as above.
                        unsafe {
                            let at = target.output.cells().at(column * target.width + tile.row);
                            _mm_prefetch::<_MM_HINT_ET0>(at.cast());
                        }
                    }
                }
            }
            // SAFETY: every cell of `a` that is read is inside it. The row of `b` is read to `tile.columns` cells: whole
            // registers but for the last, whose mask leaves out what lies beyond. The copy has room for whole registers. A prefetch may name any
            // address.
            unsafe {
                let mut from_a = operands.a;
                let mut from_b = operands.b;
                let mut ahead = next.at;
                let mut to = operands.copy;
                for _ in 0..depth {
                    _mm_prefetch::<_MM_HINT_T1>(ahead.cast());
                    ahead = ahead.wrapping_add(next.step);
                    let mut row = [_mm512_setzero_si512(); V];
                    for (v, register) in row.iter_mut().enumerate() {
                        let at = from_b.wrapping_add(v * LANES);
                        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD * b_step).cast());
                        *register = match v + 1 == V {
                            true => _mm512_maskz_loadu_epi32(mask, at.cast()),
                            false => _mm512_loadu_si512(at.cast()),
                        };
                        if COPY {
                            _mm512_storeu_si512(to.add(v * LANES).cast(), *register);
                        }
                    }
                    to = to.wrapping_add(if COPY { COLUMNS } else { 0 });
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let cell = _mm512_set1_epi32((*from_a.add(r * a_row)).cast_signed());
                        for (sum, register) in sums.iter_mut().zip(&row) {
                            *sum = $multiply(*sum, cell, *register);
                        }
                    }
                    from_a = from_a.wrapping_add(a_step);
                    from_b = from_b.wrapping_add(b_step);
                }
                // A copy: sums whose address is given away would be cleared and kept in memory before the loop, too.
                let sums = sums;
                match target.transposed {
                    false => store_rows(&sums, target, tile, mask),
                    true => store_columns(&sums, target, tile),
                }
            }
        }
    };
}

kernel!(compute_f32, registers_f32, multiply_f32, "avx512f");
kernel!(
    compute_bf16,
    registers_bf16,
    multiply_bf16,
    "avx512f,avx512bf16"
);

/// As [`compute_f32`], for a tile of [`ROWS`] rows; it copies `b` to `operands.copy`.
///
/// # Safety
/// As there; `operands.copy` must have room for [`COLUMNS`] cells for each of the inner dimension, which nobody else uses.
#[allow(unsafe_code)]
pub(super) unsafe fn compute_f32_and_copy(operands: Operands, target: &Target<'_>, tile: Tile) {
    match tile.columns.div_ceil(LANES) {
        // SAFETY: the caller's promises; rows and vectors are those of the tile.
        1 => unsafe { registers_f32::<ROWS, 1, true>(operands, target, tile) },
        // SAFETY: as above.
        2 => unsafe { registers_f32::<ROWS, 2, true>(operands, target, tile) },
        // SAFETY: as above.
        3 => unsafe { registers_f32::<ROWS, 3, true>(operands, target, tile) },
        // SAFETY: as above.
        _ => unsafe { registers_f32::<ROWS, 4, true>(operands, target, tile) },
    }
}

/// Stores a tile where it lies in `c`.
///
/// # Safety
/// As the tile that it stores.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn store_rows<const R: usize, const V: usize>(
    sums: &[[__m512; V]; R],
    target: &Target<'_>,
    tile: Tile,
    mask: __mmask16,
) {
    for (r, sums) in sums.iter().enumerate() {
        for (v, sum) in sums.iter().enumerate() {
            let index = (tile.row + r) * target.width + tile.column + v * LANES;
            // SAFETY: the tile is inside `c`; the last register's mask leaves out what is not.
            unsafe {
                let cell = target.output.cells().at(index);
                let mask = if v + 1 == V { mask } else { u16::MAX };
                let sum = match target.output.accumulates() {
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
/// As the tile that it stores.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn store_columns<const R: usize, const V: usize>(
    sums: &[[__m512; V]; R],
    target: &Target<'_>,
    tile: Tile,
) {
    let rows: __mmask16 = (1 << R) - 1;
    for v in 0..V {
        let mut of_rows = [_mm512_setzero_si512(); LANES];
        for (cells, sums) in of_rows.iter_mut().zip(sums) {
            *cells = _mm512_castps_si512(sums[v]);
        }
        let columns = LANES.min(tile.columns - v * LANES);
        for (column, cells) in transposed(of_rows).iter().take(columns).enumerate() {
            let column = tile.column + v * LANES + column;
            // SAFETY: the tile's transpose is inside `c`; the mask leaves out the rows that it does not have.
            unsafe {
                let cell = target.output.cells().at(column * target.width + tile.row);
                let sum = _mm512_castsi512_ps(*cells);
                let sum = match target.output.accumulates() {
                    true => _mm512_add_ps(_mm512_maskz_loadu_ps(rows, cell), sum),
                    false => sum,
                };
                _mm512_mask_storeu_ps(cell, rows, sum);
            }
        }
    }
}
