//! The file system calls of a training, as strace sees them, and trainings in which one of them is the last or fails.
//!
//! strace counts the calls of each name in each thread by itself, so a call is named by thread, name and number.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::tiny::{Ended, Length, Tiny};

/// Every call with which a program can change or look at files; `?` marks those that some machines do not have.
const CALLS: &str = "execve,?open,openat,?creat,?mkdir,mkdirat,?rename,renameat,renameat2,?unlink,unlinkat,?rmdir,\
    ?link,linkat,?symlink,symlinkat,write,pwrite64,writev,fsync,fdatasync,sync_file_range,ftruncate,fallocate,\
    copy_file_range,read,pread64,close,?fstat,?newfstatat,?statx,?stat,?lstat,?access,?faccessat2,?getdents,getdents64,\
    fcntl,lseek,flock";

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    thread: u32,
    pub(crate) name: String,
    /// Among the calls of this name in this thread, counted from 1.
    number: usize,
    /// Arguments and result, paths included.
    pub(crate) text: String,
}

impl Call {
    /// The path of the open file that the arguments begin with.
    pub(crate) fn open_path(&self) -> Option<PathBuf> {
        let rest = self.text.trim_start_matches(|c: char| c.is_ascii_digit());
        Some(PathBuf::from(rest.strip_prefix('<')?.split_once('>')?.0))
    }

    /// The paths in quotes among the arguments.
    pub(crate) fn quoted_paths(&self) -> impl Iterator<Item = PathBuf> {
        self.text.split('"').skip(1).step_by(2).map(PathBuf::from)
    }
}

/// The calls of one training, in their order.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) calls: Vec<Call>,
    /// Threads of the program itself; the others are programs that it starts.
    own: Vec<u32>,
}

