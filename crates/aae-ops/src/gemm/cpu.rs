//! What this CPU can do: which kernels are there, and whether bfloat16 numbers pay.

/// Whether this CPU multiplies bfloat16 numbers faster than single-precision ones. AMD's do (Zen 4 and 5); Intel's in tiles alone: one
/// whose tiles were hidden trained more slowly with the instruction for vectors (docs/benchmarks.md).
pub(crate) fn has_fast_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return super::bf16::is_available() && (super::amx::is_available() || !is_intel());
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// The instructions, beyond those of every CPU, that our kernels use here.
pub(crate) fn kernels_of_cpu() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("avx512f", super::avx512::is_available()),
        ("avx512bf16", super::bf16::is_available()),
        ("amx", super::amx::is_available()),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found: [(&'static str, bool); 0] = [];
    found
        .into_iter()
        .filter_map(|(name, is_here)| is_here.then_some(name))
        .collect()
}

#[cfg(target_arch = "x86_64")]
fn is_intel() -> bool {
    let id = std::arch::x86_64::__cpuid(0);
    [id.ebx, id.edx, id.ecx] == [*b"Genu", *b"ineI", *b"ntel"].map(u32::from_le_bytes)
}
