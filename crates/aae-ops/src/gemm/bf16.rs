//! Products of numbers rounded to bfloat16, with sums in single precision: for CPUs with AVX-512 BF16.
//!
//! An instruction multiplies pairs of the inner dimension, so both operands are copied into pairs. The smaller one is copied
//! first, as a whole; the larger one by the task that needs the part, so that a weight is read from memory once and its rounded
//! copy never leaves the core's cache.

use std::arch::x86_64::{
    __m256bh, __m256i, __m512bh, __m512i, __mmask16, _MM_HINT_T0, _mm_prefetch,
    _mm512_cvtepu16_epi32, _mm512_cvtne2ps_pbh, _mm512_cvtneps_pbh, _mm512_mask_storeu_epi32,
    _mm512_maskz_loadu_ps, _mm512_or_si512, _mm512_slli_epi32,
};
use std::cell::RefCell;

use rayon::prelude::*;

use super::tile::{COLUMNS, LANES, Operands, ROWS, Target, Tile, compute_bf16};
use super::{Cells, Matrix};

/// Rows of `a` in a task: a multiple of `ROWS`.
const TASK_ROWS: usize = 8 * ROWS;

/// How many rows ahead the memory is asked for those of a panel: they are too far apart for the CPU to guess the next.
const ROWS_AHEAD: usize = 16;
/// The same within a row and what follows it.
const NUMBERS_AHEAD: usize = 512;

/// Whether this CPU has the instructions.
pub(super) fn is_available() -> bool {
    std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512bf16")
}

/// Whether the operands lie as this kernel reads them: with contiguous rows or contiguous columns.
pub(super) fn suits(a: Matrix<'_>, b: Matrix<'_>) -> bool {
    [a, b]
        .iter()
        .all(|matrix| matrix.row_stride == 1 || matrix.column_stride == 1)
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
    /// has `columns` columns in all. It works in this thread alone.
    fn multiply(
        rows: &Rows<'_>,
        cells: &[u32],
        panels: &[u32],
        first: usize,
        columns: usize,
        target: &Target,
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
        rows.pack(cells);
    }

    fn multiply(
        rows: &Rows<'_>,
        cells: &[u32],
        panels: &[u32],
        first: usize,
        columns: usize,
        target: &Target,
    ) {
        for (panel, packed) in panels.chunks(rows.pairs() * COLUMNS).enumerate() {
            rows.times_panel(cells, packed, first + panel, columns, target);
        }
    }
}

/// As [`super::gemm`], for products that are not empty and that [`suits`].
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: &mut [f32], accumulate: bool) {
    product::<Vectors>(a, b, c, accumulate);
}

