//! Which of an operation's two paths is taken, and how precisely the fused one multiplies.

use std::cell::Cell;
use std::thread::LocalKey;

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::gemm::{has_fast_bf16, kernels_of_cpu};

thread_local! {
    static PLAIN: Cell<bool> = const { Cell::new(false) };
    static PORTABLE: Cell<bool> = const { Cell::new(false) };
    static PRECISION: Cell<Precision> = const { Cell::new(Precision::F32) };
}

/// How precisely the products of fused layers are computed. Everything else, sums and parameters too, is in `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// The numbers that are multiplied are rounded to bfloat16, their products added up in `f32`. Layers with fewer than 32
    /// inputs or outputs, such as those that a code goes through, keep `f32`: they cost nothing.
    Bf16,
}

impl Precision {
    /// Whether products in it take longer than in `f32` on this CPU: it has no instructions for them, or slow ones, as far as CPUs
    /// of its kind have been measured.
    pub fn is_slower_than_f32(self) -> bool {
        self == Self::Bf16 && !has_fast_bf16()
    }
}

/// What decides how this program rounds products on this CPU: the instructions that our kernels use, of `avx512f`, `avx512bf16` and `amx`,
/// and the library that the program was built with for plain candle operations, `accelerate` or `mkl`. As in `avx512f, avx512bf16`;
/// `portable` if it is none of them. Only where it is the same are results the same bits.
pub fn kernels() -> String {
    let mut names = kernels_of_cpu();
    names.extend(cfg!(feature = "accelerate").then_some("accelerate"));
    names.extend(cfg!(feature = "mkl").then_some("mkl"));
    match names.is_empty() {
        true => "portable".to_owned(),
        false => names.join(", "),
    }
}

/// Runs `f` with every operation that this thread starts composed of plain candle operations, as on a device without
/// fused ones. Tests use it as the oracle; benchmarks to compare.
pub fn with_plain_ops<T>(f: impl FnOnce() -> T) -> T {
    with(&PLAIN, true, f)
}

/// Runs `f` with the products of every fused layer that this thread starts computed by the kernel that every CPU has, whatever
/// this one could do better. For tests: each kernel has to give what the oracle gives.
pub fn with_portable_products<T>(f: impl FnOnce() -> T) -> T {
    with(&PORTABLE, true, f)
}

/// Whether this thread's products may use kernels that not every CPU has.
pub(crate) fn may_use_own_kernels() -> bool {
    !PORTABLE.get()
}

/// Runs `f` with the products of every fused layer that this thread starts in the given precision, those of its backward pass
/// too, whenever that runs.
pub fn with_precision<T>(precision: Precision, f: impl FnOnce() -> T) -> T {
    with(&PRECISION, precision, f)
}

/// Runs `f` with the setting at `value`; afterwards, or after a panic, it is what it was.
fn with<S: Copy, T>(setting: &'static LocalKey<Cell<S>>, value: S, f: impl FnOnce() -> T) -> T {
    struct Restore<S: Copy + 'static>(&'static LocalKey<Cell<S>>, S);
    impl<S: Copy> Drop for Restore<S> {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    let _restore = Restore(setting, setting.replace(value));
    f()
}

/// The precision that this thread's fused layers have at the moment.
pub(crate) fn precision() -> Precision {
    PRECISION.get()
}

/// Whether an operation on `tensor` takes the fused path: `f32` on the CPU, unless [`with_plain_ops`] says otherwise.
pub(crate) fn is_fused(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && tensor.dtype() == DType::F32 && !PLAIN.get()
}
