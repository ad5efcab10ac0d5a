//! Results on standard output, and where those go that are files. A reader that has seen enough, such as `head`, is no error.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aae_train::durable::DurableError;
use aae_train::regular_file;
use anyhow::Context;

use crate::text::harmless;

/// Prints a result.
///
/// Errors: if standard output cannot take it, unless nobody reads it any more.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(harmless(text).as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output: could not write")
        }
        _ => Ok(()),
    }
}

/// A path for a picture, from the command line: pictures are PNG, and other programs go by the ending.
pub(crate) fn png(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    match ending.as_deref().and_then(|ending| ending.to_str()) {
        Some("png") => Ok(path),
        _ => Err(format!("expected a name that ends in .png, found `{text}`")),
    }
}

/// Where to write the file that is asked for by this path: behind a link, the file that the link leads to.
///
/// Errors: if anything but a regular file is there, for what is written takes the place of what was there, be it a device; if
/// the link leads nowhere.
pub(crate) fn place(path: &Path) -> Result<PathBuf, DurableError> {
    let refused = |action, source| DurableError {
        path: path.to_path_buf(),
        action,
        source,
    };
    let file = match path.is_symlink() {
        true => fs::canonicalize(path).map_err(|error| refused("follow the link", error))?,
        false => path.to_path_buf(),
    };
    match regular_file::check_or_absent(&file) {
        Err(error) if regular_file::is_bad_file(&error) => {
            let message = format!("{error}; choose another place with --out");
            let error = io::Error::new(io::ErrorKind::AlreadyExists, message);
            Err(refused("replace what is there", error))
        }
        // What cannot be looked at cannot be written, which then says why.
        _ => Ok(file),
    }
}

/// Says where a file was written.
pub(crate) fn wrote(path: &Path) -> anyhow::Result<()> {
    print(&format!("wrote {}\n", path.display()))
}
