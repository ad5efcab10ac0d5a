//! The one file format of the project's tensors: a safetensors file with a canonical header and a hash of itself.
//!
//! ```text
//! 8 bytes   length of the header, little-endian
//! header    {"__metadata__":{"aae":"<JSON>"},"<name>":{"dtype":"F32","shape":[..],"data_offsets":[..]},..}  padded with spaces
//! data      the tensors in the order of their names, f32 little-endian, without gaps
//! ```
//! The `aae` metadata is `{"sha256":"<64 hex digits>","kind":"..","format_version":1,"meta":{..}}`, where the hash is that of the
//! whole file with those 64 digits as zeros. Any flipped bit and any missing byte is therefore found, and equal content has equal bytes.
//! PyTorch's `safetensors.torch.load_file` reads the file as it is.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

mod compare;
mod header;
mod read;
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use compare::match_tensors;
pub use compare::{Difference, TensorMismatch};
pub use header::HeaderError;

use crate::durable::{self, Disk, Fs};
use crate::{exit, regular_file};

/// The version of the format that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// The most bytes that a file may have: every weight that a configuration may ask for, with the moments of three optimizers.
const MOST_BYTES: u64 = 8 << 30;

/// So many tensors of a bad file are named in an error, and the others counted: a header may list a hundred thousand.
const MOST_SHOWN: usize = 200;

/// A tensor in host memory: row-major `f32`.
#[derive(Debug, Clone, PartialEq)]
pub struct HostTensor {
    /// Size of each dimension; empty for a scalar.
    pub shape: Vec<usize>,
    /// The elements; as many as the product of `shape`.
    pub data: Vec<f32>,
}

/// Named tensors, in the order in which they lie in a file.
pub type Tensors = BTreeMap<String, HostTensor>;

/// A tensor file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {cause}")]
pub struct TensorFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub cause: TensorFileCause,
}

/// What is wrong with a tensor file.
#[derive(Debug, thiserror::Error)]
pub enum TensorFileCause {
    /// It cannot be read.
    #[error("could not read: {0}")]
    Read(#[source] io::Error),
    /// It cannot be written.
    #[error("could not write: {0}")]
    Write(#[source] io::Error),
    /// The header is not one that safetensors allows.
    #[error("not a valid safetensors file: {0}")]
    Header(#[from] HeaderError),
    /// The safetensors crate refuses it.
    #[error("not a valid safetensors file: {0}")]
    Safetensors(#[from] safetensors::SafeTensorError),
    /// It was written by another program.
    #[error("no `aae` metadata: expected a file that this program wrote")]
    NotOurs,
    /// It holds something else.
    #[error("expected a {expected} file, found a {found} file")]
    Kind {
        /// What was asked for.
        expected: &'static str,
        /// What the file says it is.
        found: String,
    },
    /// It was written by another version.
    #[error(
        "expected format version {FORMAT_VERSION}, found {found}: use the version of the program that wrote it"
    )]
    Version {
        /// The file's format version.
        found: u64,
    },
    /// The hash does not fit the content.
    #[error(
        "damaged: restore it from a copy, or use another checkpoint (SHA-256: expected {expected:.16}..., found {found:.16}...)"
    )]
    Hash {
        /// What the file says.
        expected: String,
        /// What its bytes give.
        found: String,
    },
    /// The metadata cannot be understood.
    #[error("bad metadata: {0}")]
    Meta(String),
    /// A tensor holds NaN or an infinity.
    #[error("tensor `{tensor}` holds {value} at element {index}: expected finite numbers")]
    NotFinite {
        /// The first such tensor, by name.
        tensor: String,
        /// Its first such element.
        index: usize,
        /// NaN, inf or -inf.
        value: f32,
    },
    /// A tensor's shape and its data do not belong together.
    #[error("tensor `{tensor}` has {found} elements: expected the product of {shape:?}")]
    Length {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// How many elements it has.
        found: usize,
    },
}

impl TensorFileError {
    /// 65 for bad content and what is no file, 73 where the file cannot be created, 74 for other I/O errors, 2 where the file to be read does not exist.
    pub fn exit_code(&self) -> u8 {
        match &self.cause {
            TensorFileCause::Read(error) if error.kind() == io::ErrorKind::NotFound => exit::USAGE,
            TensorFileCause::Read(error) if regular_file::is_bad_file(error) => exit::DATA,
            TensorFileCause::Read(_) => exit::IO,
            TensorFileCause::Write(error) => exit::io(error),
            _ => exit::DATA,
        }
    }

    fn at(path: &Path) -> impl FnOnce(TensorFileCause) -> Self {
        let path = path.to_path_buf();
        move |cause| Self { path, cause }
    }
}

/// Writes `tensors` and `meta` durably to `path`. The same content gives the same bytes.
///
/// Nothing is copied: the tensors are gone through twice, once to hash and once to write. Values need not be finite.
pub(crate) fn write<M: Serialize>(
    path: &Path,
    kind: &'static str,
    tensors: &Tensors,
    meta: &M,
) -> Result<(), TensorFileError> {
    write_in(&Disk, path, kind, tensors, meta)
}

/// As [`write()`], in any file system.
pub(crate) fn write_in<M: Serialize>(
    fs: &dyn Fs,
    path: &Path,
    kind: &'static str,
    tensors: &Tensors,
    meta: &M,
) -> Result<(), TensorFileError> {
    let head = write::signed_head(kind, tensors, meta).map_err(TensorFileError::at(path))?;
    durable::write_in(fs, path, |mut file| {
        file.write_all(&head)?;
        write::data(tensors, &mut file)
    })
    .map_err(|error| TensorFileError::at(path)(TensorFileCause::Write(error.source)))
}

/// Reads and verifies a file that [`write()`] wrote: header, hash, kind, version, finite values.
pub(crate) fn read<M: DeserializeOwned>(
    path: &Path,
    kind: &'static str,
) -> Result<(Tensors, M), TensorFileError> {
    read_in(&Disk, path, kind)
}

/// As [`read()`], in any file system.
pub(crate) fn read_in<M: DeserializeOwned>(
    fs: &dyn Fs,
    path: &Path,
    kind: &'static str,
) -> Result<(Tensors, M), TensorFileError> {
    read::read(fs, path, kind).map_err(TensorFileError::at(path))
}

/// As [`read`], of a file's bytes; `path` is only named in errors.
pub(crate) fn parse<M: DeserializeOwned>(
    bytes: &[u8],
    path: &Path,
    kind: &'static str,
) -> Result<(Tensors, M), TensorFileError> {
    read::parse(bytes, kind).map_err(TensorFileError::at(path))
}

/// The first tensor with a value that is not finite, as an error.
pub(crate) fn check_finite(tensors: &Tensors) -> Result<(), TensorFileCause> {
    for (name, tensor) in tensors {
        if let Some(index) = tensor.data.iter().position(|value| !value.is_finite()) {
            return Err(TensorFileCause::NotFinite {
                tensor: name.clone(),
                index,
                value: tensor.data[index],
            });
        }
    }
    Ok(())
}
