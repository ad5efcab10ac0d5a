//! The first look at a header that anyone may have written: every length is checked before it is believed.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::MOST_SHOWN;

/// No model here needs more; a larger claim is an attack or damage.
const MAX_HEADER: u64 = 16 << 20;

/// Why a safetensors header is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum HeaderError {
    /// Not even the header's length is there.
    #[error("it is {found} bytes long, expected at least 8")]
    Short {
        /// The file's length in bytes.
        found: usize,
    },
    /// The header's length cannot be right.
    #[error("its header claims {claimed} bytes, expected at most {available}")]
    HeaderLength {
        /// What the first 8 bytes say.
        claimed: u64,
        /// What the file's length, and the limit for any header, leave.
        available: u64,
    },
    /// The header is not the JSON that it should be.
    #[error("its header cannot be read: {0}")]
    Json(String),
    /// The types of some tensors.
    #[error("{}", types(.tensors))]
    Types {
        /// Each such tensor with the type that the header names, in the order of the data.
        tensors: Vec<(String, String)>,
    },
    /// A tensor does not begin where the one before it ends, or does not have the length that its shape says.
    #[error("tensor `{tensor}` lies at bytes {begin}..{end} of the data, expected {expected}")]
    Offsets {
        /// The tensor.
        tensor: String,
        /// First byte, as the header claims.
        begin: u64,
        /// End, as the header claims.
        end: u64,
        /// Where it should lie.
        expected: String,
    },
    /// The data is shorter or longer than the tensors.
    #[error("its tensors take {expected} bytes, found {found} bytes of data")]
    DataLength {
        /// Sum over the tensors.
        expected: u64,
        /// What the file holds after its header.
        found: u64,
    },
}

fn types(tensors: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, found) in tensors.iter().take(MOST_SHOWN) {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}tensor `{name}` has type {found}");
    }
    if let Some(more @ 1..) = tensors.len().checked_sub(MOST_SHOWN) {
        let _ = write!(text, " and {more} more have others");
    }
    text + ", expected F32"
}

/// How many bytes the header takes of a file of `length` bytes that begins with these.
pub(super) fn size(begin: &[u8], length: u64) -> Result<u64, HeaderError> {
    let Some((claimed, _)) = begin.split_first_chunk::<8>() else {
        return Err(HeaderError::Short { found: begin.len() });
    };
    let claimed = u64::from_le_bytes(*claimed);
    let available = MAX_HEADER.min(length.saturating_sub(8));
    match claimed > available {
        true => Err(HeaderError::HeaderLength { claimed, available }),
        false => Ok(claimed),
    }
}

/// Checks the header of a file of `length` bytes, of which those up to the end of the header will do, and returns its `aae` metadata,
/// if it has any.
pub(super) fn check(begin: &[u8], length: u64) -> Result<Option<String>, HeaderError> {
    let size = size(begin, length)?;
    // It is at most `MAX_HEADER`, and so a usize. A file that was cut meanwhile may have less.
    let header = begin.get(8..8 + size as usize).unwrap_or_default();
    let data = length.saturating_sub(8 + size);
    let Header {
        metadata,
        mut tensors,
    } = serde_json::from_slice(header).map_err(|error| HeaderError::Json(error.to_string()))?;

    tensors.sort_by_key(|(_, tensor)| tensor.data_offsets);
    let other_types: Vec<(String, String)> = tensors
        .iter()
        .filter(|(_, tensor)| tensor.dtype != "F32")
        .map(|(name, tensor)| (name.clone(), tensor.dtype.clone()))
        .collect();
    if !other_types.is_empty() {
        return Err(HeaderError::Types {
            tensors: other_types,
        });
    }
    let mut position = 0_u64;
    for (name, tensor) in tensors {
        position = end_of(name, &tensor, position)?;
    }
    if position != data {
        return Err(HeaderError::DataLength {
            expected: position,
            found: data,
        });
    }
    Ok(metadata)
}

/// The end of a tensor that must begin at `position`.
fn end_of(name: String, tensor: &TensorInfo, position: u64) -> Result<u64, HeaderError> {
    let [begin, end] = tensor.data_offsets;
    let length = tensor
        .shape
        .iter()
        .try_fold(4_u64, |n, size| n.checked_mul(*size));
    let expected = length.and_then(|length| position.checked_add(length));
    if begin != position || Some(end) != expected {
        let expected = match expected {
            Some(expected) => format!("{position}..{expected}"),
            None => format!("a shape that fits into memory, not {:?}", tensor.shape),
        };
        return Err(HeaderError::Offsets {
            tensor: name,
            begin,
            end,
            expected,
        });
    }
    Ok(end)
}

/// A header, with every name once.
struct Header {
    metadata: Option<String>,
    tensors: Vec<(String, TensorInfo)>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TensorInfo {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a safetensors header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header {
            metadata: None,
            tensors: Vec::new(),
        };
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("duplicate key `{name}`")));
            }
            if name == "__metadata__" {
                // A file of ours has one metadata key; of another's only the absence of ours matters.
                header.metadata = match map.next_value::<Value>()?.get("aae") {
                    Some(Value::String(json)) => Some(json.clone()),
                    _ => None,
                };
            } else {
                header.tensors.push((name, map.next_value()?));
            }
        }
        Ok(header)
    }
}
