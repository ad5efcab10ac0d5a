//! A tiny data set in a folder of its own, and the program run in it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "for tests, each of which uses some of it"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;
use tempfile::TempDir;

/// Images of 4 x 6 pixels in three classes.
pub const HEIGHT: usize = 4;
pub const WIDTH: usize = 6;
pub const TRAINING: usize = 200;
pub const TEST: usize = 60;

/// Flags for networks so small that a step takes no time.
pub const TINY: [&str; 10] = [
    "--set",
    "model.encoder.hidden=[8]",
    "--set",
    "model.decoder.hidden=[8]",
    "--set",
    "model.discriminator.hidden=[8]",
    "--batch-size",
    "20",
    "--threads",
    "1",
];

/// Settings for the three classes of the tests' images.
const CLASSES: &str = "model.categories=3";
const LABELLED: &str = "data.labelled=9";
const HELD_OUT: &str = "data.validation=20";

/// A preset for each variant and each posterior, with what it needs here.
pub const PRESETS: [(&str, &[&str]); 10] = [
    ("aae", &[]),
    ("ae", &["precision=bf16"]),
    (
        "labelled-mixture",
        &[CLASSES, LABELLED, "data.limit_train=150"],
    ),
    ("supervised", &[CLASSES]),
    (
        "semi-supervised-100",
        &[CLASSES, LABELLED, "precision=bf16"],
    ),
    ("clustering-16", &[HELD_OUT]),
    ("reduction-2d-100", &[CLASSES, LABELLED, HELD_OUT]),
    ("nn-100", &[CLASSES, LABELLED]),
    ("posterior-gaussian", &[]),
    ("posterior-universal", &["precision=bf16"]),
];

/// A folder with `data/`, in which the program runs.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        for (name, count) in [("train", TRAINING), ("t10k", TEST)] {
            let (images, labels) = idx(count);
            fs::write(data.join(format!("{name}-images-idx3-ubyte")), images).unwrap();
            fs::write(data.join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
        }
        Self { folder }
    }

    /// A path in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn exists(&self, relative: &str) -> bool {
        self.path(relative).exists()
    }

    pub fn read(&self, relative: &str) -> Vec<u8> {
        fs::read(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    pub fn json(&self, relative: &str) -> Value {
        serde_json::from_slice(&self.read(relative)).unwrap()
    }

    /// The program, in this folder and with this data.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("aae").unwrap();
        command
            .current_dir(self.folder.path())
            .env("AAE_DATA", self.path("data"))
            .args(args);
        command
    }

    /// The program, running.
    pub fn spawn(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }

    /// `train` with tiny networks.
    pub fn train(&self, args: &[&str]) -> Run {
        self.run(&training(args))
    }

    /// A finished run of ten steps in `runs/aae-s0`, for commands that use one.
    pub fn trained() -> Self {
        let place = Self::new();
        place
            .train(&["--epochs", "1", "--set", "log_every=5"])
            .succeeds();
        place
    }

    /// A run of 20 steps, a line of metrics for each, that was ended between its checkpoint of step 15 and the next.
    pub fn interrupted() -> Self {
        let place = Self::new();
        let args = [
            "--epochs",
            "2",
            "--checkpoint-every",
            "5",
            "--set",
            "log_every=1",
            "--no-figures",
        ];
        place.train(&args).succeeds();
        for name in ["model.safetensors", "summary.json"] {
            fs::remove_file(place.path(&format!("runs/aae-s0/{name}"))).unwrap();
        }
        let last = place.path("runs/aae-s0/checkpoints/step-20.safetensors");
        fs::remove_file(last).unwrap();
        place
    }

    /// `metrics.jsonl` of a run, without its times.
    pub fn metrics(&self, run: &str) -> Vec<Value> {
        let text = String::from_utf8(self.read(&format!("{run}/metrics.jsonl"))).unwrap();
        text.lines()
            .map(|line| {
                let mut line: Value = serde_json::from_str(line).unwrap();
                for time in ["seconds", "images_per_second"] {
                    line.as_object_mut().unwrap().remove(time);
                }
                line
            })
            .collect()
    }
}

/// The arguments of a tiny training.
pub fn training<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["train"], TINY.as_slice(), args].concat()
}

/// A program that has ended.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        Self::new(command.output().unwrap())
    }

    pub fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.ends(0)
    }

    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Asserts that the error says this.
    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(
            self.stderr.contains(part),
            "no `{part}` in:\n{}",
            self.stderr
        );
        self
    }

    /// Asserts that the result says this.
    #[track_caller]
    pub fn prints(self, part: &str) -> Self {
        assert!(
            self.stdout.contains(part),
            "no `{part}` in:\n{}",
            self.stdout
        );
        self
    }
}

/// Waits until it is so, for a minute at most: what is waited for may have died.
#[track_caller]
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        let waited = began.elapsed();
        assert!(waited < Duration::from_secs(60), "{what}: not in a minute");
        sleep(Duration::from_millis(1));
    }
}

/// Sends a signal, such as `INT`.
pub fn signal(child: &Child, name: &str) {
    let args = [format!("-{name}"), child.id().to_string()];
    assert!(Command::new("kill").args(args).status().unwrap().success());
}

/// Width and height of a PNG file.
pub fn png_size(path: &Path) -> (u32, u32) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "{} is no PNG file",
        path.display()
    );
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// An IDX file of images and one of labels: class `c` has bright columns `2c` and `2c + 1`.
fn idx(count: usize) -> (Vec<u8>, Vec<u8>) {
    let mut images = vec![0, 0, 8, 3];
    for size in [count, HEIGHT, WIDTH] {
        images.extend((size as u32).to_be_bytes());
    }
    let mut labels = vec![0, 0, 8, 1];
    labels.extend((count as u32).to_be_bytes());
    for index in 0..count {
        let class = index % 3;
        labels.push(class as u8);
        for pixel in 0..HEIGHT * WIDTH {
            let bright = (pixel % WIDTH) / 2 == class;
            let noise = (index * 31 + pixel * 17) % 50;
            images.push(if bright {
                200 + noise as u8
            } else {
                noise as u8
            });
        }
    }
    (images, labels)
}
