//! A tiny data set and tiny networks, so that a test trains in milliseconds.
#![allow(dead_code)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aae_data::{Dataset, Split};
use aae_models::{Autoencoder, ImageShape, one_hot};
use aae_ops::Param;
use aae_train::checkpoint::{Checkpoint, load_newest};
use aae_train::config::{Config, Override};
use aae_train::data::{Splits, fingerprint};
use aae_train::metrics::EvaluationLine;
use aae_train::observer::{Observer, StepReport};
use aae_train::run_dir::RunDir;
use aae_train::variants::{LabelledBatch, StepBatch};
use aae_train::{Evaluator, FitError, Job, Outcome, fit};
use candle_core::{Device, Tensor};

pub(crate) const IMAGES: usize = 50;

/// The size of the images.
pub(crate) const IMAGE: ImageShape = ImageShape {
    height: 4,
    width: 5,
};

/// One preset for each variant.
pub(crate) const VARIANTS: [&str; 8] = [
    "ae",
    "aae",
    "labelled-mixture",
    "supervised",
    "semi-supervised-100",
    "clustering-16",
    "reduction-2d-100",
    "nn-100",
];

/// Every phase that a configuration has an optimizer for.
pub(crate) const PHASES: [&str; 4] = [
    "reconstruction",
    "discriminator",
    "generator",
    "classification",
];

/// 50 images of 4 x 5 pixels in 3 classes.
pub(crate) fn dataset() -> Arc<Dataset> {
    let pixels = (0..IMAGES * 20).map(|i| (i * i % 251) as u8).collect();
    let labels = (0..IMAGES).map(|i| (i % 3) as u8).collect();
    Arc::new(Dataset::new(pixels, labels, 4, 5, 3).unwrap())
}

/// A preset with networks of 8 units, batches of 12 (4 steps an epoch), 3 epochs, all that is due falling due often.
pub(crate) fn config(preset: &str, more: &[&str]) -> Config {
    let tiny = [
        "model.encoder.hidden=[8, 8]",
        "model.decoder.hidden=[8, 8]",
        "model.discriminator.hidden=[8, 8]",
        "batch_size=12",
        "epochs=3",
        "log_every=2",
        "checkpoint_every=5",
        "data.validation=2",
    ];
    let base = Config::resolve(preset, None, &[]).unwrap();
    let mut of_data = Vec::new();
    if base.model.categories > 0 && !base.infers_clusters() {
        of_data.push("model.categories=3");
    }
    if base.data.labelled.is_some_and(|labelled| labelled > 0) {
        of_data.push("data.labelled=7");
    }
    let overrides: Vec<Override> = tiny
        .iter()
        .chain(&of_data)
        .chain(more)
        .map(|text| Override::set(text))
        .collect();
    Config::resolve(preset, None, &overrides).unwrap()
}

/// As [`config`], with learning rates too small to move anything, but for what `more` sets.
pub(crate) fn standing_still(preset: &str, more: &[&str]) -> Config {
    let rates = PHASES.map(|phase| format!("optimizer.{phase}.lr=1e-300"));
    let rates = rates.each_ref().map(String::as_str);
    config(preset, &[&rates, more].concat())
}

/// Measures the reconstruction error of images held out by a function of the model and the epoch.
struct HeldOut<F>(F);

impl<F: FnMut(&Autoencoder, u64) -> f64> Evaluator for HeldOut<F> {
    fn splits(&self) -> Vec<&'static str> {
        vec!["validation"]
    }

    fn evaluate(
        &mut self,
        autoencoder: &Autoencoder,
        step: u64,
        epoch: u64,
    ) -> Result<Vec<EvaluationLine>, Box<dyn std::error::Error + Send + Sync>> {
        let split = "validation".to_owned();
        Ok(vec![EvaluationLine {
            step,
            epoch,
            split,
            reconstruction_error: self.0(autoencoder, epoch),
            metrics: Default::default(),
        }])
    }
}

/// Nothing but something that changes with the weights.
fn weight_sum(autoencoder: &Autoencoder, _: u64) -> f64 {
    let sum = |param: &Param| param.tensor().abs()?.sum_all()?.to_scalar::<f32>();
    let state = autoencoder.state();
    state
        .iter()
        .map(|param| f64::from(sum(param).unwrap()))
        .sum()
}

