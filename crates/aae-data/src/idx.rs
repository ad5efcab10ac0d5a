//! The IDX reader: one file of images or labels, plain or gzipped, to bytes in memory. First step of the walk.
//!
//! A file is trusted in nothing: the header's claim is multiplied with overflow checks and held against a cap and, where the file is
//! plain, against its real length before anything is allocated; memory grows as bytes arrive; a gzip stream is read to its checksum,
//! and never further than one byte past the announced size. The format is described in `data/README.md`.

use std::fs::{self, File, FileType};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek};
use std::path::Path;

use flate2::bufread::GzDecoder;

use crate::DataError;

/// The most bytes of data, after unzipping, that a file may announce: 4 GiB.
pub const MAX_BYTES: u64 = 4 << 30;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const UNSIGNED_BYTE: u8 = 0x08;
/// Buffers start at this size and double from there.
const FIRST_CHUNK: usize = 1 << 20;

/// Grey images as they lie in an IDX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// The number of images.
    pub count: usize,
    /// Rows of an image, in pixels.
    pub height: usize,
    /// Columns of an image, in pixels.
    pub width: usize,
    /// `count * height * width` bytes, row by row, image by image; 0 is background, 255 is ink.
    pub pixels: Vec<u8>,
}

/// Reads an IDX file of grey images, shape `[count, height, width]`, plain or gzipped.
///
/// Errors: if the path is not a regular file (it is not opened then), cannot be read, or does not keep to the format to the byte; see
/// the variants of [`DataError`].
pub fn read_images(path: &Path) -> Result<Images, DataError> {
    let ([count, height, width], pixels) = read_file(path)?;
    Ok(Images {
        count,
        height,
        width,
        pixels,
    })
}

/// Reads an IDX file of labels, shape `[count]`, plain or gzipped: one byte a label.
///
/// Errors: as [`read_images`]. Which values make sense is not checked here.
pub fn read_labels(path: &Path) -> Result<Vec<u8>, DataError> {
    let ([_count], labels) = read_file(path)?;
    Ok(labels)
}

/// Opens a regular file and parses it. A FIFO would block when opened, so what it is gets checked before.
fn read_file<const RANK: usize>(path: &Path) -> Result<([usize; RANK], Vec<u8>), DataError> {
    let file_type = fs::metadata(path)
        .map_err(|source| io_error(path, source))?
        .file_type();
    if !file_type.is_file() {
        return Err(DataError::NotARegularFile {
            path: path.into(),
            found: describe(file_type),
        });
    }
    let file = File::open(path).map_err(|source| io_error(path, source))?;
    let length = file
        .metadata()
        .map_err(|source| io_error(path, source))?
        .len();
    parse(path, BufReader::with_capacity(1 << 16, file), length)
}

/// Parses a file of `length` bytes; `path` is only named in errors.
fn parse<const RANK: usize>(
    path: &Path,
    mut file: impl BufRead + Seek,
    length: u64,
) -> Result<([usize; RANK], Vec<u8>), DataError> {
    let mut start = Vec::new();
    file.by_ref()
        .take(2)
        .read_to_end(&mut start)
        .map_err(|source| io_error(path, source))?;
    file.rewind().map_err(|source| io_error(path, source))?;
    if start != GZIP_MAGIC {
        return Source {
            path,
            reader: file,
            taken: 0,
        }
        .parse(Some(length));
    }

    let mut source = Source {
        path,
        reader: GzDecoder::new(file),
        taken: 0,
    };
    let parsed = source.parse(None)?;
    let consumed = source
        .reader
        .into_inner()
        .stream_position()
        .map_err(|source| io_error(path, source))?;
    match length.saturating_sub(consumed) {
        0 => Ok(parsed),
        bytes => Err(DataError::DataAfterGzip {
            path: path.into(),
            bytes,
        }),
    }
}

/// A stream of IDX bytes, unzipped by now, that knows how many of them have been taken.
struct Source<'a, R> {
    path: &'a Path,
    reader: R,
    taken: u64,
}

