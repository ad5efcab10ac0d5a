//! The run folder: `runs/<preset>-s<seed>[-k]/` and the names of everything in it.
//!
//! A folder is created before step 1, held by one process at a time through a lock file, and opened again to resume or to use the
//! trained model. `docs/formats.md` describes its files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

mod config;
mod list;
mod litter;
mod lock;
mod members;

pub use list::{list, newest};
use members::{CONFIG, LOCK};

use crate::config::ConfigErrors;
use crate::durable::{self, Disk, Fs};
use crate::{exit, regular_file};

/// A run folder could not be created, opened or locked.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// `--out` names a folder with something in it.
    #[error(
        "{path}: already exists and is not empty; to go on with this run give --resume, else choose another --out"
    )]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process trains into this folder.
    #[error("{path}: locked by another run{}; wait for it to end, or stop it", pid_text(.pid))]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The other process, where it could be read.
        pid: Option<u32>,
    },
    /// The folder holds no run.
    #[error(
        "{path}: not a run folder: expected a config.toml in it; the command `runs` lists the runs there are"
    )]
    NotARun {
        /// The folder, or whatever it is.
        path: PathBuf,
    },
    /// A file is named in place of the folder that it is in.
    #[error("{path}: expected a run folder, found a file; give the folder that it is in")]
    AFile {
        /// The file.
        path: PathBuf,
    },
    /// The run's `config.toml` is not the configuration that training wrote.
    #[error(
        "{errors}\n  this file is the run's own, and training goes on only as it began: undo the change, or put back a copy"
    )]
    Config {
        /// What is wrong.
        errors: ConfigErrors,
    },
    /// In place of something that training writes there is something else.
    #[error(
        "{path}: expected {expected} of the run's own, found {found}; nothing was changed: move it away, and try again"
    )]
    Member {
        /// What is there.
        path: PathBuf,
        /// What would be right.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// There is no run to take the newest of.
    #[error("{runs}: no run found; train one first, or give the path of one")]
    NoRuns {
        /// Where runs were looked for.
        runs: PathBuf,
    },
    /// `--name` is not usable as the name of a folder.
    #[error(
        "`{name}`: not a name for a run folder: expected letters, digits, `-`, `_` and `.`, not starting with `.`"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// An I/O error.
    #[error("{path}: could not {action}: {source}")]
    Io {
        /// What was to be created or opened.
        path: PathBuf,
        /// "create the folder", "lock", ...
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

fn pid_text(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})"))
        .unwrap_or_default()
}

impl RunDirError {
    /// 2 if the user named something that is no run, 65 if something in it is not what it should be, 73 if the folder is taken or cannot be
    /// created, 74 for what cannot be read and other I/O errors.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotARun { .. }
            | Self::AFile { .. }
            | Self::NoRuns { .. }
            | Self::BadName { .. } => exit::USAGE,
            Self::Member { .. } | Self::Config { .. } => exit::DATA,
            Self::Exists { .. } | Self::Locked { .. } => exit::CANNOT_CREATE,
            Self::Io {
                action: LOOK | LIST | READ,
                source,
                ..
            } => exit::read(source),
            Self::Io { source, .. } => exit::io(source),
        }
    }

    fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }
}

/// A run's folder. While a value made by [`create`](Self::create), [`create_at`](Self::create_at) or [`resume`](Self::resume) lives,
/// no other process can train into the folder; [`open`](Self::open) takes no lock and is for reading.
#[derive(Debug)]
pub struct RunDir {
    root: PathBuf,
    /// Unlocked by the operating system when it is closed, however the process ends.
    _lock: Option<File>,
}

impl RunDir {
    /// The folder that [`create`](Self::create) would make now: `<runs>/<name>/`, or `<name>-2`, `<name>-3`, ... if that is taken.
    ///
    /// Errors: if `name` is not a plain file name.
    pub fn next(runs: &Path, name: &str) -> Result<PathBuf, RunDirError> {
        check_name(name)?;
        let mut roots = numbered(runs, name);
        let free = roots.find(|root| !root.exists());
        Ok(free.unwrap_or_else(|| runs.join(name)))
    }

    /// Creates `<runs>/<name>/`, or `<name>-2`, `<name>-3`, ... if that is taken, and locks it.
    ///
    /// Two processes that do this at once get two folders. `name` is [`default_name`] or the user's own.
    ///
    /// Errors: if `name` is not a plain file name, or on an I/O error.
    pub fn create(runs: &Path, name: &str) -> Result<Self, RunDirError> {
        check_name(name)?;
        create_folders(runs)?;
        for root in numbered(runs, name) {
            match fs::create_dir(&root) {
                Ok(()) => return Self::furnish(root),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(RunDirError::io(&root, "create the folder")(error)),
            }
        }
        Err(RunDirError::Exists {
            path: runs.join(name),
        })
    }

