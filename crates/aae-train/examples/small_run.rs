//! Trains a small adversarial autoencoder on 2,000 images of MNIST, without the program around it.
#![allow(clippy::print_stdout)] // An example talks to whoever runs it.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aae_data::{load, locate};
use aae_train::config::{Config, Override};
use aae_train::data::{Splits, fingerprint};
use aae_train::observer::{Observer, StepReport};
use aae_train::run_dir::RunDir;
use aae_train::{Job, fit};
use candle_core::Device;

struct PrintLosses;

impl Observer for PrintLosses {
    fn on_step(&mut self, report: &StepReport<'_>) {
        if let Some(line) = report.line {
            println!("step {}: {:.4?}", report.step, line.losses);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let settings = [
        "model.encoder.hidden=[200, 200]",
        "model.decoder.hidden=[200, 200]",
        "model.discriminator.hidden=[200, 200]",
        "data.limit_train=2000",
        "epochs=10",
    ];
    let config = Config::resolve("aae", None, &settings.map(Override::set))?;
    let training = Arc::new(load(&locate(None, None)?)?.train);
    let splits = Splits::new(&config, &training)?;
    let folder = std::env::temp_dir().join(format!("aae-small-run-{}", std::process::id()));
    let run = RunDir::create_at(&folder)?;
    run.write_config(&config)?;
    fit(Job {
        config: &config,
        train: &splits.train,
        labelled: splits.labelled.as_ref(),
        data_fingerprint: &fingerprint(&training),
        run: &run,
        device: &Device::Cpu,
        resume: None,
        evaluator: &mut (),
        observers: vec![&mut PrintLosses],
        stop: &AtomicBool::new(false),
    })?;
    println!("the model is in {}", folder.display());
    Ok(())
}
