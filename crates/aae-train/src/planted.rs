//! Faults that a test plants in the program, to see that the crash tests find them. Without the feature `planted-faults`, which nothing
//! but `cargo xtask crash planted` turns on, there are none.

/// Whether `AAE_PLANTED_FAULT` names this fault.
pub(crate) fn has(fault: &str) -> bool {
    cfg!(feature = "planted-faults")
        && std::env::var_os("AAE_PLANTED_FAULT").is_some_and(|planted| planted == fault)
}
