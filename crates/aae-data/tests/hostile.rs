//! Damaged and malicious IDX files: each is refused for its own reason, in a message that says what to do, and cheaply.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bomb;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use aae_data::{DataError, idx};
use bomb::bomb;
use flate2::{Compression, write::GzEncoder};

/// An IDX file of images with any header, over the given pixels.
fn images(count: u32, height: u32, width: u32, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    for dimension in [count, height, width] {
        bytes.extend(dimension.to_be_bytes());
    }
    bytes.extend(pixels);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Reads `bytes` from a file as images. The error's text starts with the file's path, which is cut off here.
fn refused(bytes: &[u8]) -> (DataError, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train-images-idx3-ubyte");
    fs::write(&path, bytes).unwrap();
    let error = idx::read_images(&path).unwrap_err();
    let text = error.to_string();
    let rest = text
        .strip_prefix(&format!("{}: ", path.display()))
        .unwrap_or_else(|| panic!("{text}"));
    let rest = rest.to_owned();
    (error, rest)
}

#[test]
fn every_kind_of_damage_has_its_own_message() {
    let good = images(2, 3, 2, &[1; 12]);
    let zipped = gzip(&good);
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    let zipped_with = |at: usize, flip: u8| {
        let mut bytes = zipped.clone();
        bytes[at] ^= flip;
        bytes
    };
    let end = zipped.len();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "empty",
            vec![],
            "expected 16 bytes (unzipped), found 0; the file is cut short",
        ),
        (
            "one byte",
            vec![0],
            "expected 16 bytes (unzipped), found 1; the file is cut short",
        ),
        (
            "cut in the header",
            good[..9].to_vec(),
            "expected 16 bytes (unzipped), found 9; the file is cut short",
        ),
        (
            "a PNG",
            b"\x89PNG\r\n\x1a\n and so on".to_vec(),
            "expected an IDX file with magic number 0x00000803 (plain or gzipped), found 0x89504e47",
        ),
        (
            "bad magic",
            with(1, 1),
            "expected an IDX file with magic number 0x00000803 (plain or gzipped), found 0x00010803",
        ),
        (
            "floats",
            with(2, 0x0d),
            "expected elements of type 0x08 (unsigned byte), found type 0x0d (32-bit float)",
        ),
        (
            "labels",
            with(3, 1),
            "expected 3 dimension(s), found 1; images have 3 (number, height, width), labels have 1",
        ),
        (
            "no images",
            images(0, 3, 2, &[]),
            "expected dimensions of at least 1, found [0, 3, 2]",
        ),
        (
            "no rows",
            images(2, 0, 2, &[]),
            "expected dimensions of at least 1, found [2, 0, 2]",
        ),
        (
            "no columns",
            images(2, 3, 0, &[]),
            "expected dimensions of at least 1, found [2, 3, 0]",
        ),
        (
            "2^32 - 1 images",
            images(u32::MAX, 28, 28, &[0; 784]),
            "expected at most 4294967296 bytes of data, found a header that announces [4294967295, 28, 28]",
        ),
        (
            "a product beyond 64 bits",
            images(u32::MAX, u32::MAX, u32::MAX, &[]),
            "expected at most 4294967296 bytes of data",
        ),
        (
            "a product that wraps to 12",
            images(1 << 31, 1 << 31, 4, &[1; 12]),
            "expected at most 4294967296 bytes of data",
        ),
        (
            "2^32 - 1 images, gzipped",
            gzip(&images(u32::MAX, 28, 28, &[0; 784])),
            "expected at most 4294967296 bytes of data",
        ),
        (
            "a claim of 4 GiB",
            images(1 << 22, 32, 32, &[1; 12]),
            "expected 4294967312 bytes (unzipped), found 28; the file is cut short",
        ),
        (
            "a claim of 4 GiB, gzipped",
            gzip(&images(1 << 22, 32, 32, &[1; 12])),
            "expected 4294967312 bytes (unzipped), found 28; the file is cut short",
        ),
        (
            "truncated",
            good[..27].to_vec(),
            "expected 28 bytes (unzipped), found 27; the file is cut short: fetch it again",
        ),
        (
            "trailing bytes",
            [&good[..], &[0; 5]].concat(),
            "expected 28 bytes (unzipped), found at least 33; the file was changed",
        ),
        (
            "gzip of truncated",
            gzip(&good[..27]),
            "expected 28 bytes (unzipped), found 27; the file is cut short",
        ),
        (
            "gzip of trailing",
            gzip(&[&good[..], &[0; 5]].concat()),
            "expected 28 bytes (unzipped), found at least 29",
        ),
        (
            "gzip, cut in its header",
            zipped[..5].to_vec(),
            "expected 16 bytes (unzipped), found 0; the file is cut short",
        ),
        (
            "gzip, cut in its checksum",
            zipped[..end - 6].to_vec(),
            "expected an intact gzip stream, found: ",
        ),
        (
            "gzip, wrong checksum",
            zipped_with(end - 8, 1),
            "expected an intact gzip stream, found: corrupt gzip stream does not have a matching checksum",
        ),
        (
            "gzip, wrong length",
            zipped_with(end - 4, 1),
            "expected an intact gzip stream, found: corrupt gzip stream does not have a matching checksum",
        ),
        (
            "gzip, unknown method",
            zipped_with(2, 1),
            "expected an intact gzip stream, found: invalid gzip header",
        ),
        (
            "a second gzip member",
            [&zipped[..], &gzip(&[])].concat(),
            "expected the end of the file after its gzip stream, found 20 more bytes",
        ),
        (
            "zeros after gzip",
            [&zipped[..], &[0; 512]].concat(),
            "expected the end of the file after its gzip stream, found 512 more bytes",
        ),
        (
            "gzip in gzip",
            gzip(&zipped),
            "expected an IDX file with magic number 0x00000803 (plain or gzipped), found 0x1f8b0800",
        ),
    ];
    for (name, bytes, expected) in cases {
        let (_, text) = refused(&bytes);
        assert!(text.starts_with(expected), "{name}: {text}");
        assert!(
            text.contains("; "),
            "{name}: nothing says what to do in: {text}"
        );
    }
}

