//! A file system in memory that loses its power, for tests: what was not synced is then dropped, torn or reordered.
//!
//! It keeps to what POSIX promises and to nothing that a file system may do beyond that:
//!
//! - What was written to a file is durable once the file was synced. Until then any of its sectors may be there, be zeros, or be missing,
//!   whatever the order in which they were written, and so may the file's length.
//! - A creation, renaming or removal is durable once the directory was synced. Until then any of them may have happened, in any order;
//!   each is whole. A file's name may thus be durable before its content.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rand::{Rng, RngExt, seq::SliceRandom};

use super::{Fs, NewFile};

/// What a disk writes whole.
const SECTOR: usize = 512;

/// The file system. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forgetful(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    /// Every file that has ever been created, by its number.
    files: Vec<Content>,
    /// What a program sees: the file of each name.
    names: BTreeMap<PathBuf, usize>,
    /// What is there after a power loss at the least.
    durable_names: BTreeMap<PathBuf, usize>,
    /// What was done since to names, in order.
    edits: Vec<Edit>,
    /// Calls left until the power is lost; never if absent.
    calls_left: Option<usize>,
    /// Syncs that report success and do nothing.
    lies: Lies,
}

/// Which syncs lie: the faults that a test plants to see that it would find them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lies {
    pub(crate) of_files: bool,
    pub(crate) of_directories: bool,
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    /// How many of them are durable; files are written once, from beginning to end.
    durable: usize,
}

/// A change of a directory that happens whole or not at all.
#[derive(Clone, Debug)]
struct Edit {
    gone: Option<PathBuf>,
    there: Option<(PathBuf, usize)>,
}

impl Edit {
    fn is_in(&self, directory: &Path) -> bool {
        let paths = [
            self.gone.as_ref(),
            self.there.as_ref().map(|(path, _)| path),
        ];
        paths
            .into_iter()
            .flatten()
            .any(|path| path.parent() == Some(directory))
    }

    fn apply(self, names: &mut BTreeMap<PathBuf, usize>) {
        if let Some(path) = self.gone {
            names.remove(&path);
        }
        if let Some((path, file)) = self.there {
            names.insert(path, file);
        }
    }
}

impl Forgetful {
    /// Loses the power in the call with this number, counted from 1: it and every later one fails, as if nothing ran any more.
    pub(crate) fn lose_power_in(&self, call: usize) {
        self.0.borrow_mut().calls_left = Some(call);
    }

    /// Makes syncs lie.
    pub(crate) fn plant(&self, lies: Lies) {
        self.0.borrow_mut().lies = lies;
    }

    /// Whether the power is gone.
    pub(crate) fn is_dead(&self) -> bool {
        self.0.borrow().calls_left == Some(0)
    }

    /// Switches the power on again: what was not synced has met one of the fates that it can meet.
    pub(crate) fn restart(&self, fate: &mut impl Rng) {
        let mut state = self.0.borrow_mut();
        state.calls_left = None;
        let mut names = std::mem::take(&mut state.durable_names);
        let mut edits = std::mem::take(&mut state.edits);
        // As often as not nothing happens out of order: the mild fates are the likely ones.
        if fate.random() {
            edits.shuffle(fate);
        }
        let share = [0.0, 0.5, 1.0][fate.random_range(0..3)];
        for edit in edits {
            if fate.random_bool(share) {
                edit.apply(&mut names);
            }
        }
        for content in &mut state.files {
            content.forget(fate);
        }
        state.names = names.clone();
        state.durable_names = names;
    }

    fn call(&self) -> io::Result<Ref<'_, State>> {
        let mut state = self.0.borrow_mut();
        if let Some(left) = &mut state.calls_left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return Err(io::Error::other("the power is lost"));
            }
        }
        drop(state);
        Ok(self.0.borrow())
    }

    fn edit(&self, edit: Edit) {
        let mut state = self.0.borrow_mut();
        edit.clone().apply(&mut state.names);
        state.edits.push(edit);
    }
}

impl Content {
    /// Keeps what is durable, and of the rest whatever chance leaves of it.
    fn forget(&mut self, fate: &mut impl Rng) {
        let (end, durable) = (self.bytes.len(), self.durable);
        if durable < end {
            // The length may be durable before the bytes, or the other way round.
            let length = match fate.random_range(0..4) {
                0 => durable,
                1 => end,
                _ => fate.random_range(durable..=end),
            };
            let share = [0.0, 0.5, 1.0][fate.random_range(0..3)];
            for sector in self.bytes[durable..].chunks_mut(SECTOR) {
                if !fate.random_bool(share) {
                    sector.fill(0);
                }
            }
            self.bytes.truncate(length);
        }
        self.durable = self.bytes.len();
    }
}

fn missing() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl Fs for Forgetful {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        if self.call()?.names.contains_key(path) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        let file = self.0.borrow().files.len();
        self.0.borrow_mut().files.push(Content::default());
        self.edit(Edit {
            gone: None,
            there: Some((path.to_path_buf(), file)),
        });
        let system = self.clone();
        Ok(Box::new(Handle { system, file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let file = *self.call()?.names.get(from).ok_or_else(missing)?;
        self.edit(Edit {
            gone: Some(from.to_path_buf()),
            there: Some((to.to_path_buf(), file)),
        });
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.call()?.names.get(path).ok_or_else(missing)?;
        self.edit(Edit {
            gone: Some(path.to_path_buf()),
            there: None,
        });
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        if self.call()?.lies.of_directories {
            return Ok(());
        }
        let state = &mut *self.0.borrow_mut();
        let edits = std::mem::take(&mut state.edits).into_iter();
        let (synced, other) = edits.partition(|edit| edit.is_in(directory));
        state.edits = other;
        let synced: Vec<Edit> = synced;
        for edit in synced {
            edit.apply(&mut state.durable_names);
        }
        Ok(())
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let state = self.call()?;
        let inside = state
            .names
            .keys()
            .filter(|path| path.parent() == Some(directory));
        Ok(inside
            .filter_map(|path| Some(path.file_name()?.to_owned()))
            .collect())
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Read>, u64)> {
        let state = self.call()?;
        let file = *state.names.get(path).ok_or_else(missing)?;
        let bytes = state.files[file].bytes.clone();
        let length = bytes.len() as u64;
        Ok((Box::new(Cursor::new(bytes)), length))
    }
}

struct Handle {
    system: Forgetful,
    file: usize,
}

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let died = self.system.call().is_err();
        // A write that the power loss interrupts may have begun.
        let file = &mut self.system.0.borrow_mut().files[self.file];
        file.bytes.extend_from_slice(bytes);
        match died {
            true => Err(io::Error::other("the power is lost")),
            false => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for Handle {
    fn sync(&mut self) -> io::Result<()> {
        if self.system.call()?.lies.of_files {
            return Ok(());
        }
        let file = &mut self.system.0.borrow_mut().files[self.file];
        file.durable = file.bytes.len();
        Ok(())
    }
}