/// As [`gemm`], by any kernel.
pub(super) fn product<K: Kernel>(a: Matrix<'_>, b: Matrix<'_>, c: &mut [f32], accumulate: bool) {
    let target = Target {
        cells: Cells(c.as_mut_ptr()),
        width: b.columns,
        // In x·Wᵀ the weight's rows become rows of `a`, whose pairs lie together.
        transposed: b.column_stride != 1,
        accumulate,
    };
    let (a, b) = match target.transposed {
        false => (a, b),
        true => (b.t(), a.t()),
    };
    let (rows, columns) = (a.rows, b.columns);
    let panels = columns.div_ceil(COLUMNS);
    let depth = K::depth(a.columns.div_ceil(2));
    if rows >= columns {
        with_cells(panels * depth * COLUMNS, |packed| {
            packed
                .par_chunks_mut(depth * COLUMNS)
                .enumerate()
                .for_each(|(panel, cells)| pack_panel(b, panel, cells));
            (0..rows.div_ceil(K::TASK_ROWS))
                .into_par_iter()
                .for_each(|task| {
                    let first = task * K::TASK_ROWS;
                    let count = K::TASK_ROWS.min(rows - first);
                    let chunk = Rows { a, first, count };
                    with_cells(K::cells(&chunk), |cells| {
                        K::pack(&chunk, cells);
                        K::multiply(&chunk, cells, packed, 0, columns, &target);
                    });
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
                    K::multiply(&all, cells, packed, panel, columns, &target);
                });
            });
        });
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

    /// Distances in the copy: from row to row, and from pair to pair. Numbers that are neighbours stay so.
    fn strides(&self) -> (usize, usize) {
        match self.a.column_stride {
            1 => (self.pairs(), 1),
            _ => (1, self.count),
        }
    }

    fn pack(&self, cells: &mut [u32]) {
        let a = self.a;
        if a.column_stride == 1 {
            cells
                .par_chunks_mut(self.pairs())
                .with_min_len(ROWS)
                .enumerate()
                .for_each(|(i, cells)| {
                    let row = &a.data[(self.first + i) * a.row_stride..][..a.columns];
                    pack_neighbours(row, cells);
                });
            return;
        }
        for (pair, cells) in cells.chunks_mut(self.count).enumerate() {
            let numbers = |k: usize| &a.data[k * a.column_stride + self.first..][..self.count];
            let odd = match 2 * pair + 1 < a.columns {
                true => numbers(2 * pair + 1),
                false => &[],
            };
            pack_rows(numbers(2 * pair), odd, cells, a.column_stride);
        }
    }

    /// Multiplies the rows, packed as `cells`, with a packed panel of `b`, whose product has `columns` columns in all.
    fn times_panel(
        &self,
        cells: &[u32],
        packed: &[u32],
        panel: usize,
        columns: usize,
        target: &Target,
    ) {
        let (a_row, a_step) = self.strides();
        let column = panel * COLUMNS;
        for row in (0..self.count).step_by(ROWS) {
            let operands = Operands {
                a: cells[row * a_row..].as_ptr(),
                a_row,
                a_step,
                b: packed.as_ptr(),
                b_step: COLUMNS,
                depth: self.pairs(),
            };
            let tile = Tile {
                row: self.first + row,
                rows: ROWS.min(self.count - row),
                column,
                columns: COLUMNS.min(columns - column),
            };
            // SAFETY: `is_available` has found the instructions; `cells` and `packed` hold every pair of the tile's rows and
            // columns; no two tiles share a cell of the result, and `c` is borrowed mutably for the whole call.
            #[allow(unsafe_code)]
            unsafe {
                compute_bf16(operands, target, tile);
            }
        }
    }
}

/// Copies `COLUMNS` columns of `b` as rows of pairs, and fills the rows beyond them with zeros.
fn pack_panel(b: Matrix<'_>, panel: usize, cells: &mut [u32]) {
    let (cells, padding) = cells.split_at_mut(b.rows.div_ceil(2) * COLUMNS);
    padding.fill(0);
    let column = panel * COLUMNS;
    let columns = COLUMNS.min(b.columns - column);
    if b.column_stride == 1 {
        for (pair, cells) in cells.chunks_mut(COLUMNS).enumerate() {
            let row = |k: usize| &b.data[k * b.row_stride + column..][..columns];
            let odd = match 2 * pair + 1 < b.rows {
                true => row(2 * pair + 1),
                false => &[],
            };
            pack_rows(row(2 * pair), odd, &mut cells[..columns], b.row_stride);
        }
        return;
    }
    // The pairs of a column lie together: a block of them is copied to the side and then written across.
    for (block, cells) in cells.chunks_mut(LANES * COLUMNS).enumerate() {
        let first = block * 2 * LANES;
        let count = (2 * LANES).min(b.rows - first);
        for j in 0..columns {
            let numbers = &b.data[(column + j) * b.column_stride + first..][..count];
            let mut pairs = [0; LANES];
            pack_neighbours(numbers, &mut pairs[..count.div_ceil(2)]);
            for (row, pair) in cells.chunks_mut(COLUMNS).zip(pairs) {
                row[j] = pair;
            }
        }
    }
}

/// Rounds neighbouring numbers to bfloat16, two to a cell; a last one alone is paired with zero.
pub(super) fn pack_neighbours(numbers: &[f32], cells: &mut [u32]) {
    assert_eq!(
        cells.len(),
        numbers.len().div_ceil(2),
        "a copy of another size"
    );
    // SAFETY: `is_available` has found the instructions; the sizes fit.
    #[allow(unsafe_code)]
    unsafe {
        neighbours(numbers, cells);
    }
}

