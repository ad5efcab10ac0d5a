//! Writing a file so that after a crash or a power loss either the old file or the new one is there, whole.
//!
//! Every file of a run that must not be torn goes through here: config, environment, checkpoints, model, summary, pictures. Metrics and
//! log are appended to instead (`metrics`). A file system that loses its power in tests holds this against its promise (`file_system`).

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

mod file_system;
#[cfg(test)]
pub(crate) mod forgetful;

pub(crate) use file_system::{Disk, Fs, NewFile};

use crate::exit;

/// How the name of each of our temporary files ends.
const TEMPORARY_SUFFIX: &str = ".aae.tmp";

/// So many names that are taken are passed over.
const MOST_LEFT_BEHIND: u32 = 1000;

/// A file could not be written. What was there before is untouched, unless the action is "sync the directory": then the new file is in
/// its place, and a power loss may bring the old one back.
#[derive(Debug, thiserror::Error)]
#[error("{path}: could not {action}: {source}")]
pub struct DurableError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// What failed: "create the temporary file", "write", "sync", "rename", "sync the directory".
    pub action: &'static str,
    /// Why.
    pub source: io::Error,
}

impl DurableError {
    /// 73 if the file could not be created at all, else 74.
    pub fn exit_code(&self) -> u8 {
        exit::io(&self.source)
    }
}

/// Writes `bytes` to `path`: a temporary file in the same directory, fsync, rename over `path`, fsync of the directory.
///
/// The file's mode is the usual one (0666 less the umask). A `path` that exists is replaced.
///
/// Errors: any I/O error, with the path; the temporary file is removed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    write_with(path, |file| file.write_all(bytes))
}

/// As [`write()`], of a value as indented JSON with a line end.
///
/// Errors: as [`write()`]; if the value cannot be JSON.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), DurableError> {
    write_with(path, |file| {
        serde_json::to_writer_pretty(&mut *file, value)?;
        file.write_all(b"\n")
    })
}

/// As [`write()`], for content too large to hold twice: `content` writes it piece by piece.
fn write_with(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), DurableError> {
    write_in(&Disk, path, content)
}

/// As [`write_with`], in any file system.
pub(crate) fn write_in(
    fs: &dyn Fs,
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), DurableError> {
    let failed = |action| {
        move |source| DurableError {
            path: path.to_path_buf(),
            action,
            source,
        }
    };
    let name = path.file_name().ok_or_else(|| {
        failed("create the temporary file")(io::Error::from(io::ErrorKind::InvalidFilename))
    })?;
    let directory = parent(path);
    let (temporary, file) =
        temporary_file(fs, directory, name).map_err(failed("create the temporary file"))?;
    let replaced = fill(file, content)
        .map_err(|(action, source)| failed(action)(source))
        .and_then(|()| fs.rename(&temporary, path).map_err(failed("rename")));
    if replaced.is_err() {
        // The first error is the one worth reporting; what stays behind is removed at the next start.
        let _ = fs.remove_file(&temporary);
    }
    replaced?;
    fs.sync_directory(directory)
        .map_err(failed("sync the directory"))
}

/// Creates `directory` and whatever is missing above it, and makes each of them durable. One that exists is left as it is.
///
/// Errors: any I/O error; if something else is there.
pub fn create_directories(directory: &Path) -> io::Result<()> {
    // The empty path is above every relative one, and always there.
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    create_directories(parent(directory))?;
    match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => {}
        made => made?,
    }
    Disk.sync_directory(parent(directory))
}

/// Whether a file of this name is a temporary that [`write()`] made for one of the files that `is_member` knows:
/// `.<member>.<process>-<count>.aae.tmp`.
pub(crate) fn is_temporary(name: &OsStr, is_member: impl Fn(&str) -> bool) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.to_str()
        .and_then(|name| name.strip_prefix('.')?.strip_suffix(TEMPORARY_SUFFIX))
        .and_then(|rest| rest.rsplit_once('.'))
        .and_then(|(member, writer)| Some((member, writer.split_once('-')?)))
        .is_some_and(|(member, (process, count))| {
            is_number(process) && is_number(count) && is_member(member)
        })
}

