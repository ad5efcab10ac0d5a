//! The IDX reader: one file of images or labels, plain or gzipped, to bytes in memory. First step of the walk.
//!
//! A file is trusted in nothing: the header's claim is multiplied with overflow checks and held against a cap and, where the file is
//! plain, against its real length before anything is allocated; memory grows as bytes arrive; a gzip stream is read to its checksum,
//! and never further than one byte past the announced size. The format is described in `data/README.md`.

mod source;

use std::fs::{self, File, FileType};
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::Path;

use flate2::bufread::GzDecoder;

use self::source::{Source, io_error};
use crate::DataError;

/// The most bytes of data, after unzipping, that a file may announce: 4 GiB.
pub const MAX_BYTES: u64 = 4 << 30;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

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
    read_file(path).map(images)
}

/// Reads an IDX file of labels, shape `[count]`, plain or gzipped: one byte a label.
///
/// Errors: as [`read_images`]. Which values make sense is not checked here.
pub fn read_labels(path: &Path) -> Result<Vec<u8>, DataError> {
    let ([_count], labels) = read_file(path)?;
    Ok(labels)
}

/// As [`read_images`], of a file's bytes; `path` is only named in errors.
pub fn images_from_bytes(bytes: &[u8], path: &Path) -> Result<Images, DataError> {
    parse(path, Cursor::new(bytes), bytes.len() as u64).map(images)
}

/// As [`read_labels`], of a file's bytes; `path` is only named in errors.
pub fn labels_from_bytes(bytes: &[u8], path: &Path) -> Result<Vec<u8>, DataError> {
    let ([_count], labels) = parse(path, Cursor::new(bytes), bytes.len() as u64)?;
    Ok(labels)
}

fn images(([count, height, width], pixels): ([usize; 3], Vec<u8>)) -> Images {
    Images {
        count,
        height,
        width,
        pixels,
    }
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
        return Source::new(path, file).parse(Some(length));
    }

    let mut source = Source::new(path, GzDecoder::new(file));
    let parsed = source.parse(None)?;
    let consumed = source
        .into_reader()
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
    use std::io::Write;

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
}
