//! A tiny data set, a tiny model, and the program that trains it: 60 steps in a fraction of a second, a checkpoint of a quarter of a MB.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A file by which a folder of ours is known, which may be emptied.
const MARK: &str = ".crash";

/// Steps of an ordinary tiny run, nine an epoch.
pub(crate) const STEPS: u64 = 60;

/// The program, its data, and what it leaves when nothing is done to it.
#[derive(Clone, Debug)]
pub(crate) struct Tiny {
    program: PathBuf,
    folder: PathBuf,
    data: PathBuf,
    /// A fault that is planted in the program.
    planted: Option<&'static str>,
}

/// How often a run saves, and how long it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    pub(crate) steps: u64,
    pub(crate) checkpoint_every: u64,
}

/// Saves often enough to be killed within a save, and in between.
pub(crate) const SHORT: Length = Length {
    steps: STEPS,
    checkpoint_every: 4,
};

/// What two runs have alike if they took the same steps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct End {
    model: Vec<u8>,
    checkpoint: Vec<u8>,
    /// Without its times.
    pub(crate) metrics: String,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Tiny {
    /// Writes the data set into a folder, which is emptied, and copies the program there: another build may replace the original.
    ///
    /// Errors: if anything is in the folder that is not of this.
    pub(crate) fn new(folder: &Path, program: &Path) -> Result<Self> {
        if folder.exists() {
            let is_empty = fs::read_dir(folder)?.next().is_none();
            if !is_empty && !folder.join(MARK).exists() {
                bail!(
                    "{}: expected no folder, an empty one or one of `crash`, found files of others; name another with --folder",
                    folder.display()
                );
            }
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(folder.join(MARK), "")?;
        let data = folder.join("data");
        fs::create_dir_all(&data).with_context(|| format!("cannot create {}", data.display()))?;
        for (name, count) in [("train", 200), ("t10k", 60)] {
            let (images, labels) = idx(count);
            fs::write(data.join(format!("{name}-images-idx3-ubyte")), images)?;
            fs::write(data.join(format!("{name}-labels-idx1-ubyte")), labels)?;
        }
        let copy = folder.join("aae");
        fs::copy(program, &copy).context("cannot copy the program")?;
        Ok(Self {
            program: copy,
            folder: folder.to_path_buf(),
            data,
            planted: None,
        })
    }

    /// The same with a fault planted.
    pub(crate) fn with_fault(&self, fault: &'static str) -> Self {
        Self {
            planted: Some(fault),
            ..self.clone()
        }
    }

    /// A path that nothing has yet.
    pub(crate) fn place(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        Ok(path)
    }

    /// The arguments of a training into `out`.
    pub(crate) fn train(&self, out: &Path, length: Length) -> Vec<String> {
        let Length {
            steps,
            checkpoint_every,
        } = length;
        let words = format!(
            "train --set model.encoder.hidden=[64,64] --set model.decoder.hidden=[64,64] \
             --set model.discriminator.hidden=[64,64] --set data.validation=20 --set log_every=1 --batch-size 20 \
             --epochs {steps} --max-steps {steps} --checkpoint-every {checkpoint_every} --threads 1 --no-figures --out"
        );
        let words = words.split_whitespace().map(str::to_owned);
        words.chain([out.display().to_string()]).collect()
    }

    /// The arguments that go on with a run: on another number of threads, which must not matter.
    pub(crate) fn resume(&self, run: &Path) -> Vec<String> {
        let words = "train --threads 2 --no-figures --resume".split(' ');
        let words = words.map(str::to_owned);
        words.chain([run.display().to_string()]).collect()
    }

    /// The arguments that go on with a run, or begin it again if it had not begun.
    pub(crate) fn go_on(&self, run: &Path, length: Length) -> Vec<String> {
        match run.join("config.toml").is_file() {
            true => self.resume(run),
            false => self.train(run, length),
        }
    }

    /// The program with these arguments, behind `prefix` (such as a tracer and its arguments) if that is not empty.
    pub(crate) fn command(&self, prefix: &[String], args: &[String]) -> Command {
        let mut words = prefix.to_vec();
        words.push(self.program.display().to_string());
        words.extend_from_slice(args);
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .current_dir(&self.folder)
            .env("AAE_DATA", &self.data)
            // Cargo's folders of libraries: the loader would look for each library in many places there, more on some CPUs than on
            // others, and no call of the training could be told from its calls by number.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(fault) = self.planted {
            command.env("AAE_PLANTED_FAULT", fault);
        }
        command
    }

    /// Starts the program.
    pub(crate) fn start(&self, args: &[String]) -> Result<Child> {
        self.command(&[], args)
            .spawn()
            .context("cannot start the program")
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[String]) -> Result<Ended> {
        self.run_behind(&[], args)
    }

    /// As [`run`](Self::run), behind a tracer.
    pub(crate) fn run_behind(&self, prefix: &[String], args: &[String]) -> Result<Ended> {
        let output = self.command(prefix, args).output();
        Ok(Ended::of(output.context("cannot start the program")?))
    }

    /// Goes on with a run, or begins it again if it had not begun, to its end; what it ends with.
    pub(crate) fn finish(&self, run: &Path, length: Length) -> Result<End> {
        let args = self.go_on(run, length);
        self.run(&args)?.succeeded()?;
        End::of(run, length)
    }

    /// What a run ends with that nothing is done to, and how long it takes.
    pub(crate) fn whole(&self, name: &str, length: Length) -> Result<(End, Duration)> {
        let run = self.place(name)?;
        let began = Instant::now();
        self.run(&self.train(&run, length))?.succeeded()?;
        Ok((End::of(&run, length)?, began.elapsed()))
    }
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Errors: unless the exit code is 0.
    pub(crate) fn succeeded(self) -> Result<Self> {
        self.with_code(0)
    }

    /// Errors: unless the program ended with this code, and without a panic.
    pub(crate) fn with_code(self, code: i32) -> Result<Self> {
        if self.stderr.contains("panicked") || self.status.code() != Some(code) {
            bail!(
                "expected exit code {code}, found {}: {}",
                self.status,
                self.stderr.trim()
            );
        }
        Ok(self)
    }
}