/// The directory that `path` is in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A hidden name beside `name` that no other writer uses, in this process or another.
fn temporary_name(name: &OsStr) -> String {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let count = WRITES.fetch_add(1, Ordering::Relaxed);
    format!(
        ".{}.{}-{count}{TEMPORARY_SUFFIX}",
        name.to_string_lossy(),
        std::process::id()
    )
}

/// Creates a temporary file for the file of this name.
///
/// One that a killed process has left may have the same name: in a container each process may be the first.
fn temporary_file(
    fs: &dyn Fs,
    directory: &Path,
    name: &OsStr,
) -> io::Result<(PathBuf, Box<dyn NewFile>)> {
    let mut left = MOST_LEFT_BEHIND;
    loop {
        let path = directory.join(temporary_name(name));
        match fs.create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && left > 0 => left -= 1,
            created => return Ok((path, created?)),
        }
    }
}

fn fill(
    file: Box<dyn NewFile>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), (&'static str, io::Error)> {
    let mut buffered = BufWriter::with_capacity(1 << 20, file);
    content(&mut buffered).map_err(|error| ("write", error))?;
    let mut file = buffered
        .into_inner()
        .map_err(|error| ("write", error.into_error()))?;
    file.sync().map_err(|error| ("sync", error))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn writes_replaces_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["config.toml"]);
    }

    #[test]
    fn a_failing_writer_leaves_the_old_file_and_no_temporary() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        write(&path, b"old").unwrap();
        let error = write_with(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .unwrap_err();
        assert_eq!(error.action, "write");
        assert_eq!(error.exit_code(), 74);
        assert!(error.to_string().contains("config.toml"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["config.toml"]);
    }

    #[test]
    fn a_directory_in_the_way_is_an_error_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("taken");
        fs::create_dir(&path).unwrap();
        assert_eq!(write(&path, b"x").unwrap_err().action, "rename");
        assert_eq!(names(directory.path()), ["taken"]);
    }

    #[test]
    fn a_missing_directory_cannot_be_created_in() {
        let directory = tempfile::tempdir().unwrap();
        let error = write(&directory.path().join("no/such/file"), b"x").unwrap_err();
        assert_eq!(error.exit_code(), 73);
    }

    #[test]
    fn a_temporary_that_was_left_behind_is_in_nobodys_way() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.html");
        // As of a killed process with the same number: the names of the next writes, and of those that other tests do meanwhile.
        let next = temporary_name(OsStr::new("report.html"));
        let (before, count) = next.rsplit_once('-').unwrap();
        let count: u64 = count
            .strip_suffix(TEMPORARY_SUFFIX)
            .unwrap()
            .parse()
            .unwrap();
        for count in count..count + 200 {
            let name = format!("{before}-{count}{TEMPORARY_SUFFIX}");
            fs::write(directory.path().join(name), "left").unwrap();
        }
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()).len(), 201);
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_that_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let plain = directory.path().join("plain");
        File::create(&plain).unwrap();
        let path = directory.path().join("durable");
        write(&path, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }

    #[test]
    fn missing_directories_are_created_and_a_file_in_the_way_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("a/b/c");
        create_directories(&deep).unwrap();
        create_directories(&deep).unwrap();
        assert!(deep.is_dir());
        fs::write(deep.join("file"), "").unwrap();
        assert!(create_directories(&deep.join("file")).is_err());
        assert!(create_directories(&deep.join("file/d")).is_err());
    }

    #[test]
    fn temporaries_are_recognised_and_other_files_are_not() {
        let is = |name: &str| is_temporary(OsStr::new(name), |member| member == "config.toml");
        assert!(is(&temporary_name(OsStr::new("config.toml"))));
        for name in [
            "config.toml",
            "notes.tmp",
            ".aae.tmp",
            ".config.toml.aae.tmp",
            ".config.toml.7.aae.tmp",
            ".config.toml.7-x.aae.tmp",
            ".config.toml.-1.aae.tmp",
            ".thesis.tex.7-0.aae.tmp",
            "config.toml.7-0.aae.tmp",
        ] {
            assert!(!is(name), "{name}");
        }
    }
}
