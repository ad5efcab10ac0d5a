//! Products of numbers rounded to bfloat16, with sums in single precision: for CPUs with AVX-512 BF16.
//!
//! An instruction multiplies pairs of the inner dimension, so both operands are copied into pairs. The smaller one is copied
//! first, as a whole; the larger one by the task that needs the part, so that a weight is read from memory once, while the part
//! before is multiplied, and its rounded copy never leaves the core's cache.

use std::arch::x86_64::{
    __m256bh, __m256i, __m512bh, __m512i, __mmask16, _MM_HINT_T0, _mm_prefetch,
    _mm512_cvtepu16_epi32, _mm512_cvtne2ps_pbh, _mm512_cvtneps_pbh, _mm512_mask_storeu_epi32,
    _mm512_maskz_loadu_ps, _mm512_or_si512, _mm512_setzero_si512, _mm512_shuffle_i32x4,
    _mm512_slli_epi32, _mm512_storeu_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};
use std::cell::RefCell;

use rayon::prelude::*;

use super::tile::{COLUMNS, LANES, Operands, ROWS, Stream, Target, Tile, compute_bf16};
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

/// As [`super::gemm`], for products that are not empty and that [`suits`].
pub(super) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: &mut [f32], accumulate: bool) {
    let target = Target {
        cells: Cells(c.as_mut_ptr()),
        width: b.columns,
        transposed: false,
        accumulate,
    };
    let (rows, columns) = (a.rows, b.columns);
    let panels = columns.div_ceil(COLUMNS);
    let pairs = a.columns.div_ceil(2);
    if rows >= columns {
        with_cells(panels * pairs * COLUMNS, |packed| {
            packed
                .par_chunks_mut(pairs * COLUMNS)
                .enumerate()
                .for_each(|(panel, cells)| pack_panel(b, panel, cells));
            (0..rows.div_ceil(TASK_ROWS))
                .into_par_iter()
                .for_each(|task| {
                    let first = task * TASK_ROWS;
                    let count = TASK_ROWS.min(rows - first);
                    let chunk = Rows { a, first, count };
                    with_cells(chunk.count * pairs, |cells| {
                        chunk.pack(cells);
                        for (panel, packed) in packed.chunks(pairs * COLUMNS).enumerate() {
                            chunk.times_panel(cells, packed, panel, columns, &target, |_| None);
                        }
                    });
                });
        });
    } else {
        let all = Rows {
            a,
            first: 0,
            count: rows,
        };
        with_cells(rows * pairs, |cells| {
            all.pack(cells);
            (0..panels).into_par_iter().for_each(|panel| {
                with_cells(pairs * COLUMNS, |packed| {
                    pack_panel(b, panel, packed);
                    let next = |tile| ahead(b, panel + 1, tile);
                    all.times_panel(cells, packed, panel, columns, &target, next);
                });
            });
        });
    }
}

/// Some rows of `a` as pairs of the inner dimension.
struct Rows<'a> {
    a: Matrix<'a>,
    first: usize,
    count: usize,
}