struct StopAt<'a>(u64, &'a AtomicBool);

impl Observer for StopAt<'_> {
    fn on_step(&mut self, report: &StepReport<'_>) {
        if report.step == self.0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

/// Trains in `run`, from `resume` on, and asks to stop after `stop_at` steps.
pub(crate) fn train(
    config: &Config,
    run: &RunDir,
    resume: Option<Checkpoint>,
    stop_at: Option<u64>,
) -> Result<Outcome, FitError> {
    let splits = Splits::new(config, &dataset()).unwrap();
    train_on(&splits, config, run, resume, stop_at)
}

/// The same on images of the caller's choice.
pub(crate) fn train_on(
    splits: &Splits,
    config: &Config,
    run: &RunDir,
    resume: Option<Checkpoint>,
    stop_at: Option<u64>,
) -> Result<Outcome, FitError> {
    train_measured(splits, config, run, resume, stop_at, weight_sum)
}

/// The same, with the error that `measure` gives the model of each epoch.
pub(crate) fn train_measured(
    splits: &Splits,
    config: &Config,
    run: &RunDir,
    resume: Option<Checkpoint>,
    stop_at: Option<u64>,
    measure: impl FnMut(&Autoencoder, u64) -> f64,
) -> Result<Outcome, FitError> {
    train_by(fit, splits, config, run, resume, stop_at, measure)
}

/// The same, by another function than [`fit`].
pub(crate) fn train_by(
    fit: impl FnOnce(Job<'_>) -> Result<Outcome, FitError>,
    splits: &Splits,
    config: &Config,
    run: &RunDir,
    resume: Option<Checkpoint>,
    stop_at: Option<u64>,
    measure: impl FnMut(&Autoencoder, u64) -> f64,
) -> Result<Outcome, FitError> {
    let stop = AtomicBool::new(false);
    let mut stopper = StopAt(stop_at.unwrap_or(u64::MAX), &stop);
    fit(Job {
        config,
        train: &splits.train,
        labelled: splits.labelled.as_ref(),
        data_fingerprint: &fingerprint(splits.train.dataset()),
        run,
        device: &Device::Cpu,
        resume,
        evaluator: &mut HeldOut(measure),
        observers: vec![&mut stopper],
        stop: &stop,
    })
}

/// A run from beginning to end in `folder`.
pub(crate) fn whole_run(config: &Config, folder: &Path) -> RunDir {
    let run = RunDir::create_at(folder).unwrap();
    let outcome = train(config, &run, None, None).unwrap();
    // Four steps an epoch.
    let step = 4 * config.epochs;
    assert_eq!(outcome, Outcome::Finished { step });
    run
}

/// Everything that two equal runs must have alike: model, last checkpoint, metrics without times.
pub(crate) fn bytes(run: &RunDir) -> (Vec<u8>, Vec<u8>, Vec<String>) {
    let newest = load_newest(run).unwrap();
    let metrics = std::fs::read_to_string(run.metrics()).unwrap();
    let untimed = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        fields.remove("seconds");
        fields.remove("images_per_second");
        line.to_string()
    };
    (
        std::fs::read(run.model()).unwrap(),
        std::fs::read(newest.path).unwrap(),
        metrics.lines().map(untimed).collect(),
    )
}

/// The images at `positions`, with all labels that any variant could ask for.
pub(crate) fn step_batch(config: &Config, positions: &[u32], step: u64) -> StepBatch {
    let split = Split::all(&dataset());
    let labels: Vec<u8> = positions
        .iter()
        .map(|position| split.label(*position as usize))
        .collect();
    let images = split.batch(positions, &Device::Cpu).unwrap();
    let ways = config.model.categories.max(3);
    StepBatch {
        labels: labels.iter().copied().map(Some).collect(),
        labelled: Some(LabelledBatch {
            images: images.clone(),
            labels: one_hot(&labels, ways, &Device::Cpu).unwrap(),
        }),
        images,
        step,
    }
}

/// Every number of a tensor, row-major.
pub(crate) fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}
