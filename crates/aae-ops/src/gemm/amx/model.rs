//! A model of the tiles, for tests on CPUs without them: the instructions as Intel's manual defines them, in the order in which
//! [`super::instructions`] gives them.

use half::bf16;

use super::{Block, Engine, SIDE, Tiles};
use crate::gemm::tests::numbers;
use crate::gemm::tile::{COLUMNS, LANES};
use crate::gemm::{Matrix, Output};

/// A tile's cells.
type Cells = [[u32; LANES]; LANES];

/// As [`super::gemm`], in tiles of the model.
pub(in crate::gemm) fn gemm(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    crate::gemm::bf16::product::<Tiles<Model>>(a, b, c);
}

/// Eight tiles, all at their largest.
struct Model([Cells; 8]);

impl Engine for Model {
    // SAFETY: nothing is asked of the CPU.
    #[allow(unsafe_code)]
    unsafe fn configured() -> Self {
        Self([Cells::default(); 8])
    }

    fn multiply(&mut self, a: &[u32], a_row: usize, b: &[u32], depth: usize, block: &mut Block) {
        assert_eq!(depth % LANES, 0, "a part of a tile");
        self.0[..4].fill(Cells::default());
        for step in (0..depth).step_by(LANES) {
            self.load(6, &b[step * COLUMNS..], COLUMNS);
            self.load(4, &a[step..], a_row);
            self.load(7, &b[step * COLUMNS + LANES..], COLUMNS);
            self.load(5, &a[LANES * a_row + step..], a_row);
            self.multiply_add(0, 4, 6);
            self.multiply_add(1, 4, 7);
            self.multiply_add(2, 5, 6);
            self.multiply_add(3, 5, 7);
        }
        let block = block.0.as_flattened_mut();
        self.store(0, block);
        self.store(1, &mut block[LANES..]);
        self.store(2, &mut block[LANES * SIDE..]);
        self.store(3, &mut block[LANES * SIDE + LANES..]);
    }
}

impl Model {
    /// `tileloadd`
    fn load(&mut self, tile: usize, from: &[u32], stride: usize) {
        for (i, row) in self.0[tile].iter_mut().enumerate() {
            row.copy_from_slice(&from[i * stride..][..LANES]);
        }
    }

    /// `tilestored`
    fn store(&self, tile: usize, to: &mut [f32]) {
        for (row, to) in self.0[tile].iter().zip(to.chunks_mut(SIDE)) {
            for (to, cell) in to.iter_mut().zip(row) {
                *to = f32::from_bits(*cell);
            }
        }
    }

    /// `tdpbf16ps`: the even and the odd numbers of the inner dimension are summed for themselves, then added to each other and
    /// to what was there.
    fn multiply_add(&mut self, sum: usize, a: usize, b: usize) {
        let (a, b) = (self.0[a], self.0[b]);
        for (row, a) in self.0[sum].iter_mut().zip(a) {
            let mut sums = [[0f32; LANES]; 2];
            for (a, b) in a.into_iter().zip(b) {
                for (half, sums) in sums.iter_mut().enumerate() {
                    for (sum, b) in sums.iter_mut().zip(b) {
                        // A product of two such numbers is exact, so that the sum is rounded once.
                        *sum = flushed(*sum + number(a, half) * number(b, half));
                    }
                }
            }
            for ((cell, even), odd) in row.iter_mut().zip(sums[0]).zip(sums[1]) {
                let sum = flushed(f32::from_bits(*cell)) + flushed(even + odd);
                *cell = flushed(sum).to_bits();
            }
        }
    }
}

/// The first or the second number of a cell.
fn number(cell: u32, half: usize) -> f32 {
    let [low, high] = [cell as u16, (cell >> 16) as u16];
    flushed(bf16::from_bits([low, high][half]).to_f32())
}

/// Zero for what is too small to be a normal number.
fn flushed(number: f32) -> f32 {
    match number.is_subnormal() {
        true => 0f32.copysign(number),
        false => number,
    }
}

#[test]
fn pieces_in_tiles_and_the_cpu_s_own_tiles_give_the_bits_of_the_model() {
    // The copies are made by vector instructions all the same.
    if !crate::gemm::bf16::is_available() {
        return;
    }
    for [m, n, k] in [[1, 1, 1], [70, 130, 39], [130, 33, 64]] {
        let (a, b) = (numbers(k * m, 1), numbers(k * n, 2));
        let (a, b) = (Matrix::new(&a, k, m).t(), Matrix::new(&b, k, n));
        let mut whole = vec![f32::NAN; m * n];
        gemm(a, b, Output::over(&mut whole));
        if super::is_available() {
            let mut of_the_cpu = vec![f32::NAN; m * n];
            super::gemm(a, b, Output::over(&mut of_the_cpu));
            let same = |(x, y): (&f32, &f32)| x.to_bits() == y.to_bits();
            assert!(whole.iter().zip(&of_the_cpu).all(same), "{m}x{n}x{k}");
        }
        crate::gemm::bf16::lazy_product::<Tiles<Model>, ()>(a, b, |pieces| {
            for (i, whole) in whole.chunks(pieces.size()).enumerate() {
                pieces.with(i, &mut |piece| {
                    assert!(piece == whole, "{i} of {m}x{n}x{k}")
                });
            }
        });
    }
}
