//! Matrix products split by hand over the cores, with the same bits on any number of threads.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod bf16;
mod cpu;
mod output;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod portable;
mod rounded;
#[cfg(target_arch = "x86_64")]
mod tile;
#[cfg(target_arch = "x86_64")]
mod transpose;

use crate::Precision;
use crate::buffer::Buffer;
use crate::path::may_use_own_kernels;
use crate::pieces::Pieces;
pub(crate) use cpu::{has_fast_bf16, kernels_of_cpu};
pub(crate) use output::Output;

/// A matrix in a slice: element (i, j) is `data[i * row_stride + j * column_stride]`, and one of the two steps is 1.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix. Panics if `data` does not hold exactly `rows * columns` numbers.
    pub(crate) fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(
            Some(data.len()),
            rows.checked_mul(columns),
            "a matrix of another size"
        );
        Self {
            data,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose, without moving a number.
    pub(crate) fn t(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Some of its rows.
    #[cfg(target_arch = "x86_64")]
    fn some_rows(self, first: usize, count: usize) -> Self {
        Self {
            data: &self.data[first * self.row_stride..],
            rows: count,
            ..self
        }
    }

    fn offset(self, row: usize, column: usize) -> *const f32 {
        self.data[row * self.row_stride + column * self.column_stride..].as_ptr()
    }
}

/// What computes a product.
#[derive(Clone, Copy)]
enum Kernel {
    Portable,
    Rounded,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Bf16,
    #[cfg(target_arch = "x86_64")]
    Amx,
}

/// Which kernel a product gets depends on the CPU (and on what of it the system offers), the precision and the shapes alone,
/// never on the number of threads.
fn kernel(precision: Precision, a: Matrix<'_>, b: Matrix<'_>) -> Kernel {
    #[cfg(target_arch = "x86_64")]
    if may_use_own_kernels() {
        match precision {
            Precision::F32 if avx512::is_available() && avx512::suits(a, b) => {
                return Kernel::Avx512;
            }
            Precision::Bf16 if bf16::is_available() => {
                return match amx::is_available() {
                    true => Kernel::Amx,
                    false => Kernel::Bf16,
                };
            }
            _ => {}
        }
    }
    match precision {
        Precision::F32 => Kernel::Portable,
        Precision::Bf16 => Kernel::Rounded,
    }
}

/// Writes `a·b`, row-major `[a.rows, b.columns]`, or adds it to what is there.
///
/// Of an [`Output::over`], every number is written, whatever it was.
pub(crate) fn gemm(precision: Precision, a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(b.rows, k, "inner dimensions differ");
    assert_eq!(Some(c.len()), m.checked_mul(n), "a result of another size");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        c.add_nothing();
        return;
    }
    match kernel(precision, a, b) {
        Kernel::Portable => portable::gemm(a, b, c),
        Kernel::Rounded => rounded::gemm(a, b, c),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => avx512::gemm(a, b, c),
        #[cfg(target_arch = "x86_64")]
        Kernel::Bf16 => bf16::gemm(a, b, c),
        #[cfg(target_arch = "x86_64")]
        Kernel::Amx => amx::gemm(a, b, c),
    }
}

/// `a·b`, row-major, in memory that nobody has cleared before.
pub(crate) fn product(precision: Precision, a: Matrix<'_>, b: Matrix<'_>) -> Buffer {
    let n = a.rows.checked_mul(b.columns);
    let n = n.expect("a result that fits into memory");
    let mut c = Buffer::room(n);
    gemm(
        precision,
        a,
        b,
        Output::fresh(&mut c.spare_capacity_mut()[..n]),
    );
    // SAFETY: there is room for so many, and `gemm` has written them all.
    #[allow(unsafe_code)]
    unsafe {
        c.set_len(n);
    }
    c.into()
}

