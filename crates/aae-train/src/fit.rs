//! The training loop: epochs of shuffled mini-batches, with evaluations, checkpoints and an orderly stop.
//!
//! At the end of a step things happen in one order: its metrics, its evaluation, then its checkpoint. So whatever is in
//! `metrics.jsonl` beyond a checkpoint's step can be cut off, and a resumed run writes the same lines again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use aae_models::ImageShape;
use aae_ops::with_precision;

use crate::checkpoint::{BestValidation, Checkpoint, CheckpointMeta, save};
use crate::device::check_precision;
use crate::error::FitError;
use crate::job::{Job, Outcome};
use crate::metrics::{Line, MetricsWriter, TrainLine};
use crate::model_file::{ModelFile, ModelMeta};
use crate::observer::{EpochReport, Observer, Start, StepReport};
use crate::state::{capture, capture_autoencoder, restore};
use crate::tensor_file::check_finite;
use crate::variants::{StepBatch, StepLosses, Variant, build};

mod batches;
mod lost_lines;

use batches::StepBatches;

/// Trains until the last step, or until asked to stop; either way a checkpoint and `model.safetensors` are left.
///
/// Errors: a configuration that is not valid, or not for this data or device; too few images for a batch; a checkpoint of another run, or
/// one that does not fit; metrics that cannot be opened; a loss or a weight that is not finite; anything that keeps a checkpoint or the
/// model from being written. What was saved before stays.
pub fn fit(job: Job<'_>) -> Result<Outcome, FitError> {
    let batches = checked(&job)?;
    let mut variant = build(job.config, job.image(), job.device)?;
    Fit::begin(job, variant.as_mut(), batches.steps_per_epoch())?.run(batches)
}

/// As [`fit`], by an algorithm of one's own, which computes on `job.device` and afterwards has the trained networks.
///
/// `job.config.variant` names the built-in one whose batches it gets ([`StepBatch`]) and whose encoder and decoder it must have, for as
/// such `model.safetensors` is read. A run is resumed by the same algorithm: no configuration says which that was.
///
/// Errors: as [`fit`].
pub fn fit_variant(job: Job<'_>, variant: &mut dyn Variant) -> Result<Outcome, FitError> {
    let batches = checked(&job)?;
    Fit::begin(job, variant, batches.steps_per_epoch())?.run(batches)
}

/// The batches of a job that can be done, before anything is built or written.
fn checked<'a>(job: &Job<'a>) -> Result<StepBatches<'a>, FitError> {
    let (config, data) = (job.config, job.train.dataset());
    // Its fields are public: one that nobody has checked would divide by zero, or draw from a prior without draws.
    config.validate()?;
    config.validate_for(data.len(), data.classes(), job.image())?;
    check_precision(config.precision, job.device)?;
    Ok(StepBatches::new(config, job.train, job.labelled)?)
}

