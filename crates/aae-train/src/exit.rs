//! The exit codes of the program. The errors of this crate say which they stand for, so that it need not know every one.

use std::io;

use crate::regular_file;

/// A usage or configuration error.
pub const USAGE: u8 = 2;
/// Bad data or a bad checkpoint.
pub const DATA: u8 = 65;
/// What should not happen: a bug.
pub const BUG: u8 = 70;
/// Something cannot be created, for something else is there or another run holds it.
pub const CANNOT_CREATE: u8 = 73;
/// An I/O error.
pub const IO: u8 = 74;
/// Device or memory: try again later.
pub const UNAVAILABLE: u8 = 75;
/// A loss is no longer finite.
pub const DIVERGED: u8 = 76;

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