    /// Creates and locks the folder that the user named with `--out`, which must not exist or be empty; one that a process has begun to
    /// furnish and was killed in, so that nothing of a run is in it yet, counts as empty.
    ///
    /// Errors: [`Exists`](RunDirError::Exists) if there is anything else in it, [`Locked`](RunDirError::Locked) if a run is in progress
    /// there; any I/O error.
    pub fn create_at(out: &Path) -> Result<Self, RunDirError> {
        create_folders(out)?;
        Self::check_at(out)?;
        Self::furnish(out.to_path_buf())
    }

    /// Errors: if [`create_at`](Self::create_at) would refuse the folder for what is in it. Makes nothing.
    pub fn check_at(out: &Path) -> Result<(), RunDirError> {
        if litter::is_vacant(out)? {
            return Ok(());
        }
        // A run in progress is the better explanation, if that is what is there.
        if out.join(LOCK).is_file() {
            hold(out)?;
        }
        Err(RunDirError::Exists {
            path: out.to_path_buf(),
        })
    }

    /// Opens a run folder to go on training in it: locks it, and removes temporary files that a killed process left.
    ///
    /// Errors: as [`open`](Self::open); if another process trains there; if something else is where training writes; any I/O error.
    pub fn resume(path: &Path) -> Result<Self, RunDirError> {
        let run = Self::open(path)?;
        let locked = Self {
            _lock: Some(hold(&run.root)?),
            ..run
        };
        litter::remove(&locked.root)?;
        locked.create_members()?;
        Ok(locked)
    }

    /// Opens a run folder for reading.
    ///
    /// Errors: if there is no `config.toml` in it, or something else is called so.
    pub fn open(path: &Path) -> Result<Self, RunDirError> {
        if path.is_file() {
            return Err(RunDirError::AFile {
                path: path.to_path_buf(),
            });
        }
        let config = path.join(CONFIG);
        let kind = match fs::metadata(&config) {
            Ok(metadata) => metadata.file_type(),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Err(RunDirError::NotARun {
                    path: path.to_path_buf(),
                });
            }
            Err(error) => return Err(RunDirError::io(&config, LOOK)(error)),
        };
        if !kind.is_file() {
            return Err(RunDirError::Member {
                path: config,
                expected: "a regular file",
                found: regular_file::describe(kind),
            });
        }
        Ok(Self {
            root: path.to_path_buf(),
            _lock: None,
        })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Its name, such as `aae-s0`.
    pub fn name(&self) -> String {
        let name = |path: &Path| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        // A path such as `.` has a name only once it is resolved.
        name(&self.root)
            .or_else(|| self.root.canonicalize().ok().as_deref().and_then(name))
            .unwrap_or_else(|| self.root.display().to_string())
    }

    /// Locks a new, empty folder and creates the folders in it.
    fn furnish(root: PathBuf) -> Result<Self, RunDirError> {
        let run = Self {
            _lock: Some(hold(&root)?),
            root,
        };
        // Between looking and locking another process may have begun a run here, and even ended it.
        if !litter::is_vacant(&run.root)? {
            return Err(RunDirError::Exists { path: run.root });
        }
        litter::remove(&run.root)?;
        // Also of a folder that was there: whoever made it may have been ended before this.
        Disk.sync_directory(durable::parent(&run.root))
            .map_err(RunDirError::io(&run.root, "sync the folder of"))?;
        run.create_members()?;
        Ok(run)
    }

    fn create_members(&self) -> Result<(), RunDirError> {
        create_folders(&self.checkpoints())?;
        create_folders(&self.figures())
    }
}

/// What a run is called unless the user says otherwise: `<preset>-s<seed>`.
pub fn default_name(preset: &str, seed: u64) -> String {
    format!("{preset}-s{seed}")
}

// What was tried, where nothing was to be written.
const LOOK: &str = "look at";
const LIST: &str = "list";
const READ: &str = "read";

fn check_name(name: &str) -> Result<(), RunDirError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match !name.is_empty() && !name.starts_with('.') && name.chars().all(plain) {
        true => Ok(()),
        false => Err(RunDirError::BadName {
            name: name.to_owned(),
        }),
    }
}

/// The folders that a run of this name may get, in the order in which they are tried.
fn numbered(runs: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    let rest = (2_u32..).map(move |k| runs.join(format!("{name}-{k}")));
    std::iter::once(runs.join(name)).chain(rest)
}

/// Locks a folder whose members are what they should be.
fn hold(root: &Path) -> Result<File, RunDirError> {
    members::check(root)?;
    lock::take(root)
}

fn create_folders(path: &Path) -> Result<(), RunDirError> {
    durable::create_directories(path).map_err(RunDirError::io(path, "create the folder"))
}