fn check_same(what: &'static str, expected: &str, found: &str) -> Result<(), FitError> {
    if expected == found {
        return Ok(());
    }
    Err(FitError::OtherRun {
        what,
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

struct Fit<'a, 'v> {
    job: Job<'a>,
    variant: &'v mut dyn Variant,
    image: ImageShape,
    metrics: MetricsWriter,
    best: Option<BestValidation>,
    last_checkpoint: Option<PathBuf>,
    steps_per_epoch: u64,
    total_steps: u64,
    /// Steps done.
    step: u64,
    began: Instant,
    /// When the last line of losses was written, and after which step.
    last_line: (Instant, u64),
    /// The splits of which the metrics have no evaluation of the step at which training begins.
    unevaluated: Vec<&'static str>,
    /// What the metrics of an interrupted run lack.
    warnings: Vec<String>,
}

impl<'a, 'v> Fit<'a, 'v> {
    fn begin(
        mut job: Job<'a>,
        variant: &'v mut dyn Variant,
        steps_per_epoch: u64,
    ) -> Result<Self, FitError> {
        let (mut step, mut best) = (0, None);
        let mut last_checkpoint = None;
        if let Some(checkpoint) = job.resume.take() {
            check_same("config", &checkpoint.meta.config_hash, &job.config.hash())?;
            check_same(
                "data",
                &checkpoint.meta.data_fingerprint,
                job.data_fingerprint,
            )?;
            restore(variant, &checkpoint.tensors, &checkpoint.meta.counters)?;
            (step, best) = (checkpoint.meta.step, checkpoint.meta.best);
            last_checkpoint = Some(job.run.checkpoint(step));
        }
        let (metrics, cut) = MetricsWriter::resume(&job.run.metrics(), step)?;
        let total_steps = job.config.total_steps(steps_per_epoch);
        let splits = job.evaluator.splits();
        let due = lost_lines::due(job.config, steps_per_epoch, total_steps, &splits);
        let every = job.config.checkpoint_every;
        let warnings = lost_lines::warnings(&job.run.metrics(), &cut, step, every, &due);
        let mut unevaluated = splits;
        unevaluated.retain(|split| !cut.has_evaluation_of(split, step));
        let now = Instant::now();
        Ok(Self {
            variant,
            image: job.image(),
            metrics,
            best,
            last_checkpoint,
            steps_per_epoch,
            total_steps,
            step,
            began: now,
            last_line: (now, step),
            unevaluated,
            warnings,
            job,
        })
    }

    fn run(mut self, batches: StepBatches<'_>) -> Result<Outcome, FitError> {
        self.tell_start();
        for warning in std::mem::take(&mut self.warnings) {
            self.warn(&warning);
        }
        if self.step >= self.total_steps {
            let lost = std::mem::take(&mut self.unevaluated);
            if !lost.is_empty() {
                self.warn(&format!(
                    "the evaluation after step {} is made again",
                    self.step
                ));
                self.evaluate(|split| lost.contains(&split));
            }
            self.tell_epoch_end(true);
        }
        let steps = self.step..self.total_steps;
        batches.made_ahead(steps, |batches, no_thread| {
            if let Some(error) = no_thread {
                self.warn(&format!(
                    "batches are made between the steps: no thread for them: {error}"
                ));
            }
            for batch in batches {
                self.train_step(batch?)?;
                if self.job.stop.load(Ordering::Relaxed) && self.step < self.total_steps {
                    self.save_checkpoint()?;
                    self.save_model()?;
                    return Ok(Outcome::Stopped { step: self.step });
                }
            }
            // Batches end early if the thread that makes them has panicked, which is passed on once this is left.
            if self.step >= self.total_steps {
                self.save_model()?;
            }
            Ok(Outcome::Finished { step: self.step })
        })
    }

    /// One mini-batch, and all that is due after it.
    fn train_step(&mut self, batch: StepBatch) -> Result<(), FitError> {
        for phase in self.variant.phases() {
            phase.schedule(self.step, self.steps_per_epoch, self.total_steps);
        }
        let batch = batch.on(self.job.device)?;
        let losses = with_precision(self.job.config.precision, || self.variant.step(&batch))?;
        self.step += 1;

        let (config, last) = (self.job.config, self.step == self.total_steps);
        let log_due = self.step.is_multiple_of(config.log_every) || last;
        // Fetching a number from the CPU costs nothing; from a GPU it waits for everything before it.
        let fetched = if log_due || self.job.device.is_cpu() {
            Some(self.fetch(&losses)?)
        } else {
            None
        };
        let line = fetched
            .filter(|_| log_due)
            .map(|losses| self.train_line(losses));
        if let Some(line) = &line {
            self.write_metrics(&Line::Train(line.clone()));
        }
        let epoch = (self.step - 1) / self.steps_per_epoch + 1;
        self.tell(|observer, fit| {
            observer.on_step(&StepReport {
                step: fit.step,
                epoch,
                line: line.as_ref(),
            })
        });

        let epoch_ends = self.step.is_multiple_of(self.steps_per_epoch);
        let mut checkpoint_due = self.step.is_multiple_of(config.checkpoint_every) || last;
        if last || (epoch_ends && epoch.is_multiple_of(config.evaluate_every)) {
            checkpoint_due |= self.evaluate(|_| true);
        }
        if checkpoint_due {
            self.save_checkpoint()?;
        }
        if last || epoch_ends {
            self.tell_epoch_end(last);
        }
        Ok(())
    }

    /// The losses as numbers. Errors: if one is not finite; the state is then kept under another name.
    fn fetch(&mut self, losses: &StepLosses) -> Result<BTreeMap<String, f64>, FitError> {
        let mut fetched = BTreeMap::new();
        for (name, loss) in losses {
            let value = f64::from(loss.to_scalar::<f32>()?);
            if !value.is_finite() {
                return Err(self.diverged(format!("{name} loss is {value}")));
            }
            fetched.insert((*name).to_owned(), value);
        }
        Ok(fetched)
    }

    fn diverged(&mut self, what: String) -> FitError {
        let kept = self.job.run.diverged(self.step);
        let written = self
            .checkpoint()
            .and_then(|checkpoint| Ok(checkpoint.write(&kept)?));
        FitError::Diverged {
            step: self.step,
            what,
            last_good: self.last_checkpoint.clone(),
            kept: written.is_ok().then_some(kept),
        }
    }

    fn train_line(&mut self, losses: BTreeMap<String, f64>) -> TrainLine {
        let now = Instant::now();
        let (then, step_then) = std::mem::replace(&mut self.last_line, (now, self.step));
        let images = (self.step - step_then) * self.job.config.batch_size as u64;
        let lr = self
            .variant
            .phases()
            .into_iter()
            .map(|phase| (phase.name().to_owned(), phase.lr()))
            .collect();
        TrainLine {
            step: self.step,
            epoch: (self.step - 1) / self.steps_per_epoch + 1,
            losses,
            lr,
            images_per_second: images as f64 / now.duration_since(then).as_secs_f64().max(1e-9),
            seconds: now.duration_since(self.began).as_secs_f64(),
        }
    }

    /// Evaluates the model, and keeps the lines of the splits that are `wanted`; whether it is the best so far on held-out images.
    fn evaluate(&mut self, wanted: impl Fn(&str) -> bool) -> bool {
        let epoch = self.step / self.steps_per_epoch;
        let lines = match self
            .job
            .evaluator
            .evaluate(self.variant.autoencoder(), self.step, epoch)
        {
            Ok(lines) => lines,
            Err(error) => {
                self.warn(&format!(
                    "evaluation after step {} failed: {error}",
                    self.step
                ));
                return false;
            }
        };
        let mut is_best = false;
        for line in lines.into_iter().filter(|line| wanted(&line.split)) {
            let error = line.reconstruction_error;
            if line.split == "validation"
                && error.is_finite()
                && self.best.is_none_or(|best| error < best.error)
            {
                self.best = Some(BestValidation {
                    step: self.step,
                    error,
                });
                is_best = true;
            }
            self.write_metrics(&Line::Evaluation(line.clone()));
            self.tell(|observer, _| observer.on_evaluation(&line));
        }
        // The next line's speed is that of training alone.
        self.last_line = (Instant::now(), self.step);
        is_best
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, FitError> {
        let (tensors, counters) = capture(self.variant)?;
        let epoch = self.step / self.steps_per_epoch;
        let meta =
            CheckpointMeta::new(self.job.config, self.step, epoch, self.job.data_fingerprint);
        Ok(Checkpoint {
            tensors,
            meta: CheckpointMeta {
                best: self.best,
                counters,
                ..meta
            },
        })
    }

    fn save_checkpoint(&mut self) -> Result<(), FitError> {
        if let Err(error) = self.metrics.sync() {
            self.warn(&error.to_string());
        }
        let checkpoint = self.checkpoint()?;
        if let Err(cause) = check_finite(&checkpoint.tensors) {
            return Err(self.diverged(cause.to_string()));
        }
        let saved = save(self.job.run, &checkpoint)?;
        saved.warnings.iter().for_each(|warning| self.warn(warning));
        self.tell(|observer, fit| observer.on_checkpoint(&saved.path, fit.step));
        self.last_checkpoint = Some(saved.path);
        Ok(())
    }

    fn save_model(&self) -> Result<(), FitError> {
        let tensors = capture_autoencoder(self.variant.autoencoder())?;
        let meta = ModelMeta {
            config: self.job.config.clone(),
            image: self.image,
            step: self.step,
        };
        Ok(ModelFile { tensors, meta }.write(&self.job.run.model())?)
    }

    /// Training goes on without metrics if they cannot be written.
    fn write_metrics(&mut self, line: &Line) {
        if let Err(error) = self.metrics.write(line) {
            self.warn(&error.to_string());
        }
    }

    fn tell(&mut self, what: impl Fn(&mut dyn Observer, &Self)) {
        let mut observers = std::mem::take(&mut self.job.observers);
        observers
            .iter_mut()
            .for_each(|observer| what(*observer, self));
        self.job.observers = observers;
    }

    fn warn(&mut self, message: &str) {
        self.tell(|observer, _| observer.on_warning(message));
    }

    fn tell_start(&mut self) {
        let parameters = self.variant.parameters();
        self.tell(|observer, fit| {
            observer.on_start(&Start {
                config: fit.job.config,
                parameters: &parameters,
                training_images: fit.job.train.len(),
                steps_per_epoch: fit.steps_per_epoch,
                total_steps: fit.total_steps,
                step: fit.step,
            });
        });
    }

    fn tell_epoch_end(&mut self, last: bool) {
        let epoch = self.step / self.steps_per_epoch;
        let every = self.job.config.figures_every;
        let figures_due = last || (every > 0 && epoch.is_multiple_of(every));
        self.tell(|observer, fit| {
            let autoencoder = fit.variant.autoencoder();
            observer.on_epoch_end(&EpochReport {
                epoch,
                step: fit.step,
                last,
                figures_due,
                autoencoder,
            });
        });
        self.last_line.0 = Instant::now();
    }
}
