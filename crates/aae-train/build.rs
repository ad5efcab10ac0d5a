//! Tells the crate which compiler builds it, for `environment.json`.
#![allow(
    clippy::print_stdout,
    reason = "cargo reads a build script's standard output"
)]

use std::process::Command;

fn main() {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_else(|| "rustc (version unknown)".to_owned());
    println!("cargo::rustc-env=AAE_TRAIN_RUSTC={}", version.trim());
    println!("cargo::rerun-if-changed=build.rs");
}
