//! Loops in the widest vector instructions that the CPU has.

use std::sync::LazyLock;

static ARCH: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);

/// Runs a loop, `|| …`, compiled for the widest vector instructions that this CPU has.
///
/// It is inlined by force: on its own, as the compiler leaves a large closure, it would be compiled without them, and multiply and
/// add by calls, one number at a time. What the loop calls has to be inlined into it, too.
/// The result does not depend on the width: the compiler reassociates no sum, and `mul_add` rounds once everywhere.
///
/// ```
/// let (mut sums, numbers) = ([1f32; 100], [2f32; 100]);
/// aae_ops::vectorized!(|| sums.iter_mut().zip(&numbers).for_each(|(sum, x)| *sum += x * x));
/// assert_eq!(sums, [5.0; 100]);
/// ```
#[macro_export]
macro_rules! vectorized {
    (|| $body:expr) => {
        $crate::dispatch(
            #[inline(always)]
            || $body,
        )
    };
}

/// What [`vectorized!`] calls with a closure that is always inlined.
#[doc(hidden)]
#[inline(always)]
pub fn dispatch<T>(f: impl FnOnce() -> T) -> T {
    struct Run<F>(F);
    impl<T, F: FnOnce() -> T> pulp::NullaryFnOnce for Run<F> {
        type Output = T;
        #[inline(always)]
        fn call(self) -> T {
            (self.0)()
        }
    }
    ARCH.dispatch(Run(f))
}