/// Rounds two rows of numbers to bfloat16, a number of each to a cell; an empty second row counts as zeros. The rows that
/// follow lie `stride` numbers apart.
pub(super) fn pack_rows(even: &[f32], odd: &[f32], cells: &mut [u32], stride: usize) {
    assert_eq!(cells.len(), even.len(), "a copy of another size");
    assert!(
        odd.is_empty() || odd.len() == even.len(),
        "rows of two sizes"
    );
    // SAFETY: `is_available` has found the instructions; the sizes fit.
    #[allow(unsafe_code)]
    unsafe {
        rows(even, odd, cells, stride);
    }
}

/// The first `count` lanes, all if there are more.
fn lanes(count: usize) -> __mmask16 {
    match count {
        0 => 0,
        1..LANES => u16::MAX >> (LANES - count),
        _ => u16::MAX,
    }
}

/// # Safety
/// The CPU must have the instructions; `cells` must have half as many elements as `numbers`, rounded up.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn neighbours(numbers: &[f32], cells: &mut [u32]) {
    for (numbers, cells) in numbers.chunks(2 * LANES).zip(cells.chunks_mut(LANES)) {
        let (low, high) = numbers.split_at(LANES.min(numbers.len()));
        // SAFETY: masks leave out what is beyond the slices; both types are 512 bits without an invalid pattern. A prefetch may
        // name any address.
        unsafe {
            for half in [low, high] {
                let ahead = half.as_ptr().wrapping_add(NUMBERS_AHEAD);
                _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
            }
            let low = _mm512_maskz_loadu_ps(lanes(low.len()), low.as_ptr());
            let high = _mm512_maskz_loadu_ps(lanes(high.len()), high.as_ptr());
            let pairs = _mm512_cvtne2ps_pbh(high, low);
            let pairs = std::mem::transmute::<__m512bh, __m512i>(pairs);
            _mm512_mask_storeu_epi32(cells.as_mut_ptr().cast(), lanes(cells.len()), pairs);
        }
    }
}

/// # Safety
/// The CPU must have the instructions; `cells` must have as many elements as `even`, and `odd` as many or none.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn rows(even: &[f32], odd: &[f32], cells: &mut [u32], stride: usize) {
    for (block, cells) in cells.chunks_mut(LANES).enumerate() {
        let mask = lanes(cells.len());
        let rounded = |row: &[f32]| {
            // SAFETY: the mask leaves out what is beyond the slice; both types are 256 bits without an invalid pattern.
            // A prefetch may name any address.
            let halves = unsafe {
                let at = row[block * LANES..].as_ptr();
                _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(ROWS_AHEAD * stride).cast());
                let numbers = _mm512_maskz_loadu_ps(mask, at);
                std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(numbers))
            };
            _mm512_cvtepu16_epi32(halves)
        };
        let mut pairs = rounded(even);
        if !odd.is_empty() {
            pairs = _mm512_or_si512(pairs, _mm512_slli_epi32::<16>(rounded(odd)));
        }
        // SAFETY: the mask leaves out what is beyond the slice.
        unsafe { _mm512_mask_storeu_epi32(cells.as_mut_ptr().cast(), mask, pairs) };
    }
}

thread_local! {
    static SCRATCH: RefCell<Vec<Vec<u32>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `f` with `count` cells that may be anything. Their memory stays with the thread for its next call.
fn with_cells<T>(count: usize, f: impl FnOnce(&mut [u32]) -> T) -> T {
    // Taken out while it is used: a thread that waits for others may work on another task that needs cells too.
    let mut cells = SCRATCH.with_borrow_mut(Vec::pop).unwrap_or_default();
    if cells.len() < count {
        cells.resize(count, 0);
    }
    let result = f(&mut cells[..count]);
    SCRATCH.with_borrow_mut(|free| free.push(cells));
    result
}