#[test]
fn errors_carry_their_numbers() {
    let (error, _) = refused(&images(2, 3, 2, &[0; 13]));
    assert!(matches!(
        error,
        DataError::TrailingBytes {
            expected: 28,
            found: 29,
            ..
        }
    ));
    let (error, _) = refused(&images(2, 3, 2, &[0; 11]));
    assert!(matches!(
        error,
        DataError::Truncated {
            expected: 28,
            found: 27,
            ..
        }
    ));
    let (error, _) = refused(&images(u32::MAX, 1, 2, &[]));
    assert!(matches!(
        error,
        DataError::TooLarge {
            limit: idx::MAX_BYTES,
            ..
        }
    ));
}

#[test]
fn a_gzip_bomb_is_left_one_byte_after_the_announced_size() {
    let bytes = bomb(&images(10_000, 28, 28, &[]));
    assert!(
        (9 << 20..12 << 20).contains(&bytes.len()),
        "{}",
        bytes.len()
    );
    let started = Instant::now();
    let (error, _) = refused(&bytes);
    let announced = 16 + 10_000 * 28 * 28;
    assert!(
        matches!(error, DataError::TrailingBytes { expected, found, .. }
        if expected == announced && found == announced + 1),
        "{error}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn images_of_any_size_are_read_plain_and_gzipped_whatever_the_name() {
    let dir = tempfile::tempdir().unwrap();
    for (count, height, width) in [(1, 1, 1), (3, 28, 28), (2, 5, 9), (4, 64, 1), (1, 300, 200)] {
        let pixels: Vec<u8> = (0..count * height * width)
            .map(|index| (index % 251) as u8)
            .collect();
        let file = images(count, height, width, &pixels);
        for (name, bytes) in [
            ("plain", &file),
            ("zipped", &gzip(&file)),
            ("plain.gz", &file),
        ] {
            fs::write(dir.path().join(name), bytes).unwrap();
            let read = idx::read_images(&dir.path().join(name)).unwrap();
            assert_eq!(
                [read.count, read.height, read.width],
                [count, height, width].map(|size| size as usize)
            );
            assert_eq!(read.pixels, pixels);
        }
    }
}

#[test]
fn a_directory_or_a_missing_file_is_named_as_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let error = idx::read_labels(dir.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: expected a regular file, found a directory; replace it by the IDX file",
            dir.path().display()
        )
    );
    let missing = dir.path().join("labels");
    let error = idx::read_labels(&missing).unwrap_err();
    assert!(matches!(error, DataError::Io { .. }));
    assert!(
        error
            .to_string()
            .starts_with(&format!("{}: cannot read: ", missing.display())),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_without_being_opened() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("train-images-idx3-ubyte");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let started = Instant::now();
    // Opening a pipe that nobody writes to would block for ever; opening /dev/zero would succeed.
    for path in [&pipe, Path::new("/dev/zero")] {
        let error = idx::read_images(path).unwrap_err();
        assert!(
            matches!(
                error,
                DataError::NotARegularFile {
                    found: "a pipe, socket or device",
                    ..
                }
            ),
            "{error}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(1));
}
