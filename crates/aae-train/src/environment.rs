//! `environment.json`: what a run was made with, so that its figures can be understood and repeated.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::durable::{self, DurableError};
use crate::regular_file;

/// The program, the machine and the command of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of this crate.
    pub version: String,
    /// Revision of the clone that the program was built in, with `-dirty` if files differ from it; absent without git.
    pub git_revision: Option<String>,
    /// The compiler.
    pub rustc: String,
    /// Operating system and architecture, such as `linux x86_64`.
    pub platform: String,
    /// The processor, as the operating system calls it, if it does.
    pub cpu: Option<String>,
    /// Which kernels compute products on it, as [`aae_ops::kernels`] names them; absent from runs of versions that did not say.
    #[serde(default)]
    pub kernels: Option<String>,
    /// Hardware threads available to the process.
    pub available_threads: usize,
    /// Threads that the run uses.
    pub threads: usize,
    /// The device, such as `cpu`.
    pub device: String,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The command line.
    pub command_line: Vec<String>,
    /// When the process described itself: RFC 3339, UTC.
    pub started: String,
    /// Where the data was read, as an absolute path; absent if that is not UTF-8.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// [`fingerprint`](crate::data::fingerprint) of the training images and labels.
    #[serde(default)]
    pub data_fingerprint: Option<String>,
    /// The same of the test images.
    #[serde(default)]
    pub test_fingerprint: Option<String>,
}

impl Environment {
    /// Describes this process and machine. Runs `git`, once in a process, for the revision of the clone that this crate was built in, which
    /// is not that of another program that uses it.
    pub fn gather(threads: usize, device: &str, seed: u64) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git_revision: git_revision(),
            rustc: env!("AAE_TRAIN_RUSTC").to_owned(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpu: cpu_name(),
            kernels: Some(aae_ops::kernels()),
            available_threads: std::thread::available_parallelism().map_or(1, usize::from),
            threads,
            device: device.to_owned(),
            seed,
            command_line: std::env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            started: rfc3339(SystemTime::now()),
            data: None,
            data_fingerprint: None,
            test_fingerprint: None,
        }
    }

    /// What differs between two descriptions that may change the bytes which a run ends with: the program and what it was built with, the
    /// processor and its kernels, the device. Each as in `version 0.1.0, here 0.2.0`.
    ///
    /// The number of threads is none of it: it changes no bit.
    pub fn differences(&self, here: &Self) -> Vec<String> {
        let none = || "unknown".to_owned();
        // Where one does not say, it is taken to be like the other.
        let kernels = |of: &Self, other: &Self| {
            let known = of.kernels.as_ref().or(other.kernels.as_ref());
            known.cloned().unwrap_or_else(none)
        };
        let pairs = [
            ("version", self.version.clone(), here.version.clone()),
            (
                "revision",
                self.git_revision.clone().unwrap_or_else(none),
                here.git_revision.clone().unwrap_or_else(none),
            ),
            ("compiler", self.rustc.clone(), here.rustc.clone()),
            ("platform", self.platform.clone(), here.platform.clone()),
            (
                "processor",
                self.cpu.clone().unwrap_or_else(none),
                here.cpu.clone().unwrap_or_else(none),
            ),
            ("kernels", kernels(self, here), kernels(here, self)),
            ("device", self.device.clone(), here.device.clone()),
        ];
        let differing = pairs.into_iter().filter(|(_, there, here)| there != here);
        differing
            .map(|(what, there, here)| format!("{what} {there}, here {here}"))
            .collect()
    }

    /// Reads what a run says of itself, if it can be read.
    pub fn read(path: &Path) -> Option<Self> {
        let bytes = regular_file::read(path, regular_file::MOST_SUMMARY).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes the description durably, as indented JSON.
    ///
    /// Errors: any I/O error.
    pub fn write(&self, path: &Path) -> Result<(), DurableError> {
        durable::write_json(path, self)
    }
}

/// The revision of the clone at the first call: somebody may commit while the process trains, which does not change the program.
fn git_revision() -> Option<String> {
    static REVISION: OnceLock<Option<String>> = OnceLock::new();
    REVISION.get_or_init(ask_git).clone()
}

/// What git says of the folder that this crate was built in; `None` without git or without a clone.
///
/// `git describe --dirty` would take the lock of the clone's index to refresh it, in the way of whoever commits meanwhile, and leave the
/// lock behind if it is killed. `git status` can be told not to.
fn ask_git() -> Option<String> {
    let output = Command::new("git")
        .args(["--no-optional-locks", "-C", env!("CARGO_MANIFEST_DIR")])
        .args(["status", "--porcelain=v2", "--branch"])
        .args(["--untracked-files=no", "--", ":/"])
        .env_remove("GIT_DIR")
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    revision_of(&String::from_utf8_lossy(&output.stdout))
}

/// The revision in what `git status --porcelain=v2 --branch` says, with `-dirty` if it lists a change.
fn revision_of(status: &str) -> Option<String> {
    let revision = status
        .lines()
        .find_map(|line| line.strip_prefix("# branch.oid "))?;
    // "(initial)" before the first commit.
    let is_revision = revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let dirty = status.lines().any(|line| !line.starts_with('#'));
    is_revision.then(|| format!("{revision}{}", if dirty { "-dirty" } else { "" }))
}

/// The processor's model name, where the system has `/proc/cpuinfo`.
fn cpu_name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// A time in UTC, to the second: `2026-01-31T23:59:59Z`.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |duration| duration.as_secs());
    let (mut day, second) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{:02}Z",
        day + 1,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        // $ date -u -d @951782400 +%FT%TZ
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_revision_is_read_from_the_status_of_a_clone() {
        let clean = "# branch.oid 958536f5\n# branch.head main\n# branch.upstream origin/main\n";
        assert_eq!(revision_of(clean).as_deref(), Some("958536f5"));
        let changed = format!("{clean}1 .M N... 100644 100644 100644 7898 7898 f\n");
        assert_eq!(revision_of(&changed).as_deref(), Some("958536f5-dirty"));
        assert_eq!(revision_of("# branch.oid (initial)\n"), None);
        assert_eq!(revision_of(""), None);
    }

    #[test]
    fn what_may_change_bytes_is_a_difference_and_threads_are_not() {
        let there = Environment::gather(2, "cpu", 7);
        let mut here = Environment::gather(1, "cpu", 8);
        assert_eq!(there.differences(&here), [""; 0]);
        here.device = "cuda:0".to_owned();
        here.cpu = Some("Z80".to_owned());
        let differences = there.differences(&here);
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].ends_with(", here Z80"), "{differences:?}");
        assert_eq!(differences[1], "device cpu, here cuda:0");
    }

    #[test]
    fn kernels_differ_only_where_both_are_known() {
        let there = Environment::gather(2, "cpu", 7);
        let mut here = there.clone();
        here.kernels = Some("abacus".to_owned());
        let differences = there.differences(&here);
        assert_eq!(differences.len(), 1, "{differences:?}");
        assert!(differences[0].starts_with("kernels "), "{differences:?}");
        assert!(differences[0].ends_with(", here abacus"), "{differences:?}");
        here.kernels = None;
        assert_eq!(there.differences(&here), [""; 0]);
        assert_eq!(here.differences(&there), [""; 0]);
    }

    #[test]
    fn the_description_is_written_whole_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("environment.json");
        let environment = Environment::gather(2, "cpu", 7);
        environment.write(&path).unwrap();
        let read: Environment = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(read, environment);
        assert_eq!(read.threads, 2);
        assert!(read.rustc.starts_with("rustc "), "{}", read.rustc);
    }
}
