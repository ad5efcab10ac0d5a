//! One run, one process: an advisory lock on a file in the run folder, which holds the owner's process id.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use super::{LOCK, RunDirError};

/// Locks `root` for this process, until the returned file is closed.
///
/// Errors: `Locked` with the owner's process id if another process holds it.
pub(super) fn take(root: &Path) -> Result<File, RunDirError> {
    let path = root.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(RunDirError::io(&path, "open the lock file"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(RunDirError::Locked {
                path: root.to_path_buf(),
                pid: owner(&mut file),
            });
        }
        Err(TryLockError::Error(error)) => return Err(RunDirError::io(&path, "lock")(error)),
    }
    sign(&mut file).map_err(RunDirError::io(&path, "write the lock file"))?;
    Ok(file)
}

/// Writes this process's id into the lock file.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

/// The process id in the lock file. It is written just after locking, so a reader may have to wait a moment for it.
fn owner(file: &mut File) -> Option<u32> {
    for _ in 0..20 {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).ok()?;
        file.read_to_string(&mut text).ok()?;
        // Only a whole line: half a number is another number.
        if let Some(pid) = text.strip_suffix('\n') {
            return pid.parse().ok();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}
