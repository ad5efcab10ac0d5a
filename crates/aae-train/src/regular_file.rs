//! Reading a file that anyone may have put there: a regular one, of a size that a file of its kind has, and nothing else.
//!
//! A pipe would be waited for without end, a device read without end, and a sparse file of a tebibyte costs its sender nothing.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::Path;

/// The most bytes that a configuration may have.
pub const MOST_CONFIG: u64 = 256 << 10;
/// The most bytes that a file of metrics may have: a hundred thousand times a long run's lines.
pub(crate) const MOST_METRICS: u64 = 256 << 20;
/// The most bytes that a summary, a description of the environment or the results of an experiment may have.
pub const MOST_SUMMARY: u64 = 64 << 20;

/// The whole of a regular file; links are followed.
///
/// Errors: any I/O error; if it is not a regular file, in which case it is not opened; if it has more than `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, length) = open(path)?;
    if length > most {
        return Err(too_large(length, most));
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile, and some files of the system say that they are empty.
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match read as u64 > most {
        true => Err(too_large(read as u64, most)),
        false => Ok(bytes),
    }
}

/// As [`read`], as text.
///
/// Errors: as [`read`]; if it is not UTF-8.
pub fn read_to_string(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("expected text in UTF-8, found another byte at {at}");
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

/// A regular file, open, with its length in bytes.
pub(crate) fn open(path: &Path) -> io::Result<(File, u64)> {
    check(path)?;
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// That `path` is a regular file, or nothing yet: what may be opened without waiting.
///
/// Errors: if something else is there; if that cannot be found out.
pub fn check_or_absent(path: &Path) -> io::Result<()> {
    match check(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        checked => checked,
    }
}

/// Before it is opened: opening a pipe waits until somebody writes to it.
fn check(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("expected a regular file, found {}", describe(kind)),
    ))
}

/// What stands at a path, in a few words.
pub(crate) fn describe(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_symlink() => "a link",
        kind if kind.is_dir() => "a directory",
        kind if kind.is_file() => "a file",
        _ => "a pipe, socket or device",
    }
}

/// The error for a file of more bytes than it may have.
pub(crate) fn too_large(found: u64, most: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("expected at most {most} bytes, found {found}"),
    )
}

/// Whether an error of [`read`] is about what the file is, and not about reading it.
pub fn is_bad_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_at_most_so_many_bytes_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "abc").unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"abc");
        assert_eq!(read_to_string(&path, 3).unwrap(), "abc");
        let error = read(&path, 2).unwrap_err();
        assert_eq!(error.to_string(), "expected at most 2 bytes, found 3");
        assert!(is_bad_file(&error));
        fs::write(&path, b"ab\xff").unwrap();
        let error = read_to_string(&path, 3).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected text in UTF-8, found another byte at 2"
        );
    }

    #[test]
    fn a_sparse_file_of_a_tebibyte_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(is_bad_file(&read(&path, MOST_SUMMARY).unwrap_err()));
    }

    #[test]
    fn a_folder_a_device_and_nothing_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path(), 9).unwrap_err();
        assert!(error.to_string().ends_with("found a directory"), "{error}");
        let missing = folder.path().join("none");
        assert!(!is_bad_file(&read(&missing, 9).unwrap_err()));
        check_or_absent(&missing).unwrap();
        if cfg!(unix) {
            let error = read(Path::new("/dev/zero"), 9).unwrap_err();
            assert!(error.to_string().ends_with("or device"), "{error}");
        }
    }
}
