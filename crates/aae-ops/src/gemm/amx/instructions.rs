//! The instructions of AMX, which the standard library has none of: whether they are there, and the loop of a block.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, __get_cpuid_max, _xgetbv};
use std::marker::PhantomData;
use std::sync::LazyLock;

use super::{Block, Engine, SIDE};
use crate::gemm::bf16;
use crate::gemm::tile::{COLUMNS, LANES};

/// Whether this CPU has the instructions and the system lets this process use them.
pub(in crate::gemm) fn is_available() -> bool {
    // The packing is that of `bf16`.
    static AVAILABLE: LazyLock<bool> =
        LazyLock::new(|| bf16::is_available() && is_in_cpu() && is_enabled() && is_permitted());
    *AVAILABLE
}

/// Whether the CPU knows tiles and their products in bfloat16.
fn is_in_cpu() -> bool {
    const AMX_BF16: u32 = 1 << 22;
    const AMX_TILE: u32 = 1 << 24;
    const LEAF: u32 = 7;
    __get_cpuid_max(0).0 >= LEAF
        && __cpuid_count(LEAF, 0).edx & (AMX_BF16 | AMX_TILE) == AMX_BF16 | AMX_TILE
}

/// Whether the system keeps configuration and contents of the tiles when it switches threads.
fn is_enabled() -> bool {
    const TILES: u64 = 0b11 << 17;
    // SAFETY: AVX-512, which has been found, is there only where this register may be read.
    #[allow(unsafe_code)]
    let kept = unsafe { _xgetbv(0) };
    kept & TILES == TILES
}

/// Asks Linux for the permission that a process needs, once, before its first use of a tile: threads that never touch one do
/// not pay for the memory. It is refused where some thread has a signal stack too small for them.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_PRCTL: usize = 158;
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let result: usize;
    // SAFETY: the system call touches no memory of ours; it changes two registers besides the result's.
    #[allow(unsafe_code)]
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// What `ldtilecfg` reads.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// All eight tiles at their largest.
static WHOLE_TILES: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// This thread's tiles while they are configured. When it goes they are released: a switch of threads need not save them, and
/// the core may sleep deeply again.
pub(super) struct Instructions {
    /// Another thread's tiles are not configured.
    of_this_thread: PhantomData<*const ()>,
}

impl Engine for Instructions {
    // SAFETY: the trait's condition is that of the instruction below.
    #[allow(unsafe_code)]
    unsafe fn configured() -> Self {
        // SAFETY: the caller has found the instruction; the configuration has the 64 bytes that it reads, and no compiled code
        // uses tiles.
        unsafe {
            asm!(
                "ldtilecfg [{configuration}]",
                configuration = in(reg) &raw const WHOLE_TILES,
                clobber_abi("sysv64"),
                options(nostack, readonly, preserves_flags),
            );
        }
        Self {
            of_this_thread: PhantomData,
        }
    }

    fn multiply(&mut self, a: &[u32], a_row: usize, b: &[u32], depth: usize, block: &mut Block) {
        const CELL: usize = size_of::<u32>();
        let steps = depth / LANES;
        assert!(steps > 0, "a sum of nothing");
        assert!(a.len() >= (SIDE - 1) * a_row + depth, "rows are missing");
        assert!(
            b.len() >= (depth - 1) * COLUMNS + SIDE,
            "columns are missing"
        );
        // SAFETY: `configured` has made all tiles 16 rows of 64 bytes. Those that are loaded lie inside `a` and `b`, whose
        // sizes have been looked at; those that are stored fill the block.
        #[allow(unsafe_code)]
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm6, [{b} + {b_row}]",
                "tileloadd tmm4, [{a} + {a_row}]",
                "tileloadd tmm7, [{b} + {b_row} + 64]",
                "tileloadd tmm5, [{a_below} + {a_row}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a}, 64",
                "add {a_below}, 64",
                "add {b}, {b_step}",
                "dec {steps}",
                "jnz 2b",
                "tilestored [{block} + {block_row}], tmm0",
                "tilestored [{block} + {block_row} + 64], tmm1",
                "tilestored [{block} + {block_row} + {below}], tmm2",
                "tilestored [{block} + {block_row} + {below} + 64], tmm3",
                a = inout(reg) a.as_ptr() => _,
                a_below = inout(reg) a[LANES * a_row..].as_ptr() => _,
                a_row = in(reg) a_row * CELL,
                b = inout(reg) b.as_ptr() => _,
                b_row = in(reg) COLUMNS * CELL,
                b_step = const LANES * COLUMNS * CELL,
                steps = inout(reg) steps => _,
                block = in(reg) block,
                block_row = in(reg) SIDE * CELL,
                below = const LANES * SIDE * CELL,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

impl Drop for Instructions {
    fn drop(&mut self) {
        // SAFETY: `configured` has been called, so the instruction is there.
        #[allow(unsafe_code)]
        unsafe {
            asm!(
                "tilerelease",
                clobber_abi("sysv64"),
                options(nostack, nomem, preserves_flags)
            );
        }
    }
}
