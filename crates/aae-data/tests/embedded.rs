//! The embedded MNIST is the one that data/README.md says it is, and is found and read without being named.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use aae_data::{load, locate};
use sha2::{Digest, Sha256};

fn data_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

#[test]
fn embedded_files_have_the_checksums_of_the_readme() {
    let readme = fs::read_to_string(data_dir().join("README.md")).unwrap();
    let mut checked = 0;
    for line in readme.lines() {
        // | `name.gz` | `sha256` |
        let cells: Vec<&str> = line.split('`').collect();
        let ["| ", name, " | ", expected, " |"] = cells[..] else {
            continue;
        };
        if expected.len() != 64 {
            continue;
        }
        let digest = Sha256::digest(fs::read(data_dir().join("mnist").join(name)).unwrap());
        let found: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected, "{name}");
        checked += 1;
    }
    assert_eq!(checked, 4);
    assert_eq!(fs::read_dir(data_dir().join("mnist")).unwrap().count(), 4);
}

/// Golden numbers, from Python:
/// ```python
/// pixels = gzip.open("train-images-idx3-ubyte.gz").read()[16:]; sum(pixels)
/// labels = gzip.open("train-labels-idx1-ubyte.gz").read()[8:]; sum(labels), list(labels[:10])
/// ```
#[test]
fn embedded_mnist_is_found_unnamed_and_read_whole() {
    let data = load(&locate(None, None).unwrap()).unwrap();
    for (half, n, pixel_sum, label_sum, first_labels) in [
        (
            &data.train,
            60_000,
            1_567_298_545_u64,
            267_236_u64,
            [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
        ),
        (
            &data.test,
            10_000,
            264_923_200,
            44_434,
            [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
        ),
    ] {
        assert_eq!(
            (half.len(), half.height(), half.width(), half.classes()),
            (n, 28, 28, 10)
        );
        let sum: u64 = (0..n)
            .flat_map(|index| half.image(index))
            .map(|&pixel| u64::from(pixel))
            .sum();
        assert_eq!(sum, pixel_sum);
        assert_eq!(
            half.labels()
                .iter()
                .map(|&label| u64::from(label))
                .sum::<u64>(),
            label_sum
        );
        assert_eq!(half.labels()[..10], first_labels);
    }
}