/// Calls `f` with `a·b` in pieces of whole rows: the numbers that [`gemm`] writes, bit for bit. Our own kernels compute a piece when it
/// is asked for; where there is none, all of it is computed before.
pub(crate) fn in_pieces<T>(
    precision: Precision,
    a: Matrix<'_>,
    b: Matrix<'_>,
    f: impl FnOnce(&dyn Pieces) -> T,
) -> T {
    assert_eq!(b.rows, a.columns, "inner dimensions differ");
    #[cfg(target_arch = "x86_64")]
    if a.rows > 0 && a.columns > 0 && b.columns > 0 {
        match kernel(precision, a, b) {
            Kernel::Avx512 if a.row_stride == 1 && b.column_stride == 1 => {
                return f(&avx512::LazyProduct::new(a, b));
            }
            Kernel::Bf16 => return bf16::in_pieces(a, b, f),
            Kernel::Amx => return amx::in_pieces(a, b, f),
            _ => {}
        }
    }
    f(&&product(precision, a, b)[..])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Numbers between -0.5 and 0.5, others for another seed.
    pub(crate) fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n)
            .map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 1009.0 - 0.5)
            .collect()
    }

    type Product = fn(Matrix<'_>, Matrix<'_>, Output<'_>);

    fn gemm_f32(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
        gemm(Precision::F32, a, b, c);
    }

    fn gemm_bf16(a: Matrix<'_>, b: Matrix<'_>, c: Output<'_>) {
        gemm(Precision::Bf16, a, b, c);
    }

    /// The kernel that this CPU gets, those that it could get, and the one that every CPU could get.
    fn kernels_of_bf16() -> Vec<Product> {
        let mut kernels = vec![gemm_bf16 as Product, rounded::gemm];
        #[cfg(target_arch = "x86_64")]
        if bf16::is_available() {
            kernels.extend([bf16::gemm as Product, amx::model::gemm]);
        }
        kernels
    }

    /// Odd sizes in pairs. Of the largest, only products with smaller ones: the naive sum takes its time.
    fn shapes() -> Vec<[usize; 3]> {
        const LARGEST: usize = 1 << 22;
        // Miri, which interprets every instruction, gets sizes with a tail and no more.
        let sizes: &[usize] = match cfg!(miri) {
            true => &[1, 17],
            false => &[1, 2, 3, 7, 31, 33, 127, 257, 1000, 1001],
        };
        let shape = |m: usize, n: usize| [m, n, sizes[(m + n) % sizes.len()]];
        let pairs = sizes
            .iter()
            .flat_map(|&m| sizes.iter().map(move |&n| (m, n)));
        pairs
            .map(|(m, n)| shape(m, n))
            .filter(|shape| shape.iter().product::<usize>() <= LARGEST)
            .collect()
    }

    /// By how much a sum of so many products of numbers below one half may be off.
    fn rounding(terms: usize) -> f64 {
        1e-6 * terms.max(100) as f64
    }

    fn naive(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f64> {
        let at = |m: Matrix<'_>, i: usize, j: usize| {
            f64::from(m.data[i * m.row_stride + j * m.column_stride])
        };
        let cell = |i, j| (0..a.columns).map(|k| at(a, i, k) * at(b, k, j)).sum();
        (0..a.rows)
            .flat_map(|i| (0..b.columns).map(move |j| cell(i, j)))
            .collect()
    }

    #[test]
    fn products_of_odd_shapes_agree_with_the_naive_sum() {
        for [m, n, k] in shapes() {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let (at, bt) = (numbers(m * k, 3), numbers(k * n, 4));
            for (a, b) in [
                (Matrix::new(&a, m, k), Matrix::new(&b, k, n)),
                (Matrix::new(&at, k, m).t(), Matrix::new(&b, k, n)),
                (Matrix::new(&a, m, k), Matrix::new(&bt, n, k).t()),
            ] {
                let expected = naive(a, b);
                for kernel in [gemm_f32, portable::gemm] {
                    let mut c = vec![f32::NAN; m * n];
                    kernel(a, b, Output::over(&mut c));
                    kernel(a, b, Output::plus(&mut c));
                    for (got, want) in c.iter().zip(&expected) {
                        assert!(
                            (f64::from(*got) - 2.0 * want).abs() < rounding(k),
                            "{m}x{n}x{k}: {got} for {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn products_in_bfloat16_agree_with_the_naive_sum_of_rounded_numbers() {
        for [m, n, k] in shapes() {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let [a_rounded, b_rounded] = [&a, &b].map(|exact| -> Vec<f32> {
                let round = |x: &f32| half::bf16::from_f32(*x).to_f32();
                exact.iter().map(round).collect()
            });
            assert_ne!(a, a_rounded);
            type Layout = fn(&[f32], usize, usize) -> Matrix<'_>;
            let by_rows: Layout = |data, rows, columns| Matrix::new(data, rows, columns);
            let by_columns: Layout = |data, rows, columns| Matrix::new(data, columns, rows).t();
            for (of_a, of_b) in [
                (by_rows, by_rows),
                (by_columns, by_rows),
                (by_rows, by_columns),
                (by_columns, by_columns),
            ] {
                let expected = naive(of_a(&a_rounded, m, k), of_b(&b_rounded, k, n));
                for kernel in kernels_of_bf16() {
                    let mut c = vec![f32::NAN; m * n];
                    kernel(of_a(&a, m, k), of_b(&b, k, n), Output::over(&mut c));
                    kernel(of_a(&a, m, k), of_b(&b, k, n), Output::plus(&mut c));
                    for (got, want) in c.iter().zip(&expected) {
                        assert!(
                            (f64::from(*got) - 2.0 * want).abs() < rounding(k),
                            "{m}x{n}x{k}: {got} for {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_number_that_is_not_finite_stays_so_in_bfloat16() {
        for bad in [f32::NAN, f32::INFINITY, f32::from_bits(0x7fff_ffff)] {
            for kernel in kernels_of_bf16() {
                let mut a = [1.0; 7];
                a[4] = bad;
                let mut c = [0.0];
                kernel(
                    Matrix::new(&a, 1, 7),
                    Matrix::new(&[1.0; 7], 7, 1),
                    Output::over(&mut c),
                );
                assert!(!c[0].is_finite(), "{} from {bad}", c[0]);
            }
        }
    }

    #[test]
    #[cfg_attr(
        miri,
        ignore = "Miri's CPU has no kernel that cuts or pads the operands"
    )]
    fn a_number_that_is_not_finite_spoils_no_other_row_or_column_in_bfloat16() {
        let (m, n, k) = (35, 70, 39);
        for kernel in kernels_of_bf16() {
            // What the threads keep for their copies is full of it, too.
            let nothing = vec![f32::NAN; 96 * 96];
            let full = Matrix::new(&nothing, 96, 96);
            kernel(full, full, Output::over(&mut vec![0.0; 96 * 96]));
            let (mut a, mut b) = (numbers(m * k, 1), numbers(k * n, 2));
            a[7 * k + 38] = f32::NAN;
            b[11 * n + 66] = f32::INFINITY;
            let mut c = vec![0.0; m * n];
            kernel(
                Matrix::new(&a, m, k),
                Matrix::new(&b, k, n),
                Output::over(&mut c),
            );
            for (i, row) in c.chunks(n).enumerate() {
                for (j, number) in row.iter().enumerate() {
                    assert_eq!(number.is_finite(), i != 7 && j != 66, "{i}, {j}: {number}");
                }
            }
        }
    }

    #[test]
    #[cfg_attr(
        miri,
        ignore = "Miri's CPU has no kernel that cuts or pads the operands"
    )]
    fn no_bit_depends_on_the_number_of_threads_in_bfloat16() {
        for kernel in kernels_of_bf16() {
            for [m, n, k] in [[300, 130, 70], [130, 300, 70]] {
                let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
                let [one, three] = [1, 3].map(|threads| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                    let mut c = vec![0.0; m * n];
                    pool.build().unwrap().install(|| {
                        kernel(
                            Matrix::new(&a, m, k),
                            Matrix::new(&b, k, n),
                            Output::over(&mut c),
                        );
                    });
                    c.iter().map(|cell| cell.to_bits()).collect::<Vec<_>>()
                });
                assert_eq!(one, three);
            }
        }
    }

    #[test]
    #[should_panic(expected = "a matrix of another size")]
    fn a_size_that_wraps_around_is_not_that_of_nothing() {
        let _ = Matrix::new(&[], usize::MAX / 2 + 1, 2);
    }

    #[test]
    fn an_empty_inner_dimension_gives_zeros() {
        let mut c = vec![1.0; 6];
        let (a, b) = (Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 3));
        gemm(Precision::F32, a, b, Output::plus(&mut c));
        assert_eq!(c, [1.0; 6]);
        gemm(Precision::F32, a, b, Output::over(&mut c));
        assert_eq!(c, [0.0; 6]);
        assert_eq!(product(Precision::F32, a, b)[..], [0.0; 6]);
    }
}
