//! From tensors and metadata to bytes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{FORMAT_VERSION, TensorFileCause, Tensors};
use crate::hex;

/// What every header begins with, up to the digits of the hash.
pub(super) const BEFORE_HASH: &str = r#"{"__metadata__":{"aae":"{\"sha256\":\""#;
/// Where the digits of the hash begin in the file.
pub(super) const HASH_AT: usize = 8 + BEFORE_HASH.len();
/// The digits of a SHA-256.
pub(super) const HASH_DIGITS: usize = 64;

/// The JSON in the header's one metadata key, in this order of fields.
#[derive(Serialize)]
struct Envelope<'a, M> {
    sha256: &'a str,
    kind: &'static str,
    format_version: u32,
    meta: &'a M,
}

/// Everything before the data: the header's length and the header, with the hash of the whole file in it.
pub(super) fn signed_head<M: Serialize>(
    kind: &'static str,
    tensors: &Tensors,
    meta: &M,
) -> Result<Vec<u8>, TensorFileCause> {
    let mut head = unsigned_head(kind, tensors, meta)?;
    let mut hasher = Hasher(Sha256::new());
    hasher.0.update(&head);
    data(tensors, &mut hasher).map_err(TensorFileCause::Write)?;
    head[HASH_AT..HASH_AT + HASH_DIGITS].copy_from_slice(hex(&hasher.0.finalize()).as_bytes());
    Ok(head)
}

/// The data section: each tensor's elements, little-endian, in the order of the names.
pub(super) fn data(tensors: &Tensors, out: &mut impl Write) -> io::Result<()> {
    const CHUNK: usize = 1 << 12;
    let mut bytes = Vec::with_capacity(4 * CHUNK);
    for tensor in tensors.values() {
        for chunk in tensor.data.chunks(CHUNK) {
            bytes.clear();
            bytes.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
            out.write_all(&bytes)?;
        }
    }
    Ok(())
}

fn unsigned_head<M: Serialize>(
    kind: &'static str,
    tensors: &Tensors,
    meta: &M,
) -> Result<Vec<u8>, TensorFileCause> {
    let as_meta = |error: serde_json::Error| TensorFileCause::Meta(error.to_string());
    let envelope = Envelope {
        sha256: &"0".repeat(HASH_DIGITS),
        kind,
        format_version: FORMAT_VERSION,
        meta,
    };
    let envelope = serde_json::to_string(&envelope).map_err(as_meta)?;
    let mut header = format!(
        r#"{{"__metadata__":{{"aae":{}}}"#,
        serde_json::to_string(&envelope).map_err(as_meta)?
    );
    let mut begin = 0_usize;
    for (name, tensor) in tensors {
        let expected = tensor
            .shape
            .iter()
            .try_fold(1_usize, |n, size| n.checked_mul(*size));
        if expected != Some(tensor.data.len()) {
            return Err(TensorFileCause::Length {
                tensor: name.clone(),
                shape: tensor.shape.clone(),
                found: tensor.data.len(),
            });
        }
        let end = begin + 4 * tensor.data.len();
        header.push(',');
        header.push_str(&serde_json::to_string(name).map_err(as_meta)?);
        header.push_str(&format!(
            r#":{{"dtype":"F32","shape":{},"data_offsets":[{begin},{end}]}}"#,
            json!(tensor.shape)
        ));
        begin = end;
    }
    header.push('}');
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut head = (header.len() as u64).to_le_bytes().to_vec();
    head.extend_from_slice(header.as_bytes());
    Ok(head)
}

/// A sink that hashes what is written to it.
struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
