//! The PyTorch yardstick in a process of its own, asked for one round at a time.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use aae_models::{PosteriorConfig, ReconstructionLoss};
use aae_train::config::{Config, OptimizerKind, VariantKind};
use aae_train::corruption::CorruptionConfig;

use crate::failure::Failure;
use crate::flops;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/step/torch_step.py");

/// A Python that waits to be asked. It waits in a read, so it takes no time from whoever else is timed.
pub(crate) struct Torch {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Torch {
    /// Starts the step equal to that of `config`, and waits until it is ready.
    ///
    /// Errors: if the script has no such step, or if `python` cannot be started or has no torch.
    pub(crate) fn start(
        python: &str,
        mode: &str,
        threads: usize,
        steps: usize,
        config: &Config,
    ) -> Result<Self, Failure> {
        let words = words(mode, threads, steps, config)?;
        let cannot = |why: String| Failure::usage(format!("--torch {python}: {why}"));
        let mut child = Command::new(python)
            .arg(SCRIPT)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| cannot(format!("cannot start: {error}")))?;
        let (Some(ask), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(cannot("has no pipes".into()));
        };
        let answer = BufReader::new(answer);
        let mut torch = Self { child, ask, answer };
        match torch.line().as_deref() {
            Some("ready") => Ok(torch),
            _ => Err(cannot(
                "ended early: is it a Python with torch? What it said itself is above".into(),
            )),
        }
    }

    /// Milliseconds per step of one round.
    pub(crate) fn round(&mut self) -> Result<f64, Failure> {
        let asked = writeln!(self.ask).is_ok();
        let ms = self.line().and_then(|line| line.parse().ok());
        ms.filter(|_| asked).ok_or_else(|| {
            Failure::broken("the PyTorch step ended early; its own message is above")
        })
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answer.read_line(&mut line).ok()?;
        Some(line.trim().to_owned())
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        // Its input ends with this process at the latest; an error here changes no figure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The script's words for an equal step. Errors: if it has none.
fn words(
    mode: &str,
    threads: usize,
    steps: usize,
    config: &Config,
) -> Result<Vec<String>, Failure> {
    let model = &config.model;
    let noise = match config.corruption {
        CorruptionConfig::None {} => Some(0.0),
        CorruptionConfig::Gaussian { std } => Some(std),
        CorruptionConfig::Masking { .. } | CorruptionConfig::Dropout { .. } => None,
    };
    let expected = match config.variant {
        VariantKind::Aae => Some((OptimizerKind::Adam, ReconstructionLoss::MeanSquaredError)),
        VariantKind::SemiSupervised => {
            Some((OptimizerKind::Sgd, ReconstructionLoss::HalfSquaredError))
        }
        _ => None,
    };
    let found = (
        config.optimizer.reconstruction.kind,
        config.loss.reconstruction,
    );
    let hidden = &model.encoder.hidden;
    let (Some(noise), Some(width)) = (noise, hidden.first()) else {
        return Err(no_step());
    };
    let equal = expected == Some(found)
        && [hidden, &model.decoder.hidden, &model.discriminator.hidden]
            .iter()
            .all(|hidden| ***hidden == [*width; 2])
        && model.posterior == (PosteriorConfig::Deterministic {})
        && !model.encoder.batch_norm
        && config.regularization.discriminator_input_noise == 0.0;
    if !equal {
        return Err(no_step());
    }
    let numbers = [
        threads,
        config.batch_size,
        steps,
        *width,
        model.latent_dim,
        flops::labelled(config),
    ];
    let mut words = vec![config.variant.name().to_owned(), mode.to_owned()];
    words.extend(numbers.map(|number| number.to_string()));
    words.push(noise.to_string());
    Ok(words)
}

fn no_step() -> Failure {
    Failure::usage(
        "--torch: there is a PyTorch step of the presets aae and semi-supervised-*, and of others with the same networks, losses \
         and optimizers; this is none of them",
    )
}
