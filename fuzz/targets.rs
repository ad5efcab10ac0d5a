//! What is fuzzed: every parser of files that anyone may have written, from bytes in memory, and what must hold of all that it accepts.
//!
//! Two programs drive these functions: cargo-fuzz (`fuzz_targets/`, nightly) and the test `fuzz` of aae-train (stable). Each
//! function says in a few words what came out, so that a driver without coverage can tell inputs apart.

use std::io::Write;
use std::path::Path;

use aae_data::idx;
use aae_train::config::Config;
use aae_train::{checkpoint, metrics};
use flate2::{Compression, write::GzEncoder};
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

/// A fuzzed parser.
pub(crate) type Target = fn(&[u8]) -> String;

/// Plain IDX files of images and of labels.
pub(crate) fn idx(data: &[u8]) -> String {
    let images = idx::images_from_bytes(data, nowhere());
    if let Ok(images) = &images {
        let pixels = images.count * images.height * images.width;
        assert_eq!(images.pixels.len(), pixels);
        // A plain file is a header of 16 bytes and nothing but pixels.
        assert!(data.starts_with(&[0x1f, 0x8b]) || data.len() == 16 + pixels);
    }
    let labels = idx::labels_from_bytes(data, nowhere());
    format!("{} / {}", said(&images), said(&labels))
}

/// Gzipped IDX files: the stream itself, and what is in an intact stream.
pub(crate) fn gzip(data: &[u8]) -> String {
    let stream = idx::images_from_bytes(data, nowhere());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    let zipped = encoder.write_all(data).and_then(|()| encoder.finish());
    let inside = zipped.map(|zipped| idx::images_from_bytes(&zipped, nowhere()));
    match inside {
        Ok(inside) => format!("{} / {}", said(&stream), said(&inside)),
        Err(error) => panic!("writing to memory failed: {error}"),
    }
}

/// Checkpoints: as they are, and with length and hash made right, for nothing changed gets past the hash else.
pub(crate) fn checkpoint(data: &[u8]) -> String {
    let as_it_is = checked(data);
    match signed(data) {
        Some(signed) => format!("{as_it_is} / {}", checked(&signed)),
        None => as_it_is,
    }
}

fn checked(data: &[u8]) -> String {
    let found = checkpoint::from_bytes(data, nowhere());
    if let Ok(checkpoint) = &found {
        checkpoint
            .meta
            .config
            .validate()
            .expect("a valid configuration");
        for tensor in checkpoint.tensors.values() {
            assert_eq!(tensor.data.len(), tensor.shape.iter().product::<usize>());
            assert!(tensor.data.iter().all(|value| value.is_finite()));
        }
    }
    said(&found)
}

/// The file with the length of its header and its SHA-256 as they should be, if there is a place for them.
fn signed(data: &[u8]) -> Option<Vec<u8>> {
    const DIGITS: usize = 64;
    let (_, rest) = data.split_first_chunk::<8>()?;
    let mut header = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
    header.next()?.ok()?;
    let end = header.byte_offset();
    let padding = rest[end..].iter().take_while(|byte| **byte == b' ').count();
    let mut signed = data.to_vec();
    signed[..8].copy_from_slice(&((end + padding) as u64).to_le_bytes());
    let key = br#"sha256\":\""#;
    let at = data.windows(key.len()).position(|window| window == key)? + key.len();
    signed.get_mut(at..at + DIGITS)?.fill(b'0');
    let hash = Sha256::digest(&signed);
    for (index, byte) in hash.iter().enumerate() {
        let digits = format!("{byte:02x}");
        signed[at + 2 * index..][..2].copy_from_slice(digits.as_bytes());
    }
    Some(signed)
}

/// Configuration files. What is accepted comes back from its canonical form as it was.
pub(crate) fn config(data: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(data) else {
        return "not text".to_owned();
    };
    let found = Config::from_toml(text, "config.toml");
    if let Ok(config) = &found {
        let again = Config::from_toml(&config.to_toml(), "again").expect("its canonical form");
        assert_eq!(&again, config);
    }
    said(&found)
}

/// Files of metrics.
pub(crate) fn metrics(data: &[u8]) -> String {
    let found = metrics::from_bytes(data, nowhere());
    if let Ok(lines) = &found {
        assert!(lines.len() <= data.len());
    }
    said(&found)
}

fn nowhere() -> &'static Path {
    Path::new("memory")
}

/// The words of an error, without what depends on the input: what is quoted or in brackets, and numbers in any notation.
fn said<T, E: std::fmt::Display>(found: &Result<T, E>) -> String {
    const MOST: usize = 12;
    let Err(error) = found else {
        return "accepted".to_owned();
    };
    let mut depth = 0_i32;
    let mut quoted = false;
    let mut text = error.to_string();
    text.retain(|c| {
        match c {
            '`' | '"' => quoted = !quoted,
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            _ => {}
        }
        !quoted && depth <= 0
    });
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_alphabetic() || c == ',');
    let words: Vec<&str> = text.split(' ').filter(is_word).take(MOST).collect();
    words.join(" ")
}
