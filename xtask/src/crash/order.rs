//! Whether the calls of a training come in an order that a power loss cannot hurt: content is synced before it gets its name, the name
//! before anything relies on it. A kill cannot show that, because the system keeps what a killed program has written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Report;
use super::strace::{Call, record};
use super::tiny::{SHORT, Tiny};

pub(super) fn run(tiny: &Tiny) -> Result<Report> {
    let run = tiny.place("order")?;
    let trace = record(tiny, &run, SHORT)?;
    let mut order = Order::of(&run);
    trace.calls.iter().for_each(|call| order.see(call));
    order.end();
    Ok(Report {
        done: order.calls,
        notes: vec![format!(
            "{} files got their names by renaming",
            order.renamed
        )],
        failures: order.faults,
    })
}

/// What is not durable yet, and what that has hurt.
#[derive(Debug)]
struct Order {
    run: PathBuf,
    /// Files with content that is not synced.
    files: BTreeSet<PathBuf>,
    /// Folders with a new name in them that is not synced.
    folders: BTreeSet<PathBuf>,
    seen: BTreeSet<PathBuf>,
    calls: u64,
    renamed: u64,
    faults: Vec<String>,
}

impl Order {
    fn of(run: &Path) -> Self {
        Self {
            run: run.to_path_buf(),
            files: BTreeSet::new(),
            folders: BTreeSet::new(),
            seen: BTreeSet::new(),
            calls: 0,
            renamed: 0,
            faults: Vec::new(),
        }
    }

    fn see(&mut self, call: &Call) {
        if call.text.contains(" = -1 ") {
            return;
        }
        let named: Vec<PathBuf> = call
            .quoted_paths()
            .filter(|path| path.starts_with(&self.run))
            .collect();
        let open = call
            .open_path()
            .filter(|path| path.starts_with(&self.run) || self.run.parent() == Some(path));
        if named.is_empty() && open.is_none() {
            return;
        }
        self.calls += 1;
        match (call.name.as_str(), named.as_slice(), open) {
            ("mkdir" | "mkdirat", [path, ..], _) => self.appeared(path),
            ("open" | "openat", [path, ..], _)
                if call.text.contains("O_CREAT") && self.seen.insert(path.clone()) =>
            {
                self.appeared(path);
            }
            ("write" | "pwrite64" | "writev" | "ftruncate", _, Some(path)) => {
                self.written(path, &call.text)
            }
            ("fsync" | "fdatasync", _, Some(path)) => {
                self.files.remove(&path);
                self.folders.remove(&path);
            }
            ("rename" | "renameat" | "renameat2", [from, to], _) => self.renamed(from, to),
            ("unlink" | "unlinkat", [path], _)
                if !path.display().to_string().ends_with(".aae.tmp") =>
            {
                self.must_be_durable(
                    &[self.run.join("checkpoints")],
                    &format!("{} was removed", path.display()),
                );
            }
            _ => {}
        }
    }

    fn appeared(&mut self, path: &Path) {
        self.folders.extend(path.parent().map(Path::to_path_buf));
    }

    fn written(&mut self, path: PathBuf, text: &str) {
        if text.contains(r#"\"kind\":\"train\""#) {
            self.must_be_durable(&[self.run.join("checkpoints")], "the next step");
        }
        self.files.insert(path);
    }

    fn renamed(&mut self, from: &Path, to: &Path) {
        self.renamed += 1;
        if self.files.remove(from) {
            self.faults.push(format!(
                "{} got its name before its content was synced",
                to.display()
            ));
        }
        if to
            .parent()
            .is_some_and(|folder| folder.ends_with("checkpoints"))
        {
            let outer = self.run.parent().unwrap_or(&self.run).to_path_buf();
            let before = [self.run.join("metrics.jsonl"), self.run.clone(), outer];
            self.must_be_durable(&before, &format!("{} stood", to.display()));
        }
        self.appeared(to);
    }

    fn must_be_durable(&mut self, paths: &[PathBuf], before: &str) {
        for path in paths {
            if self.files.contains(path) || self.folders.contains(path) {
                self.faults
                    .push(format!("{} was not synced before {before}", path.display()));
            }
        }
    }

    fn end(&mut self) {
        // Neither the lock nor the log is of use after a power loss.
        let needless = [self.run.join("lock"), self.run.join("train.log")];
        let left: Vec<PathBuf> = self
            .files
            .union(&self.folders)
            .filter(|path| !needless.contains(path))
            .cloned()
            .collect();
        self.must_be_durable(&left, "the end");
    }
}