impl<R: Read> Source<'_, R> {
    /// The dimensions and the elements. `length` is the stream's real length in bytes where that is known.
    fn parse<const RANK: usize>(
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

    /// Takes `size` bytes into a buffer that grows as they arrive, so that a false claim costs no memory. Of the right size in the end:
    /// it does not grow past `size`. `expected` is the length of the whole stream, for the error.
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

fn io_error(path: &Path, source: io::Error) -> DataError {
    DataError::Io {
        path: path.into(),
        source,
    }
}

/// A few words for what stands at a path.
pub(crate) fn describe(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        "a directory"
    } else if file_type.is_file() {
        "a file"
    } else {
        "a pipe, socket or device"
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn parse_bytes<const RANK: usize>(bytes: &[u8]) -> Result<([usize; RANK], Vec<u8>), DataError> {
        parse(Path::new("memory"), Cursor::new(bytes), bytes.len() as u64)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn images(height: u8, width: u8, pixels: &[u8]) -> Vec<u8> {
        let count = (pixels.len() / (height as usize * width as usize)) as u8;
        [
            &[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, height, 0, 0, 0, width],
            pixels,
        ]
        .concat()
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_error_or_data_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_bytes::<3>(&bytes);
            let _ = parse_bytes::<1>(&bytes);
            let _ = parse_bytes::<3>(&gzip(&bytes));
        }

        #[test]
        fn a_right_magic_number_with_any_rest_never_panics(rest in prop::collection::vec(any::<u8>(), 0..64)) {
            let plain = [&[0, 0, 8, 3][..], &rest].concat();
            let zipped_start = [&GZIP_MAGIC[..], &[8], &rest].concat();
            for bytes in [plain.clone(), gzip(&plain), zipped_start] {
                let _ = parse_bytes::<3>(&bytes);
            }
        }

        #[test]
        fn whatever_is_written_is_read_plain_and_gzipped(
            (height, width, pixels) in (1..9_u8, 1..9_u8, 1..9_usize).prop_flat_map(|(height, width, count)| {
                let size = height as usize * width as usize * count;
                (Just(height), Just(width), prop::collection::vec(any::<u8>(), size))
            })
        ) {
            let bytes = images(height, width, &pixels);
            for file in [bytes.clone(), gzip(&bytes)] {
                let (dimensions, read) = parse_bytes::<3>(&file).unwrap();
                prop_assert_eq!(dimensions[1..].to_vec(), vec![height as usize, width as usize]);
                prop_assert_eq!(&read, &pixels);
            }
        }

        #[test]
        fn every_shortening_and_every_flipped_byte_of_a_gzipped_file_is_refused_or_harmless(
            cut in any::<prop::sample::Index>(), flip in 1..=255_u8
        ) {
            let pixels: Vec<u8> = (0..=255).collect();
            let file = gzip(&images(16, 16, &pixels));
            let at = cut.index(file.len());
            prop_assert!(parse_bytes::<3>(&file[..at]).is_err());
            let mut flipped = file.clone();
            flipped[at] ^= flip;
            // Name, time and operating system in a gzip header are not covered by its checksum, and mean nothing here.
            if let Ok((_, read)) = parse_bytes::<3>(&flipped) {
                prop_assert_eq!(read, pixels);
            }
        }
    }

    #[test]
    fn memory_is_not_taken_on_the_word_of_a_header() {
        let claim = [
            &[0, 0, 8, 3][..],
            &[0, 0xff, 0xff, 0xff],
            &[0, 0, 0, 16],
            &[0, 0, 0, 16],
            &[7; 1000],
        ]
        .concat();
        let mut source = Source {
            path: Path::new("memory"),
            reader: &claim[16..],
            taken: 16,
        };
        assert!(matches!(
            source.take(4 << 30, 5 << 30),
            Err(DataError::Truncated { found: 1016, .. })
        ));
        assert!(matches!(
            parse_bytes::<3>(&claim),
            Err(DataError::Truncated { found: 1016, .. })
        ));
    }

    #[test]
    fn a_buffer_that_grew_is_no_larger_than_the_data() {
        let data = vec![1; 5 * FIRST_CHUNK / 2];
        let mut source = Source {
            path: Path::new("memory"),
            reader: &data[..],
            taken: 0,
        };
        let read = source.take(data.len(), data.len() as u64).unwrap();
        assert_eq!((read.len(), read.capacity()), (data.len(), data.len()));
    }
}
