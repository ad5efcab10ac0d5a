//! One run, one process: an advisory lock on a file in the run folder, which holds the owner's process id.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{LOCK, RunDirError};

/// Locks `root` for this process, until the returned file is closed.
///
/// Errors: `Locked` with the owner's process id if another process holds it.
pub(super) fn take(root: &Path) -> Result<File, RunDirError> {
    let path = root.join(LOCK);
    let folder = File::open(root).map_err(RunDirError::io(root, "open the folder"))?;
    let _turn = turn(folder);
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

/// The right to lock the file and to read whose it is, until the returned folder is closed: a lock on the run folder itself, held for
/// a moment. Otherwise one who comes between the owner's locking and its writing would find the number of an owner that was killed.
///
/// None where folders cannot be locked, or if a process keeps its turn, for it was stopped: the wrong process is named at worst.
fn turn(folder: File) -> Option<File> {
    for _ in 0..200 {
        match folder.try_lock() {
            Ok(()) => return Some(folder),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// Writes this process's id into the lock file.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

/// The process id in the lock file. It is written just after locking, so that without a turn a reader may have to wait for it.
fn owner(file: &mut File) -> Option<u32> {
    for _ in 0..20 {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).ok()?;
        file.read_to_string(&mut text).ok()?;
        // Only a whole line: half a number is another number.
        if let Some(pid) = text.strip_suffix('\n') {
            return pid.parse().ok();
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_number_of_an_earlier_owner_is_not_told() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::write(root.join(LOCK), "1\n").unwrap();
        // An owner that has locked the file and written nothing yet.
        let its_turn = turn(File::open(root).unwrap()).unwrap();
        let mut file = OpenOptions::new()
            .write(true)
            .open(root.join(LOCK))
            .unwrap();
        file.try_lock().unwrap();
        let found = thread::scope(|scope| {
            let other = scope.spawn(|| take(root));
            thread::sleep(Duration::from_millis(50));
            sign(&mut file).unwrap();
            drop(its_turn);
            other.join().unwrap()
        });
        let Err(RunDirError::Locked { pid, .. }) = found else {
            panic!("expected that the lock is taken, found {found:?}");
        };
        assert_eq!(pid, Some(std::process::id()));
    }

    #[test]
    fn who_keeps_its_turn_keeps_nobody_from_an_answer() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let _turn = turn(File::open(root).unwrap()).unwrap();
        take(root).unwrap();
    }
}
