//! What the program is called by whoever started it.

/// `cargo xtask` if that started the program (it says so in the first argument), else `aae`.
pub(crate) fn name() -> &'static str {
    match std::env::args_os().next() {
        Some(first) if first == XTASK => XTASK,
        _ => "aae",
    }
}

const XTASK: &str = "cargo xtask";
