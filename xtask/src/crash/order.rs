//! Whether the calls of a training come in an order that a power loss cannot hurt: content is synced before it gets its name, the name
//! before anything relies on it. A kill cannot show that, because the system keeps what a killed program has written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Report;
use super::strace::{Call, record};
use super::tiny::{SHORT, Tiny};

pub(super) fn run(tiny: &Tiny) -> Result<Report> {
    let run = tiny.place("order")?;
    let trace = record(tiny, &run, SHORT)?;
    let order = Order::of_calls(&run, &trace.calls);
    // Into a folder that a program has left which was killed before it had synced the name.
    let run = tiny.place("order-left")?;
    fs::create_dir(&run)?;
    let trace = record(tiny, &run, SHORT)?;
    let mut left = Order::of(&run);
    left.appeared(&run);
    let left = left.after(&trace.calls);
    Ok(Report {
        done: order.calls + left.calls,
        notes: vec![format!(
            "{} files got their names by renaming",
            order.renamed
        )],
        failures: [order.faults, left.faults].concat(),
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
    /// The order of all calls of a training into `run`.
    fn of_calls(run: &Path, calls: &[Call]) -> Self {
        Self::of(run).after(calls)
    }

    /// The same after all calls of a training.
    fn after(mut self, calls: &[Call]) -> Self {
        calls.iter().for_each(|call| self.see(call));
        self.end();
        self
    }

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
        if self.renamed == 0 {
            let blind = "no file got its name by renaming: the calls were not understood";
            self.faults.push(blind.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::strace::Trace;

    /// What strace writes of a run whose order is right: a folder, metrics, a checkpoint in the place of an old one, a step.
    const CALLS: &str = r#"
1 mkdir("/r/run", 0777) = 0
1 fsync(3</r>) = 0
1 mkdir("/r/run/checkpoints", 0777) = 0
1 openat(AT_FDCWD</>, "/r/run/metrics.jsonl", O_WRONLY|O_CREAT, 0666) = 4</r/run/metrics.jsonl>
1 fsync(3</r/run>) = 0
1 write(4</r/run/metrics.jsonl>, "{\"kind\":\"evaluation\"}\n", 22) = 22
1 fdatasync(4</r/run/metrics.jsonl>) = 0
1 openat(AT_FDCWD</>, "/r/run/checkpoints/.new", O_WRONLY|O_CREAT, 0666) = 5</r/run/checkpoints/.new>
1 write(5</r/run/checkpoints/.new>, "x", 1) = 1
1 fsync(5</r/run/checkpoints/.new>) = 0
1 rename("/r/run/checkpoints/.new", "/r/run/checkpoints/new") = 0
1 fsync(5</r/run/checkpoints>) = 0
1 unlink("/r/run/checkpoints/old") = 0
1 write(4</r/run/metrics.jsonl>, "{\"kind\":\"train\"}\n", 18) = 18
1 fdatasync(4</r/run/metrics.jsonl>) = 0
"#;

    fn faults(calls: &str) -> Vec<String> {
        let trace = Trace::parse(calls);
        Order::of_calls(Path::new("/r/run"), &trace.calls).faults
    }

    fn without_sync_of(path: &str) -> String {
        let of_path = format!("<{path}>) = 0");
        let lines = CALLS.split_inclusive('\n');
        lines
            .filter(|line| !(line.contains("sync(") && line.contains(&of_path)))
            .collect()
    }

    #[test]
    fn a_name_or_a_content_that_is_not_synced_in_time_is_a_fault() {
        assert_eq!(faults(CALLS), [""; 0]);
        let late = |path: &str, before: &[&str]| {
            let fault = |before| format!("{path} was not synced before {before}");
            let expected: Vec<String> = before.iter().map(fault).collect();
            assert_eq!(faults(&without_sync_of(path)), expected);
        };
        for path in ["/r", "/r/run", "/r/run/metrics.jsonl"] {
            late(path, &["/r/run/checkpoints/new stood", "the end"]);
        }
        let old = "/r/run/checkpoints/old was removed";
        late("/r/run/checkpoints", &[old, "the next step", "the end"]);
        assert_eq!(
            faults(&without_sync_of("/r/run/checkpoints/.new")),
            ["/r/run/checkpoints/new got its name before its content was synced"]
        );
    }

    #[test]
    fn a_check_that_sees_no_renaming_is_a_fault() {
        assert_eq!(faults(&CALLS.replace(" rename(", " moved(")).len(), 1);
    }
}
