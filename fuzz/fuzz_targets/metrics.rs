//! cargo-fuzz: `metrics` of `targets.rs`.
#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code, reason = "one of its functions is wanted here")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::metrics(data);
});
