//! An algorithm that the crate does not know is trained, interrupted and resumed like those that it does.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

use aae_models::{Autoencoder, Pass, ReconstructionLoss};
use aae_ops::Param;
use aae_train::checkpoint::{Checkpoint, load_newest};
use aae_train::config::Config;
use aae_train::data::Splits;
use aae_train::model_file::ModelFile;
use aae_train::run_dir::RunDir;
use aae_train::state::{Counters, capture, restore};
use aae_train::tensor_file::Tensors;
use aae_train::variants::{StepBatch, StepLosses, Variant, build};
use aae_train::{FitError, Outcome, Phase, fit_variant};
use candle_core::Device;
use common::{IMAGE, bytes, config, dataset, numbers, step_batch, train_by};

/// An autoencoder whose codes are pulled to the origin by their squares, and not by a game.
struct Pulled {
    seed: u64,
    loss: ReconstructionLoss,
    autoencoder: Autoencoder,
    phase: Phase,
}

impl Pulled {
    fn new(config: &Config) -> Self {
        let (label, seed) = (config.variant.label_use(), config.seed);
        let autoencoder =
            Autoencoder::new(&config.model, IMAGE, label, seed, &Device::Cpu).unwrap();
        let optimizer = &config.optimizer.reconstruction;
        Self {
            seed,
            loss: config.loss.reconstruction,
            phase: Phase::new("pulled", autoencoder.params(), optimizer).unwrap(),
            autoencoder,
        }
    }
}

impl Variant for Pulled {
    fn step(&mut self, batch: &StepBatch) -> candle_core::Result<StepLosses> {
        let StepBatch { images, step, .. } = batch;
        let pass = Pass::tracking(self.seed, "pulled", *step);
        let style = self.autoencoder.encoder().forward(images, pass)?.style;
        let decoder = self.autoencoder.decoder();
        let reconstruction = decoder.reconstruction_loss(&style, None, images, self.loss)?;
        let pull = style.sqr()?.mean_all()?;
        self.phase.update(&(&reconstruction + &pull)?)?;
        Ok(vec![
            ("reconstruction", reconstruction.detach()),
            ("pull", pull.detach()),
        ])
    }

    fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder
    }

    fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)> {
        Vec::new()
    }

    fn phases(&mut self) -> Vec<&mut Phase> {
        vec![&mut self.phase]
    }
}

/// Trains `own` in `run`, from `resume` on, and asks to stop after `stop_at` steps.
fn train(
    own: &mut Pulled,
    config: &Config,
    run: &RunDir,
    resume: Option<Checkpoint>,
    stop_at: Option<u64>,
) -> Result<Outcome, FitError> {
    let splits = Splits::new(config, &dataset()).unwrap();
    train_by(
        |job| fit_variant(job, own),
        &splits,
        config,
        run,
        resume,
        stop_at,
        |_, _| 1.0,
    )
}

#[test]
fn an_algorithm_of_ones_own_is_trained_and_resumed_to_the_same_bytes() {
    let config = config("ae", &[]);
    let folder = tempfile::tempdir().unwrap();
    let whole = RunDir::create_at(&folder.path().join("whole")).unwrap();
    let mut own = Pulled::new(&config);
    let finished = train(&mut own, &config, &whole, None, None).unwrap();
    assert_eq!(finished, Outcome::Finished { step: 12 });
    let (_, _, metrics) = bytes(&whole);
    assert!(metrics[0].contains("\"pull\""), "{}", metrics[0]);
    assert!(metrics[0].contains("\"pulled\""), "{}", metrics[0]);

    let run = RunDir::create_at(&folder.path().join("stopped")).unwrap();
    let stopped = train(&mut Pulled::new(&config), &config, &run, None, Some(7)).unwrap();
    assert_eq!(stopped, Outcome::Stopped { step: 7 });
    let resume = Some(load_newest(&run).unwrap().checkpoint);
    train(&mut Pulled::new(&config), &config, &run, resume, None).unwrap();
    assert_eq!(bytes(&whole), bytes(&run));

    // What it has and what it leaves are the same networks.
    let images = step_batch(&config, &[0, 1, 2], 0).images;
    let codes = |autoencoder: &Autoencoder| numbers(&autoencoder.encode(&images).unwrap().style);
    let model = ModelFile::read(&whole.model()).unwrap();
    let left = model.autoencoder(&Device::Cpu).unwrap();
    assert_eq!(codes(&left), codes(&own.autoencoder));
}

#[test]
fn a_configuration_that_nobody_has_checked_is_refused_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    let mut config = config("ae", &[]);
    let mut own = Pulled::new(&config);
    config.log_every = 0;
    let error = train(&mut own, &config, &run, None, None).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(!run.metrics().exists());
}

/// The state of a variant after another step.
fn stepped(variant: &mut dyn Variant, config: &Config, step: u64) -> (Tensors, Counters) {
    let positions: Vec<u32> = (0..12).collect();
    variant.step(&step_batch(config, &positions, step)).unwrap();
    capture(variant).unwrap()
}

#[test]
fn a_loop_of_ones_own_goes_on_with_what_was_captured() {
    let config = config("aae", &[]);
    let fresh = || build(&config, IMAGE, &Device::Cpu).unwrap();
    let (mut whole, mut resumed) = (fresh(), fresh());
    let (tensors, counters) = stepped(whole.as_mut(), &config, 0);
    restore(resumed.as_mut(), &tensors, &counters).unwrap();
    let whole = stepped(whole.as_mut(), &config, 1);
    assert!(whole == stepped(resumed.as_mut(), &config, 1));
    assert!(whole.0 != tensors);
}