/// Whether there is an strace that may trace.
pub(crate) fn works() -> bool {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Traces a whole training into `run`.
pub(crate) fn record(tiny: &Tiny, run: &Path, length: Length) -> Result<Trace> {
    let log = run.with_extension("strace");
    let prefix = [
        "strace",
        "-f",
        "-y",
        "-s",
        "256",
        "-e",
        &format!("trace={CALLS}"),
        "-o",
        &log.display().to_string(),
    ];
    let prefix = prefix.map(str::to_owned);
    tiny.run_behind(&prefix, &tiny.train(run, length))?
        .succeeded()?;
    let text = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let trace = Trace::parse(&String::from_utf8_lossy(&text));
    if trace.calls.is_empty() {
        bail!("strace has seen no call");
    }
    Ok(trace)
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// The program is killed before it.
    Kill,
    /// It fails with this error, such as `EIO`.
    Error(&'static str),
}

/// Trains into `run`, and lets one call meet its fate.
pub(crate) fn inject(
    tiny: &Tiny,
    run: &Path,
    length: Length,
    call: &Call,
    fate: Fate,
) -> Result<Ended> {
    let fate = match fate {
        Fate::Kill => "signal=SIGKILL".to_owned(),
        Fate::Error(error) => format!("error={error}"),
    };
    let Call { name, number, .. } = call;
    let prefix = [
        "strace".to_owned(),
        "-f".to_owned(),
        "-e".to_owned(),
        format!("trace={name}"),
        "-e".to_owned(),
        format!("inject={name}:{fate}:when={number}"),
        "-o".to_owned(),
        "/dev/null".to_owned(),
    ];
    tiny.run_behind(&prefix, &tiny.train(run, length))
}

impl Trace {
    /// Reads what `strace -f` wrote. A call that another thread's interrupts is taken where it begins.
    pub(crate) fn parse(log: &str) -> Self {
        let mut calls = Vec::new();
        let mut counts: BTreeMap<(u32, String), usize> = BTreeMap::new();
        let (mut own, mut programs) = (Vec::new(), Vec::new());
        for line in log.lines() {
            let Some((thread, rest)) = line.split_once(' ') else {
                continue;
            };
            let Some((name, text)) = rest.trim_start().split_once('(') else {
                continue;
            };
            let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let (Ok(thread), true) = (thread.parse::<u32>(), is_name) else {
                continue;
            };
            if name == "execve" && !own.is_empty() {
                programs.push(thread);
            }
            if !own.contains(&thread) {
                own.push(thread);
            }
            let count = counts.entry((thread, name.to_owned())).or_default();
            *count += 1;
            calls.push(Call {
                thread,
                name: name.to_owned(),
                number: *count,
                text: text.to_owned(),
            });
        }
        own.retain(|thread| !programs.contains(thread));
        calls.retain(|call| own.contains(&call.thread));
        Self { calls, own }
    }

    /// The calls from the first that creates the run folder to the last before training, in the thread that the program begins in; those
    /// left out whose number another thread has reached before.
    ///
    /// Errors: if there is none.
    pub(crate) fn start(&self, run: &Path) -> Result<Vec<Call>> {
        let run = run.display().to_string();
        let main = self.own.first();
        let creates = |call: &Call| {
            Some(&call.thread) == main && call.name.starts_with("mkdir") && call.text.contains(&run)
        };
        let calls = self.calls.iter().skip_while(|call| !creates(call));
        let calls = calls.take_while(|call| Some(&call.thread) == main);
        // The program looks at itself and the machine, too: of no interest here.
        let calls = calls.filter(|call| call.text.contains(&run) && self.comes_first(call));
        let start: Vec<Call> = calls.cloned().collect();
        match start.is_empty() {
            true => bail!(
                "no call that creates the run folder in the thread that the program begins in"
            ),
            false => Ok(start),
        }
    }

    /// The calls of one save, from the metrics before it to those after it, and the step after which it happens.
    ///
    /// It is the first in which no call has a number that a call of its name in another thread reaches, so that strace's counting names it.
    pub(crate) fn save(&self) -> Result<(u64, Vec<Call>)> {
        let begins = |call: &Call| call.name == "fdatasync" && call.text.contains("metrics.jsonl");
        let starts = self
            .calls
            .iter()
            .enumerate()
            .filter(|(_, call)| begins(call))
            .map(|(at, _)| at);
        let starts: Vec<usize> = starts.collect();
        for (index, pair) in starts.windows(2).enumerate() {
            let calls = &self.calls[pair[0]..=pair[1]];
            if calls.iter().all(|call| self.is_unique(call))
                && calls.iter().any(|call| call.name.starts_with("unlink"))
            {
                return Ok((index as u64 + 1, calls.to_vec()));
            }
        }
        bail!("no save whose calls strace can tell from those of another thread")
    }

    /// The calls that write the model after the last step.
    pub(crate) fn end(&self) -> Result<Vec<Call>> {
        let last = self
            .calls
            .iter()
            .rposition(|call| call.name == "fdatasync" && call.text.contains("metrics.jsonl"));
        let after = self.calls.iter().skip(last.unwrap_or(0));
        let model = after.skip_while(|call| !call.text.contains(".model.safetensors."));
        let thread = model.clone().next().map(|call| call.thread);
        let calls: Vec<Call> = model
            .filter(|call| Some(call.thread) == thread && self.is_unique(call))
            // What the allocator asks the machine when it gives memory back, in some runs and not in others.
            .filter(|call| !call.text.contains("/proc/sys/"))
            .cloned()
            .collect();
        if calls.is_empty() {
            bail!("no call that writes the model");
        }
        Ok(calls)
    }

    /// Whether no other thread came to a call of its name and number before.
    fn comes_first(&self, call: &Call) -> bool {
        let same = |other: &&Call| (&other.name, other.number) == (&call.name, call.number);
        let first = self.calls.iter().find(same);
        first.is_some_and(|first| first.thread == call.thread)
    }

    /// Whether no other thread of the program ever comes to a call of its name and number.
    pub(crate) fn is_unique(&self, call: &Call) -> bool {
        let same = |other: &&Call| (&other.name, other.number) == (&call.name, call.number);
        self.calls
            .iter()
            .filter(same)
            .all(|other| other.thread == call.thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_what_strace_writes() {
        let call = |text: &str| Call {
            thread: 1,
            name: "openat".to_owned(),
            number: 1,
            text: text.to_owned(),
        };
        let opened = call(r#"AT_FDCWD</x>, "/r/a b", O_WRONLY|O_CREAT, 0666) = 8</r/a b>"#);
        let paths: Vec<PathBuf> = opened.quoted_paths().collect();
        assert_eq!(
            (opened.open_path(), paths),
            (None, vec![PathBuf::from("/r/a b")])
        );
        let written = call(r#"8</r/a>, "x", 1) = 1"#);
        assert_eq!(written.open_path(), Some(PathBuf::from("/r/a")));
    }

    #[test]
    fn calls_are_counted_by_thread_and_name_and_other_programs_left_out() {
        let trace = Trace::parse(
            "10 execve(\"aae\") = 0\n10 openat(\"a\") = 3\n11 execve(\"git\") = 0\n11 openat(\"x\") = 3\n\
             12 openat(\"b\", <unfinished ...>\n10 openat(\"c\") = 4\n12 <... openat resumed>) = 5\n12 +++ exited +++\n",
        );
        let calls: Vec<_> = trace
            .calls
            .iter()
            .map(|call| (call.thread, call.number, call.name.as_str()))
            .collect();
        let openat = |thread, number| (thread, number, "openat");
        assert_eq!(
            calls,
            [
                (10, 1, "execve"),
                openat(10, 1),
                openat(12, 1),
                openat(10, 2)
            ]
        );
        assert!(!trace.is_unique(&trace.calls[2]));
        assert!(trace.is_unique(&trace.calls[3]));
    }
    #[test]
    fn what_the_allocator_asks_the_machine_does_not_write_the_model() {
        let trace = Trace::parse(
            "10 execve(\"aae\") = 0\n10 fdatasync(3</r/metrics.jsonl>) = 0\n10 openat(\"/r/.model.safetensors.1\") = 4\n\
             10 openat(\"/proc/sys/vm/overcommit_memory\") = 5\n10 read(5</proc/sys/vm/overcommit_memory>, \"1\", 1) = 1\n\
             10 close(5</proc/sys/vm/overcommit_memory>) = 0\n10 close(4</r/.model.safetensors.1>) = 0\n",
        );
        let calls = trace.end().unwrap();
        let named: Vec<_> = calls
            .iter()
            .map(|call| (call.name.as_str(), call.number))
            .collect();
        assert_eq!(named, [("openat", 1), ("close", 2)]);
    }
}
