//! Copies of a product's operands as pairs of neighbours along the inner dimension, rounded to bfloat16: what the kernels of
//! [`super::bf16`] and [`super::amx`] multiply.

use std::arch::x86_64::{
    __m256bh, __m256i, __m512bh, __m512i, __mmask16, _MM_HINT_T0, _mm_prefetch,
    _mm512_cvtepu16_epi32, _mm512_cvtne2ps_pbh, _mm512_cvtneps_pbh, _mm512_mask_storeu_epi32,
    _mm512_maskz_loadu_ps, _mm512_or_si512, _mm512_setzero_si512, _mm512_slli_epi32,
    _mm512_storeu_si512,
};

use super::Matrix;
use super::tile::{COLUMNS, LANES};
use super::transpose::transposed;

/// How many rows ahead the memory is asked for those of a panel: they are too far apart for the CPU to guess the next.
const ROWS_AHEAD: usize = 16;
/// The same within a row and what follows it.
const NUMBERS_AHEAD: usize = 512;

/// Copies `COLUMNS` columns of `b` as rows of pairs, and fills the rows beyond them with zeros.
pub(super) fn pack_panel(b: Matrix<'_>, panel: usize, cells: &mut [u32]) {
    let (cells, padding) = cells.split_at_mut(b.rows.div_ceil(2) * COLUMNS);
    padding.fill(0);
    let column = panel * COLUMNS;
    let columns = COLUMNS.min(b.columns - column);
    if b.column_stride == 1 {
        for (pair, cells) in cells.chunks_mut(COLUMNS).enumerate() {
            pack_pair(b, pair, column, &mut cells[..columns]);
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
    // SAFETY: `super::bf16::is_available` has found the instructions; the block lies inside both slices.
    #[allow(unsafe_code)]
    unsafe {
        across(from, stride, columns, count, cells);
    }
}

/// Rounds neighbouring numbers to bfloat16, two to a cell; a last one alone is paired with zero.
pub(super) fn pack_neighbours(numbers: &[f32], cells: &mut [u32]) {
    assert_eq!(
        cells.len(),
        numbers.len().div_ceil(2),
        "a copy of another size"
    );
    // SAFETY: `super::bf16::is_available` has found the instructions; the sizes fit.
    #[allow(unsafe_code)]
    unsafe {
        neighbours(numbers, cells);
    }
}

/// Rounds two neighbouring rows of `b`, which are contiguous, to bfloat16, from a column on, a number of each row to a cell; a
/// last row alone is paired with zeros.
pub(super) fn pack_pair(b: Matrix<'_>, pair: usize, column: usize, cells: &mut [u32]) {
    let row = |k: usize| &b.data[k * b.row_stride + column..][..cells.len()];
    let even = row(2 * pair);
    let odd = match 2 * pair + 1 < b.rows {
        true => row(2 * pair + 1),
        false => &[],
    };
    // SAFETY: `super::bf16::is_available` has found the instructions; the rows have as many numbers as there are cells.
    #[allow(unsafe_code)]
    unsafe {
        rows(even, odd, cells, b.row_stride);
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
/// The CPU must have the instructions; `cells` must have as many elements as `even`, and `odd` as many or none, which counts as
/// zeros. The rows that follow lie `stride` numbers apart.
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