impl End {
    /// Reads it from a finished run.
    pub(crate) fn of(run: &Path, length: Length) -> Result<Self> {
        let read = |name: &str| {
            let path = run.join(name);
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        Ok(Self {
            model: read("model.safetensors")?,
            checkpoint: read(&format!("checkpoints/step-{}.safetensors", length.steps))?,
            metrics: without_times(&String::from_utf8_lossy(&read("metrics.jsonl")?)),
        })
    }

    /// What differs from a run that nothing was done to. Errors: if anything does.
    pub(crate) fn must_equal(&self, whole: &Self) -> Result<()> {
        self.must_equal_but_for_metrics(whole)?;
        if self.metrics != whole.metrics {
            bail!("metrics.jsonl differs from the uninterrupted run's");
        }
        Ok(())
    }

    /// As [`must_equal`](Self::must_equal), for a run that was kept from writing a line of metrics.
    pub(crate) fn must_equal_but_for_metrics(&self, whole: &Self) -> Result<()> {
        if self.model != whole.model {
            bail!("model.safetensors differs from the uninterrupted run's");
        }
        if self.checkpoint != whole.checkpoint {
            bail!("the last checkpoint differs from the uninterrupted run's");
        }
        Ok(())
    }
}

/// The steps whose saving had returned, as the run's own log has it, and the step that the last process went on from.
pub(crate) fn saved_and_resumed(run: &Path) -> (u64, u64) {
    let log = fs::read_to_string(run.join("train.log")).unwrap_or_default();
    let numbers = |kind: &str, mark: &str| -> Vec<u64> {
        let lines = log.lines().filter(|line| line.contains(kind));
        let rests = lines.filter_map(|line| Some(line.split_once(mark)?.1));
        // Thousands are set apart by commas.
        let number = |rest: &str| {
            rest.chars()
                .filter_map(|c| c.to_digit(10))
                .fold(0, |n, digit| 10 * n + u64::from(digit))
        };
        rests.map(number).collect()
    };
    let saved = numbers(" DEBUG saved ", "checkpoints/step-")
        .into_iter()
        .max()
        .unwrap_or(0);
    let resumed = numbers(" going on ", "after step ")
        .last()
        .copied()
        .unwrap_or(0);
    (saved, resumed)
}

/// Every temporary file of the program in a run folder.
pub(crate) fn temporaries(run: &Path) -> Vec<String> {
    let folders = [
        run.to_path_buf(),
        run.join("checkpoints"),
        run.join("figures"),
    ];
    let names = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten();
    let names =
        names.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
    names.filter(|name| name.ends_with(".aae.tmp")).collect()
}

/// The lines without the two fields that a clock decides.
fn without_times(metrics: &str) -> String {
    let mut text = metrics.to_owned();
    for field in [",\"images_per_second\":", ",\"seconds\":"] {
        while let Some(at) = text.find(field) {
            let value = at + field.len();
            let length = text[value..].find([',', '}']).unwrap_or(0);
            text.replace_range(at..value + length, "");
        }
    }
    text
}

/// An IDX file of `count` images of 4 x 6 pixels in three classes, and one of their labels.
fn idx(count: usize) -> (Vec<u8>, Vec<u8>) {
    let (height, width) = (4, 6);
    let mut images = vec![0, 0, 8, 3];
    for size in [count, height, width] {
        images.extend((size as u32).to_be_bytes());
    }
    let mut labels = vec![0, 0, 8, 1];
    labels.extend((count as u32).to_be_bytes());
    for index in 0..count {
        let class = index % 3;
        labels.push(class as u8);
        for pixel in 0..height * width {
            let bright = if (pixel % width) / 2 == class { 200 } else { 0 };
            images.push(bright + ((index * 31 + pixel * 17) % 50) as u8);
        }
    }
    (images, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_left_out_of_metrics_and_nothing_else() {
        let line = r#"{"step":1,"lr":{"a":0.1},"images_per_second":12.5,"seconds":3e-2}"#;
        assert_eq!(without_times(line), r#"{"step":1,"lr":{"a":0.1}}"#);
        let line = r#"{"step":1,"images_per_second":null,"x":2}"#;
        assert_eq!(without_times(line), r#"{"step":1,"x":2}"#);
    }
}
