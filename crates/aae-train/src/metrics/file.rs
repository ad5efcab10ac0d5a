//! Appending to `metrics.jsonl`, cutting it back when a run goes on from a checkpoint, and reading it.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Line, MetricsError, OPEN, READ};
use crate::durable::{self, Disk, DurableError, Fs};
use crate::regular_file;

/// Appends whole lines.
#[derive(Debug)]
pub struct MetricsWriter {
    file: File,
    path: PathBuf,
    /// Bytes of whole lines in the file.
    length: u64,
    /// Whether a failed write may have left part of a line behind those.
    torn: bool,
}

/// What was left and what was cut off when a metrics file was cut back.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// The lines left.
    pub kept: Vec<Line>,
    /// Lines cut off, a torn one included.
    pub dropped: usize,
    /// The greatest step of the readable ones among those; 0 if there is none.
    pub reached: u64,
    /// Where the file was copied to before, if the first line cut off could not be read.
    pub copy: Option<PathBuf>,
}

impl Cut {
    /// Whether the evaluation of `split` after `step` steps is left.
    pub(crate) fn has_evaluation_of(&self, split: &str, step: u64) -> bool {
        let is_it = |line: &Line| matches!(line, Line::Evaluation(line) if line.step == step && line.split == split);
        self.kept.iter().any(is_it)
    }
}

impl MetricsWriter {
    /// Opens the file of a run that goes on after `step` steps: cuts off a torn last line and every line of a later step, so that the
    /// file then grows to what it would have been without the interruption.
    ///
    /// All lines of a step must be written, and [`sync`](Self::sync)ed, before its checkpoint is saved. A missing file is created. From a line
    /// that cannot be read on, everything is cut, too: the file is copied to `metrics.jsonl.damaged-1` (or `-2`, ...) before.
    ///
    /// Errors: any I/O error.
    pub fn resume(path: &Path, step: u64) -> Result<(Self, Cut), MetricsError> {
        regular_file::check_or_absent(path).map_err(failed(path, OPEN))?;
        let action = match path.exists() {
            true => OPEN,
            false => "create",
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed(path, action))?;
        let bytes =
            regular_file::read(path, regular_file::MOST_METRICS).map_err(failed(path, READ))?;
        let (length, mut cut, is_damaged) = cut_at(&bytes, step);
        if is_damaged {
            cut.copy = Some(copy(path, &bytes)?);
        }
        file.set_len(length)
            .and_then(|()| file.seek(SeekFrom::Start(length)))
            .and_then(|_| file.sync_all())
            .map_err(failed(path, "cut"))?;
        sync_name(path)?;
        Ok((
            Self {
                file,
                path: path.to_path_buf(),
                length,
                torn: false,
            },
            cut,
        ))
    }

    /// Appends a line, in one write.
    ///
    /// Errors: any I/O error. The next call first removes what a failed one has left.
    pub fn write(&mut self, line: &Line) -> Result<(), MetricsError> {
        let written = self.append(line);
        self.torn = written.is_err();
        written.map_err(failed(&self.path, "write"))
    }

    /// Makes the lines so far durable; to be called before a checkpoint is saved. Errors: any I/O error.
    pub fn sync(&mut self) -> Result<(), MetricsError> {
        self.file.sync_data().map_err(failed(&self.path, "sync"))
    }

    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        if self.torn {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
        }
        self.file.write_all(text.as_bytes())?;
        self.length += text.len() as u64;
        Ok(())
    }
}

/// Makes it durable that there is such a file: its lines are of no use under no name.
fn sync_name(path: &Path) -> Result<(), MetricsError> {
    Disk.sync_directory(durable::parent(path))
        .map_err(failed(path, "sync the folder of"))
}

/// All lines of a metrics file, in order; a torn last line, which a run in progress may have, is left out.
///
/// Errors: any I/O error; a whole line that is not one of ours.
pub fn read(path: &Path) -> Result<Vec<Line>, MetricsError> {
    let bytes = regular_file::read(path, regular_file::MOST_METRICS).map_err(failed(path, READ))?;
    from_bytes(&bytes, path)
}

/// As [`read`], of a file's bytes; `path` is only named in errors.
pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Vec<Line>, MetricsError> {
    whole_lines(bytes)
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|error| MetricsError::Line {
                path: path.to_path_buf(),
                line: index + 1,
                message: error.to_string(),
            })
        })
        .collect()
}

/// How many bytes of a metrics file are whole, readable lines of at most `step` steps, and whether the first line after them is damaged: not
/// one that a later step has written.
fn cut_at(bytes: &[u8], step: u64) -> (u64, Cut, bool) {
    let (mut length, mut kept, mut is_damaged) = (0, Vec::new(), false);
    let mut pieces = bytes.split_inclusive(|byte| *byte == b'\n').peekable();
    while let Some(piece) = pieces.peek() {
        match parsed(piece) {
            Some(line) if line.step() <= step => kept.push(line),
            line => {
                is_damaged = line.is_none();
                break;
            }
        }
        length += piece.len();
        pieces.next();
    }
    let (mut dropped, mut reached) = (0, 0);
    for piece in pieces {
        dropped += 1;
        reached = parsed(piece).map_or(reached, |line| reached.max(line.step()));
    }
    let cut = Cut {
        kept,
        dropped,
        reached,
        copy: None,
    };
    (length as u64, cut, is_damaged)
}

/// A whole line that is one of ours.
fn parsed(piece: &[u8]) -> Option<Line> {
    let line = piece.strip_suffix(b"\n")?;
    serde_json::from_slice(line).ok()
}

/// Copies a file's bytes to a name beside it that nothing has yet.
fn copy(path: &Path, bytes: &[u8]) -> Result<PathBuf, MetricsError> {
    let named = |k: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{k}"));
        PathBuf::from(name)
    };
    let mut k = 1;
    while named(k).exists() {
        k += 1;
    }
    match durable::write(&named(k), bytes) {
        Ok(()) => Ok(named(k)),
        Err(DurableError {
            path,
            action,
            source,
        }) => Err(MetricsError::Io {
            path,
            action,
            source,
        }),
    }
}

/// The lines that end, each with its line feed.
fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n"))
}

fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> MetricsError {
    let path = path.to_path_buf();
    move |source| MetricsError::Io {
        path,
        action,
        source,
    }
}
