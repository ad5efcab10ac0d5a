//! Which exit code an error of this crate stands for, so that the program need not know every error.

use std::io;

use crate::regular_file;

/// A usage or configuration error.
pub(crate) const USAGE: u8 = 2;
/// Bad data or a bad checkpoint.
pub(crate) const DATA: u8 = 65;
/// Something cannot be created, or another run holds it.
pub(crate) const CANNOT_CREATE: u8 = 73;
/// An I/O error.
pub(crate) const IO: u8 = 74;

/// The code for an error while reading: 65 for what is no file of that kind, else 74.
pub(crate) fn read(error: &io::Error) -> u8 {
    match regular_file::is_bad_file(error) {
        true => DATA,
        false => IO,
    }
}

/// The code for an error while writing: 73 where nothing can be created, else 74.
pub(crate) fn io(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::ReadOnlyFilesystem => CANNOT_CREATE,
        _ => IO,
    }
}
/// Device or memory: try again later.
pub(crate) const UNAVAILABLE: u8 = 75;
/// A loss is no longer finite.
pub(crate) const DIVERGED: u8 = 76;
/// What should not happen: a bug.
pub(crate) const BUG: u8 = 70;
