//! The PyTorch yardstick in a process of its own, asked for one round at a time.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/step/torch_step.py");

/// A Python that waits to be asked. It waits in a read, so it takes no time from whoever else is timed.
pub(crate) struct Torch {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Torch {
    pub(crate) fn start(python: &str, words: &[String]) -> Self {
        let mut child = Command::new(python)
            .arg(SCRIPT)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {python}: {error}"));
        let ask = child.stdin.take().unwrap();
        let answer = BufReader::new(child.stdout.take().unwrap());
        Self { child, ask, answer }
    }

    /// Milliseconds per step of one round.
    pub(crate) fn round(&mut self) -> f64 {
        writeln!(self.ask).unwrap();
        let mut line = String::new();
        self.answer.read_line(&mut line).unwrap();
        line.trim()
            .parse()
            .unwrap_or_else(|_| panic!("the PyTorch step ended early; its error is above"))
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        // Its input ends with this process at the latest; an error here changes no figure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
