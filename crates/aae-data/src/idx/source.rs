//! The bytes of one IDX file, in the order in which they come: magic number, dimensions, elements, and nothing more.

use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::MAX_BYTES;
use crate::DataError;

const UNSIGNED_BYTE: u8 = 0x08;
/// Buffers start at this size and double from there.
const FIRST_CHUNK: usize = 1 << 20;

/// A stream of IDX bytes, unzipped by now, that knows how many of them have been taken.
pub(super) struct Source<'a, R> {
    path: &'a Path,
    reader: R,
    taken: u64,
}

impl<'a, R: Read> Source<'a, R> {
    /// A stream at its start; `path` is only named in errors.
    pub(super) fn new(path: &'a Path, reader: R) -> Self {
        Source {
            path,
            reader,
            taken: 0,
        }
    }

    /// The reader, wherever it stands.
    pub(super) fn into_reader(self) -> R {
        self.reader
    }

    /// The dimensions and the elements. `length` is the stream's real length in bytes where that is known.
    pub(super) fn parse<const RANK: usize>(
        &mut self,
        length: Option<u64>,
    ) -> Result<([usize; RANK], Vec<u8>), DataError> {
        let header_size = 4 + 4 * RANK as u64;
        self.magic(RANK as u8, header_size)?;
        let mut dimensions = [0_u32; RANK];
        for dimension in &mut dimensions {
            *dimension = u32::from_be_bytes(self.take_array(header_size)?);
        }

        let size = checked_size(self.path, &dimensions)?;
        let expected = header_size + size as u64; // at most MAX_BYTES and a header
        match length {
            Some(found) if found < expected => return Err(self.truncated(expected, found)),
            Some(found) if found > expected => return Err(self.trailing(expected, found)),
            _ => {}
        }
        let elements = self.take(size, expected)?;
        self.end(expected)?;
        Ok((dimensions.map(|dimension| dimension as usize), elements))
    }

    /// Takes the magic number and holds it against unsigned bytes in `rank` dimensions.
    fn magic(&mut self, rank: u8, header_size: u64) -> Result<(), DataError> {
        let path = self.path.to_path_buf();
        let magic: [u8; 4] = self.take_array(header_size)?;
        match magic {
            [0, 0, UNSIGNED_BYTE, found] if found == rank => Ok(()),
            [0, 0, UNSIGNED_BYTE, found] => Err(DataError::WrongRank {
                path,
                expected: rank,
                found,
            }),
            [0, 0, found @ (0x09 | 0x0b..=0x0e), _] => {
                Err(DataError::UnsupportedType { path, found })
            }
            _ => Err(DataError::BadMagic {
                path,
                expected: u32::from_be_bytes([0, 0, UNSIGNED_BYTE, rank]),
                found: u32::from_be_bytes(magic),
            }),
        }
    }

    /// Takes `N` bytes, where the stream is known to hold at least `expected` in all.
    fn take_array<const N: usize>(&mut self, expected: u64) -> Result<[u8; N], DataError> {
        let mut array = [0; N];
        array.copy_from_slice(&self.take(N, expected)?);
        Ok(array)
    }

    /// Takes `size` bytes into a buffer that grows as they arrive, so that a false claim costs no memory; it never grows past `size`.
    /// `expected` is the length of the whole stream, for the error.
    fn take(&mut self, size: usize, expected: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        while bytes.len() < size {
            let chunk = bytes.len().max(FIRST_CHUNK).min(size - bytes.len());
            bytes
                .try_reserve_exact(chunk)
                .map_err(|full| io_error(self.path, full.into()))?;
            let outcome = self
                .reader
                .by_ref()
                .take(chunk as u64)
                .read_to_end(&mut bytes);
            match outcome {
                Ok(read) if read == chunk => {}
                Err(error) if error.kind() != ErrorKind::UnexpectedEof => {
                    return Err(self.failed(error));
                }
                Ok(_) | Err(_) => {
                    return Err(self.truncated(expected, self.taken + bytes.len() as u64));
                }
            }
        }
        self.taken += size as u64;
        Ok(bytes)
    }

    /// Nothing may follow. Asking for one byte more is also what makes the gzip decoder check its checksum.
    fn end(&mut self, expected: u64) -> Result<(), DataError> {
        let mut next = [0];
        match self.reader.read(&mut next) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.trailing(expected, expected + 1)),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn truncated(&self, expected: u64, found: u64) -> DataError {
        DataError::Truncated {
            path: self.path.into(),
            expected,
            found,
        }
    }

    fn trailing(&self, expected: u64, found: u64) -> DataError {
        DataError::TrailingBytes {
            path: self.path.into(),
            expected,
            found,
        }
    }

    /// The gzip decoder speaks through `io::Error`; these kinds are its own, no regular file gives them.
    fn failed(&self, error: io::Error) -> DataError {
        match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                DataError::CorruptGzip {
                    path: self.path.into(),
                    reason: error.to_string(),
                }
            }
            _ => io_error(self.path, error),
        }
    }
}

/// The product of the dimensions, in bytes: neither zero nor above [`MAX_BYTES`].
fn checked_size(path: &Path, dimensions: &[u32]) -> Result<usize, DataError> {
    if dimensions.contains(&0) {
        return Err(DataError::ZeroDimension {
            path: path.into(),
            dimensions: dimensions.into(),
        });
    }
    dimensions
        .iter()
        .try_fold(1_u64, |product, &dimension| {
            product.checked_mul(u64::from(dimension))
        })
        .filter(|&size| size <= MAX_BYTES)
        .and_then(|size| usize::try_from(size).ok())
        .ok_or_else(|| DataError::TooLarge {
            path: path.into(),
            dimensions: dimensions.into(),
            limit: MAX_BYTES,
        })
}

/// An error of the operating system, with the path.
pub(super) fn io_error(path: &Path, source: io::Error) -> DataError {
    DataError::Io {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_grew_is_no_larger_than_the_data() {
        let data = vec![1; 5 * FIRST_CHUNK / 2];
        let mut source = Source::new(Path::new("memory"), &data[..]);
        let read = source.take(data.len(), data.len() as u64).unwrap();
        assert_eq!((read.len(), read.capacity()), (data.len(), data.len()));
    }
}
