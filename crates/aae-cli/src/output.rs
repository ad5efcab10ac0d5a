//! Results on standard output. A reader that has seen enough, such as `head`, is no error.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

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

/// Says where a file was written.
pub(crate) fn wrote(path: &Path) -> anyhow::Result<()> {
    print(&format!("wrote {}\n", path.display()))
}
