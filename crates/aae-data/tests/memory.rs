//! A header's claim costs no memory. Alone in its file, for it measures the whole process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Write;

use aae_data::{DataError, idx};
use flate2::{Compression, write::GzEncoder};

/// The most address space that this process has ever held, in kB; unlike resident memory it counts what was allocated but not touched.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmPeak:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_file_that_claims_4_gib_and_holds_16_bytes_costs_no_memory() {
    let dir = tempfile::tempdir().unwrap();
    let claim: Vec<u8> = [[0, 0, 8, 3], [0, 0x40, 0, 0], [0, 0, 0, 32], [0, 0, 0, 32]].concat();
    let plain = dir.path().join("plain");
    fs::write(&plain, &claim).unwrap();
    let zipped = dir.path().join("zipped");
    let mut encoder = GzEncoder::new(File::create(&zipped).unwrap(), Compression::default());
    encoder.write_all(&claim).unwrap();
    encoder.finish().unwrap();

    let before = peak_kb();
    for path in [plain, zipped] {
        let error = idx::read_images(&path).unwrap_err();
        let DataError::Truncated {
            expected, found, ..
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!((expected, found), ((4 << 30) + 16, 16));
    }
    assert!(
        peak_kb() - before < 16 << 10,
        "{} kB more",
        peak_kb() - before
    );
}
