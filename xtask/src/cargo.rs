//! The cargo that runs this task, and the root of its workspace.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the clone that this program was built in.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// The same cargo that started this program, with the environment that its caller had.
///
/// `cargo run` describes the package that it runs in the environment. Handed on, those variables would look to some
/// build scripts like a change, and dependencies would be compiled again and again.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if describes_package(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether `cargo run` sets this variable to describe the package that it runs.
pub(crate) fn describes_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_holds_the_workspace_manifest() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn only_the_variables_about_the_package_are_dropped() {
        for name in [
            "CARGO_PKG_VERSION",
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
        ] {
            assert!(describes_package(OsStr::new(name)), "{name}");
        }
        for name in ["CARGO_TARGET_DIR", "CARGO_HOME", "PATH", "RUSTFLAGS"] {
            assert!(!describes_package(OsStr::new(name)), "{name}");
        }
    }
}
