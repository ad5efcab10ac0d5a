//! What this CPU can do with bfloat16 numbers.

/// Whether this CPU multiplies bfloat16 numbers by itself.
pub(crate) fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return super::bf16::is_available();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Whether this CPU multiplies bfloat16 numbers faster than single-precision ones. Intel's do in tiles alone: one whose tiles were
/// hidden did 82 GFLOP/s a core with the instruction for vectors, and 168 in `f32`. AMD's (Zen 4 and 5) are faster with it.
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
