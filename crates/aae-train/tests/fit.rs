//! What the loop does around a step: the precision, the learning rates, when it evaluates, the checkpoint of the best model.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

use std::sync::atomic::AtomicBool;

use aae_models::Autoencoder;
use aae_ops::{Precision, with_precision};
use aae_train::checkpoint::{BestValidation, load_newest};
use aae_train::data::{Splits, fingerprint};
use aae_train::metrics::{Line, read};
use aae_train::observer::{EpochReport, Observer};
use aae_train::run_dir::RunDir;
use aae_train::{Job, fit};
use candle_core::Device;
use common::{config, dataset, numbers, step_batch, train_measured, whole_run};

#[test]
fn a_run_computes_in_the_precision_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = |precision: &str| {
        let precise = format!("precision={precision}");
        // Narrower layers keep single precision.
        let config = config("aae", &["model.discriminator.hidden=[40, 40]", &precise]);
        let run = whole_run(&config, &folder.path().join(precision));
        load_newest(&run).unwrap().checkpoint.tensors
    };
    assert!(tensors("f32") != tensors("bf16"));
}

#[test]
fn evaluations_are_in_single_precision_every_so_many_epochs_and_after_the_last() {
    let settings = [
        // Narrower layers keep single precision anyway.
        "model.encoder.hidden=[40, 40]",
        "precision=bf16",
        "epochs=5",
        "evaluate_every=2",
    ];
    let config = config("ae", &settings);
    let splits = Splits::new(&config, &dataset()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    let images = step_batch(&config, &[0, 1, 2, 3], 0).images;
    let mut epochs = Vec::new();
    let measure = |autoencoder: &Autoencoder, epoch: u64| -> f64 {
        let codes = || numbers(&autoencoder.encode(&images).unwrap().style);
        assert_eq!(codes(), with_precision(Precision::F32, codes));
        // So the layers are wide enough to tell.
        assert_ne!(codes(), with_precision(Precision::Bf16, codes));
        epochs.push(epoch);
        0.0
    };
    train_measured(&splits, &config, &run, None, None, measure).unwrap();
    assert_eq!(epochs, [2, 4, 5]);
}

/// After which epochs figures were due.
#[derive(Default)]
struct Figures(Vec<u64>);

impl Observer for Figures {
    fn on_epoch_end(&mut self, report: &EpochReport<'_>) {
        self.0.extend(report.figures_due.then_some(report.epoch));
    }
}

#[test]
fn figures_are_due_every_so_many_epochs_and_after_the_last() {
    let due = |every: &str| {
        let config = config("ae", &["epochs=5", every]);
        let splits = Splits::new(&config, &dataset()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create_at(&folder.path().join("run")).unwrap();
        let mut figures = Figures::default();
        fit(Job {
            config: &config,
            train: &splits.train,
            labelled: None,
            data_fingerprint: &fingerprint(splits.train.dataset()),
            run: &run,
            device: &Device::Cpu,
            resume: None,
            evaluator: &mut (),
            observers: vec![&mut figures],
            stop: &AtomicBool::new(false),
        })
        .unwrap();
        figures.0
    };
    assert_eq!(due("figures_every=2"), [2, 4, 5]);
    assert_eq!(due("figures_every=0"), [5]);
}

#[test]
fn every_phase_follows_its_schedule_step_by_step() {
    let config = config(
        "aae",
        &[
            "log_every=1",
            "optimizer.reconstruction.schedule={kind=\"cosine\", floor=0.1}",
            "optimizer.discriminator.schedule={kind=\"step\", at_epochs=[1, 2], factor=0.5}",
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let run = whole_run(&config, &folder.path().join("run"));
    let lines = read(&run.metrics()).unwrap();
    let rates = lines.into_iter().filter_map(|line| match line {
        Line::Train(line) => Some((line.step, line.lr)),
        Line::Evaluation(_) => None,
    });
    let rates: Vec<_> = rates.collect();
    assert_eq!(rates.len(), 12);
    let phases = [
        ("reconstruction", &config.optimizer.reconstruction),
        ("discriminator", &config.optimizer.discriminator),
    ];
    for (step, rates) in rates {
        for (phase, optimizer) in phases {
            let factor = optimizer.schedule.factor(step - 1, 4, 12);
            assert_eq!(rates[phase], optimizer.lr * factor, "{phase}, step {step}");
        }
    }
}

#[test]
fn the_best_model_on_held_out_images_is_kept_and_known() {
    let config = config("aae", &["checkpoint_every=1000"]);
    let splits = Splits::new(&config, &dataset()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    let errors = |_: &_, epoch| [3.0, 1.0, 2.0][epoch as usize - 1];
    train_measured(&splits, &config, &run, None, None, errors).unwrap();
    let (step, error) = (8, 1.0);
    let newest = load_newest(&run).unwrap().checkpoint.meta;
    assert_eq!(newest.step, 12);
    assert_eq!(newest.best, Some(BestValidation { step, error }));
    assert!(run.checkpoint(step).exists());
}
