//! What can go wrong between a path and a mini-batch: one variant per cause, each with what was expected and found.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a data set could not be read, or not be used as asked.
///
/// Every message names the file (or argument), what was expected, what was found, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// No directory was named, and the embedded data set is nowhere to be found.
    #[error(
        "no data set found; looked in {}; name a directory with the four MNIST files",
        list(looked)
    )]
    NotFound {
        /// Every directory that was tried, in order.
        looked: Vec<PathBuf>,
    },

    /// The directory named is not one.
    #[error("{}: expected a directory with the four MNIST files, found {found}; check the path", path.display())]
    NotADirectory {
        /// The path that was named.
        path: PathBuf,
        /// What is there instead.
        found: &'static str,
    },

    /// The directory lacks some of the four files.
    #[error(
        "{}: expected the four MNIST files, plain or with .gz, found no {}; see data/README.md for the names",
        dir.display(),
        missing.join(", no ")
    )]
    MissingFiles {
        /// The directory.
        dir: PathBuf,
        /// The standard names for which there is no file.
        missing: Vec<String>,
    },

    /// A directory, pipe, socket or device stands where a file should be. It is never opened.
    #[error("{}: expected a regular file, found {found}; replace it by the IDX file", path.display())]
    NotARegularFile {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        found: &'static str,
    },

    /// The file does not begin as an IDX file does.
    #[error(
        "{}: expected an IDX file with magic number {expected:#010x} (plain or gzipped), found {found:#010x}; \
         check that this is the file meant",
        path.display()
    )]
    BadMagic {
        /// The file.
        path: PathBuf,
        /// The magic number of what was asked for.
        expected: u32,
        /// The file's first four bytes.
        found: u32,
    },

    /// An IDX file of something other than unsigned bytes.
    #[error(
        "{}: expected elements of type 0x08 (unsigned byte), found type {found:#04x} ({}); convert the file to bytes",
        path.display(),
        type_name(*found)
    )]
    UnsupportedType {
        /// The file.
        path: PathBuf,
        /// The type byte of its header.
        found: u8,
    },

    /// An IDX file of another number of dimensions, as when images and labels are swapped.
    #[error(
        "{}: expected {expected} dimension(s), found {found}; images have 3 (number, height, width), labels have 1",
        path.display()
    )]
    WrongRank {
        /// The file.
        path: PathBuf,
        /// The number of dimensions of what was asked for.
        expected: u8,
        /// The number that the header states.
        found: u8,
    },

    /// The header states a dimension of zero.
    #[error("{}: expected dimensions of at least 1, found {dimensions:?}; the file holds no data", path.display())]
    ZeroDimension {
        /// The file.
        path: PathBuf,
        /// The dimensions that its header states.
        dimensions: Vec<u32>,
    },

    /// The header announces more than the reader is willing to hold.
    #[error(
        "{}: expected at most {limit} bytes of data, found a header that announces {dimensions:?}; \
         the header is damaged, or the data set must be cut into a smaller one",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The dimensions that its header states.
        dimensions: Vec<u32>,
        /// The most bytes that are read, [`crate::idx::MAX_BYTES`].
        limit: u64,
    },

    /// The file ends before its header says so. Bytes are counted after unzipping, header included.
    #[error("{}: expected {expected} bytes (unzipped), found {found}; the file is cut short: fetch it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes announced, header included.
        expected: u64,
        /// Bytes there.
        found: u64,
    },

    /// The file goes on after its header says so. Bytes are counted after unzipping, header included.
    #[error(
        "{}: expected {expected} bytes (unzipped), found at least {found}; the file was changed: fetch it again",
        path.display()
    )]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// Bytes announced, header included.
        expected: u64,
        /// Bytes there: all of a plain file, one more than announced of a gzipped one, where reading stops.
        found: u64,
    },

    /// The gzip stream is damaged; its checksum is part of that.
    #[error("{}: expected an intact gzip stream, found: {reason}; the file is damaged: fetch it again", path.display())]
    CorruptGzip {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        reason: String,
    },

    /// Something follows the gzip stream: another member, or anything else.
    #[error(
        "{}: expected the end of the file after its gzip stream, found {bytes} more bytes \
         (another gzip member, or padding); zip the IDX file again as one stream",
        path.display()
    )]
    DataAfterGzip {
        /// The file.
        path: PathBuf,
        /// Compressed bytes after the first stream.
        bytes: u64,
    },

    /// Images and labels do not pair up.
    #[error(
        "{}: expected one label per image, found {n_labels} labels for the {n_images} images of {}; \
         check that both files belong together",
        labels.display(),
        images.display()
    )]
    CountMismatch {
        /// The file of the images.
        images: PathBuf,
        /// Their number.
        n_images: usize,
        /// The file of the labels.
        labels: PathBuf,
        /// Their number.
        n_labels: usize,
    },

    /// A label names a class that does not exist.
    #[error(
        "{}: expected labels below {classes} (the number of classes), found {value} at index {index}; \
         training and test labels must share their classes",
        path.display()
    )]
    LabelOutOfRange {
        /// The file of the labels.
        path: PathBuf,
        /// Which label, counted from 0.
        index: usize,
        /// The label.
        value: u8,
        /// The number of classes.
        classes: usize,
    },

    /// Training and test images have different sizes.
    #[error(
        "{}: expected images of {} x {} pixels (height x width) as in the training set, found {} x {}; \
         check that both files belong together",
        path.display(),
        expected.0,
        expected.1,
        found.0,
        found.1
    )]
    SizeMismatch {
        /// The file of the test images.
        path: PathBuf,
        /// Height and width of the training images.
        expected: (usize, usize),
        /// Height and width of the test images.
        found: (usize, usize),
    },

    /// [`crate::Dataset::new`] was given pixels that do not fill its images.
    #[error(
        "images: expected {expected} pixels (labels x height x width, at least 1 image), found {found}; check the dimensions"
    )]
    PixelCount {
        /// Labels × height × width; `usize::MAX` where that overflows.
        expected: usize,
        /// The length of the pixel buffer.
        found: usize,
    },

    /// More images are to be held out than there are, or all of them.
    #[error(
        "validation: expected fewer than the {available} images there are, found {requested}; hold out fewer"
    )]
    HoldOut {
        /// Images to hold out.
        requested: usize,
        /// Images in the split.
        available: usize,
    },

    /// A balanced draw needs more images of a class than there are.
    #[error(
        "data.labelled: expected at least {requested} images of class {class}, found {available}; \
         at most {most} labelled images can be dealt evenly"
    )]
    ClassTooSmall {
        /// The class.
        class: usize,
        /// Images wanted of it.
        requested: usize,
        /// Images there are of it.
        available: usize,
        /// The largest draw that there are enough images of every class for.
        most: usize,
    },

    /// Batches of no images, or of more images than there are.
    #[error(
        "batch_size: expected 1 to {available} (the number of images), found {batch_size}; choose another size"
    )]
    BatchSize {
        /// The size asked for.
        batch_size: usize,
        /// Images in the split.
        available: usize,
    },

    /// The operating system could not read the file.
    #[error("{}: cannot read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },

    /// candle-datasets could not load a data set.
    #[cfg(feature = "hub")]
    #[error(
        "{name}: candle-datasets cannot load it: {source}; check the connection, or read a directory"
    )]
    Hub {
        /// The data set.
        name: String,
        /// What candle-datasets says.
        source: candle_core::Error,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

/// The name of an IDX element type.
fn type_name(code: u8) -> &'static str {
    match code {
        0x08 => "unsigned byte",
        0x09 => "signed byte",
        0x0b => "16-bit integer",
        0x0c => "32-bit integer",
        0x0d => "32-bit float",
        0x0e => "64-bit float",
        _ => "unknown",
    }
}
