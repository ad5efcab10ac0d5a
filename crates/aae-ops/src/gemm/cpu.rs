//! What this CPU can do with bfloat16 numbers.

/// Whether this CPU multiplies bfloat16 numbers faster than single-precision ones. AMD's do (Zen 4 and 5); Intel's in tiles alone: one
/// whose tiles were hidden trained more slowly with the instruction for vectors (docs/benchmarks.md).
pub(crate) fn has_fast_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return super::bf16::is_available() && (super::amx::is_available() || !is_intel());
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

#[cfg(target_arch = "x86_64")]
fn is_intel() -> bool {
    let id = std::arch::x86_64::__cpuid(0);
    [id.ebx, id.edx, id.ecx] == [*b"Genu", *b"ineI", *b"ntel"].map(u32::from_le_bytes)
}
