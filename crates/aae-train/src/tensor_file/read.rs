//! From bytes to tensors and metadata; nothing is believed before the hash has been checked.

use std::io::Read;
use std::path::Path;

use safetensors::SafeTensors;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::write::{HASH_AT, HASH_DIGITS};
use super::{
    FORMAT_VERSION, HostTensor, MOST_BYTES, TensorFileCause, Tensors, check_finite, header,
};
use crate::durable::Fs;
use crate::{hex, regular_file};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    sha256: String,
    kind: String,
    format_version: u64,
    meta: Value,
}

/// Reads a file, verifies it and takes it apart.
///
/// The header is checked before the data is read: a sparse file of gibibytes costs its sender nothing.
pub(super) fn read<M: DeserializeOwned>(
    fs: &dyn Fs,
    path: &Path,
    kind: &'static str,
) -> Result<(Tensors, M), TensorFileCause> {
    let (mut file, length) = fs.open(path).map_err(TensorFileCause::Read)?;
    if length > MOST_BYTES {
        let error = regular_file::too_large(length, MOST_BYTES);
        return Err(TensorFileCause::Read(error));
    }
    let mut bytes = Vec::new();
    read_to(&mut bytes, &mut file, 8)?;
    let end = 8 + header::size(&bytes, length)?;
    read_to(&mut bytes, &mut file, end)?;
    let metadata = header::check(&bytes, length)?.ok_or(TensorFileCause::NotOurs)?;
    read_to(&mut bytes, &mut file, length)?;
    verified(&bytes, &metadata, kind)
}

/// Reads on until there are so many bytes, or the file ends.
fn read_to(bytes: &mut Vec<u8>, file: &mut dyn Read, end: u64) -> Result<(), TensorFileCause> {
    let more = end.saturating_sub(bytes.len() as u64);
    let read = file.take(more).read_to_end(bytes);
    read.map(drop).map_err(TensorFileCause::Read)
}

/// Verifies a whole file and takes it apart.
pub(super) fn parse<M: DeserializeOwned>(
    bytes: &[u8],
    kind: &'static str,
) -> Result<(Tensors, M), TensorFileCause> {
    let metadata = header::check(bytes, bytes.len() as u64)?.ok_or(TensorFileCause::NotOurs)?;
    verified(bytes, &metadata, kind)
}

/// As [`parse`], after the header was checked, in which this metadata was found.
fn verified<M: DeserializeOwned>(
    bytes: &[u8],
    metadata: &str,
    kind: &'static str,
) -> Result<(Tensors, M), TensorFileCause> {
    let as_meta = |error: serde_json::Error| TensorFileCause::Meta(error.to_string());
    let envelope: Envelope = serde_json::from_str(metadata).map_err(as_meta)?;
    if envelope.format_version != u64::from(FORMAT_VERSION) {
        return Err(TensorFileCause::Version {
            found: envelope.format_version,
        });
    }
    let found = hash(bytes);
    if envelope.sha256 != found {
        return Err(TensorFileCause::Hash {
            expected: envelope.sha256,
            found,
        });
    }
    if envelope.kind != kind {
        return Err(TensorFileCause::Kind {
            expected: kind,
            found: envelope.kind,
        });
    }
    let meta = serde_json::from_value(envelope.meta).map_err(as_meta)?;

    let mut tensors = Tensors::new();
    for (name, view) in SafeTensors::deserialize(bytes)?.iter() {
        let data = view
            .data()
            .chunks_exact(4)
            .map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]]))
            .collect();
        tensors.insert(
            name.to_owned(),
            HostTensor {
                shape: view.shape().to_vec(),
                data,
            },
        );
    }
    check_finite(&tensors)?;
    Ok((tensors, meta))
}

/// SHA-256 of the file with the digits of its own hash as zeros, in hexadecimal.
fn hash(bytes: &[u8]) -> String {
    let begin = HASH_AT.min(bytes.len());
    let end = (HASH_AT + HASH_DIGITS).min(bytes.len());
    let mut hasher = Sha256::new();
    hasher.update(&bytes[..begin]);
    hasher.update("0".repeat(end - begin));
    hasher.update(&bytes[end..]);
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::super::write;
    use super::*;

    fn file() -> Vec<u8> {
        let tensor = |shape: &[usize], data: &[f32]| HostTensor {
            shape: shape.to_vec(),
            data: data.to_vec(),
        };
        let tensors = Tensors::from([
            ("w".to_owned(), tensor(&[2, 1], &[0.5, -1.0])),
            ("b".to_owned(), tensor(&[1, 2], &[2.0, 0.0])),
        ]);
        let mut bytes = write::signed_head("test", &tensors, &7).unwrap();
        write::data(&tensors, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_file_is_read_back() {
        let (tensors, meta) = parse::<u32>(&file(), "test").unwrap();
        assert_eq!((tensors.len(), meta), (2, 7));
    }

    #[test]
    fn no_change_of_one_byte_and_no_cut_goes_unseen() {
        let bytes = file();
        for index in 0..bytes.len() {
            assert!(
                parse::<u32>(&bytes[..index], "test").is_err(),
                "cut at {index}"
            );
            for value in 0..=u8::MAX {
                let mut damaged = bytes.clone();
                damaged[index] = value;
                let unseen = parse::<u32>(&damaged, "test").is_ok();
                assert_eq!(unseen, value == bytes[index], "byte {index} = {value:#x}");
            }
        }
    }
}
