//! Which of an operation's two paths is taken.

use std::cell::Cell;

use candle_core::{DType, Tensor};

thread_local! {
    static PLAIN: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` with every operation that this thread starts composed of plain candle operations, as on a device without
/// fused ones. Tests use it as the oracle; benchmarks to compare.
pub fn with_plain_ops<T>(f: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            PLAIN.set(self.0);
        }
    }
    let _restore = Restore(PLAIN.replace(true));
    f()
}

/// Whether an operation on `tensor` takes the fused path: `f32` on the CPU, unless [`with_plain_ops`] says otherwise.
pub(crate) fn is_fused(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && tensor.dtype() == DType::F32 && !PLAIN.get()
}