impl Rows<'_> {
    fn pairs(&self) -> usize {
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
        next: impl Fn(usize) -> Option<Stream>,
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
                next: next(row / ROWS).unwrap_or(Stream {
                    at: packed.as_ptr().cast(),
                    step: 0,
                }),
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

/// What a tile of the panel before asks the memory for: a part of this panel of `b`, so that the copy of a weight need not wait.
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

/// Copies `COLUMNS` columns of `b` as rows of pairs.
fn pack_panel(b: Matrix<'_>, panel: usize, cells: &mut [u32]) {
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
    // The pairs of a column lie together: blocks of them are turned in registers.
    for (block, cells) in cells.chunks_mut(LANES * COLUMNS).enumerate() {
        let first = block * 2 * LANES;
        let count = (2 * LANES).min(b.rows - first);
        for group in (0..columns).step_by(LANES) {
            let from = &b.data[(column + group) * b.column_stride + first..];
            let columns = LANES.min(columns - group);
            pack_across(from, b.column_stride, columns, count, &mut cells[group..]);
        }
    }
}

/// Rounds up to 16 columns of up to 32 numbers each, the columns `stride` apart, to bfloat16, and writes their pairs as rows
/// that lie [`COLUMNS`] apart in `cells`; what is missing becomes zeros.
fn pack_across(from: &[f32], stride: usize, columns: usize, count: usize, cells: &mut [u32]) {
    let pairs = count.div_ceil(2);
    assert!(
        columns.min(count) > 0 && columns <= LANES && count <= 2 * LANES,
        "a block of another size"
    );
    assert!(
        from.len() >= (columns - 1) * stride + count
            && cells.len() >= (pairs - 1) * COLUMNS + LANES,
        "a block that is cut short"
    );
    // SAFETY: `is_available` has found the instructions; the block lies inside both slices.
    #[allow(unsafe_code)]
    unsafe {
        across(from, stride, columns, count, cells);
    }
}

/// Rounds neighbouring numbers to bfloat16, two to a cell; a last one alone is paired with zero.
fn pack_neighbours(numbers: &[f32], cells: &mut [u32]) {
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
fn pack_rows(even: &[f32], odd: &[f32], cells: &mut [u32], stride: usize) {
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

/// # Safety
/// The CPU must have the instructions; the block must be one that [`pack_across`] accepts.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn across(from: &[f32], stride: usize, columns: usize, count: usize, cells: &mut [u32]) {
    let [low, high] = [lanes(count), lanes(count.saturating_sub(LANES))];
    let mut pairs = [_mm512_setzero_si512(); LANES];
    for (j, pairs) in pairs.iter_mut().take(columns).enumerate() {
        let at = from.as_ptr().wrapping_add(j * stride);
        // SAFETY: the masks leave out what is beyond the block; both types are 512 bits without an invalid pattern.
        *pairs = unsafe {
            let low = _mm512_maskz_loadu_ps(low, at);
            let high = _mm512_maskz_loadu_ps(high, at.wrapping_add(LANES));
            std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low))
        };
    }
    for (pair, row) in transposed(pairs).iter().take(count.div_ceil(2)).enumerate() {
        // SAFETY: `cells` holds 16 cells of every row.
        unsafe { _mm512_storeu_si512(cells.as_mut_ptr().add(pair * COLUMNS).cast(), *row) };
    }
}

/// The transpose of 16 rows of 16 cells.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
fn transposed(rows: [__m512i; LANES]) -> [__m512i; LANES] {
    // Cell c of row r lies in register r at lane c. First four rows are brought together: register 4g + j holds, at quarter q,
    // column 4q + j of the rows 4g to 4g + 3. Then the quarters of the four groups.
    let mut quads = rows;
    for (quad, rows) in quads
        .as_chunks_mut::<4>()
        .0
        .iter_mut()
        .zip(rows.as_chunks::<4>().0)
    {
        let [a, b, c, d] = *rows;
        let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
        (quad[0], quad[1]) = (_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
        let (ab, cd) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
        (quad[2], quad[3]) = (_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    }
    let mut columns = rows;
    for j in 0..4 {
        let [a, b, c, d] = [quads[j], quads[4 + j], quads[8 + j], quads[12 + j]];
        let (ab, cd) = (
            _mm512_shuffle_i32x4::<0b01_00_01_00>(a, b),
            _mm512_shuffle_i32x4::<0b01_00_01_00>(c, d),
        );
        columns[j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(ab, cd);
        columns[4 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(ab, cd);
        let (ab, cd) = (
            _mm512_shuffle_i32x4::<0b11_10_11_10>(a, b),
            _mm512_shuffle_i32x4::<0b11_10_11_10>(c, d),
        );
        columns[8 + j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(ab, cd);
        columns[12 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(ab, cd);
    }
    columns
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
