//! From bytes to tensors and metadata; nothing is believed before the hash has been checked.

use safetensors::SafeTensors;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::write::{HASH_AT, HASH_DIGITS};
use super::{FORMAT_VERSION, HostTensor, TensorFileCause, Tensors, check_finite, header};
use crate::hex;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    sha256: String,
    kind: String,
    format_version: u64,
    meta: Value,
}

/// Verifies a whole file and takes it apart.
pub(super) fn parse<M: DeserializeOwned>(
    bytes: &[u8],
    kind: &'static str,
) -> Result<(Tensors, M), TensorFileCause> {
    let metadata = header::check(bytes)?.ok_or(TensorFileCause::NotOurs)?;
    let as_meta = |error: serde_json::Error| TensorFileCause::Meta(error.to_string());
    let envelope: Envelope = serde_json::from_str(&metadata).map_err(as_meta)?;
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
