//! Transposes of blocks of 16 by 16 cells in the registers of AVX-512.

use std::arch::x86_64::{
    __m512i, __mmask16, _mm512_maskz_loadu_epi32, _mm512_setzero_si512, _mm512_shuffle_i32x4,
    _mm512_storeu_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64,
};

use super::tile::{COLUMNS, LANES};

/// Writes the transpose of up to 16 rows of up to 16 numbers, the rows `stride` apart, as rows that lie [`COLUMNS`] apart in
/// `to` and have 16 numbers, zeros where there is no row.
pub(super) fn transpose(from: &[f32], stride: usize, rows: usize, columns: usize, to: &mut [f32]) {
    assert!(
        (1..=LANES).contains(&rows) && (1..=LANES).contains(&columns),
        "a block of another size"
    );
    assert!(
        from.len() >= (rows - 1) * stride + columns && to.len() >= (columns - 1) * COLUMNS + LANES,
        "a block that is cut short"
    );
    // SAFETY: `super::avx512::is_available` has found the instructions; the block lies inside both slices.
    #[allow(unsafe_code)]
    unsafe {
        transpose_block(from, stride, rows, columns, to);
    }
}

/// # Safety
/// The CPU must have the instructions; the block must be one that [`transpose`] accepts.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn transpose_block(
    from: &[f32],
    stride: usize,
    rows: usize,
    columns: usize,
    to: &mut [f32],
) {
    let mask: __mmask16 = u16::MAX >> (LANES - columns);
    let mut cells = [_mm512_setzero_si512(); LANES];
    for (i, cells) in cells.iter_mut().take(rows).enumerate() {
        // SAFETY: the mask leaves out what is beyond the row.
        *cells = unsafe { _mm512_maskz_loadu_epi32(mask, from.as_ptr().add(i * stride).cast()) };
    }
    for (j, cells) in transposed(cells).iter().take(columns).enumerate() {
        // SAFETY: `to` has 16 numbers of every row.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().add(j * COLUMNS).cast(), *cells) };
    }
}

/// The transpose of 16 rows of 16 cells.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
pub(super) fn transposed(rows: [__m512i; LANES]) -> [__m512i; LANES] {
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
