//! What the writer and the checkpoint store ask of a file system, so that tests can put one in its place that loses its power.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::{planted, regular_file};

/// A file system: the disk, or in tests one that forgets what was not synced.
pub(crate) trait Fs {
    /// Creates a file that does not exist yet, with the mode of any new file (0666 less the umask).
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;

    /// Renames a file, over another if there is one: afterwards the name stands for the one or the other, never for nothing.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Makes creations, renames and removals in `directory` durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// The names in `directory`, in no order.
    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>>;

    /// A regular file, open, with its length in bytes.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn Read>, u64)>;
}

/// A file that is being written.
pub(crate) trait NewFile: Write {
    /// Makes what was written durable; that the file has a name is the directory's affair.
    fn sync(&mut self) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk;

impl Fs for Disk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        if cfg!(unix) && !planted::has("no-directory-sync") {
            File::open(directory)?.sync_all()?;
        }
        Ok(())
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(directory)?
            .map(|entry| Ok(entry?.file_name()))
            .collect()
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Read>, u64)> {
        let (file, length) = regular_file::open(path)?;
        Ok((Box::new(file), length))
    }
}

impl NewFile for File {
    fn sync(&mut self) -> io::Result<()> {
        if planted::has("no-file-sync") {
            return Ok(());
        }
        self.sync_all()
    }
}
