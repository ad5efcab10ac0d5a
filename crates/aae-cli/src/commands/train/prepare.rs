//! All that training needs and that can fail before anything is written: data, splits, device.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use aae_data::{Split, TrainTest, steps_per_epoch};
use aae_models::ImageShape;
use aae_train::config::Config;
use aae_train::data::{Splits, fingerprint};
use aae_train::device::check_precision;
use aae_train::environment::Environment;
use aae_train::{WarmStart, memory, variants};

use crate::args::DataArgs;
use crate::briefing::Beginning;
use crate::data;
use crate::device::{DeviceArgs, Place};
use crate::trained::run_path;

/// A configuration that fits its data, on an open device.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// When this began.
    pub(crate) began: Instant,
    pub(crate) config: Config,
    pub(crate) place: Place,
    pub(crate) splits: Splits,
    pub(crate) test: Split,
    pub(crate) fingerprint: String,
    pub(crate) data: PathBuf,
    /// Described here, before any folder is locked: to ask git, another process is started, which would for a moment hold the lock.
    pub(crate) environment: Environment,
    /// Whether figures are drawn when they are due.
    pub(crate) figures: bool,
}

impl Prepared {
    /// `run` is the folder of a run that goes on, with its own data.
    pub(crate) fn new(
        config: Config,
        data: &DataArgs,
        run: Option<&Path>,
        place: &DeviceArgs,
    ) -> anyhow::Result<Self> {
        let began = Instant::now();
        let place = place.open()?;
        check_precision(config.precision, &place.device)?;
        let found = data::of_run(data.data.as_deref(), run)?;
        let TrainTest { train, test } = found.data;
        let image = data::image_shape(&train);
        config.validate_for(train.len(), train.classes(), image)?;
        // What trains on another device does not train in this memory.
        if place.device.is_cpu() {
            memory::check(&config, image)?;
        }
        let training = Arc::new(train);
        let environment = Environment {
            // JSON holds no path that is not UTF-8: such a run does not remember its data.
            data: std::fs::canonicalize(&found.dir)
                .ok()
                .filter(|dir| dir.to_str().is_some()),
            data_fingerprint: Some(found.fingerprint.clone()),
            test_fingerprint: Some(fingerprint(&test)),
            ..Environment::gather(place.threads, &place.name, config.seed)
        };
        Ok(Self {
            began,
            splits: Splits::new(&config, &training)?,
            fingerprint: found.fingerprint,
            environment,
            test: Split::all(&test.into()),
            data: found.dir,
            config,
            place,
            figures: true,
        })
    }

    pub(crate) fn steps_per_epoch(&self) -> u64 {
        steps_per_epoch(self.splits.train.len(), self.config.batch_size) as u64
    }

    /// What is to be said before training, but for the networks and the steps done.
    pub(crate) fn beginning<'a>(&'a self, folder: &'a Path) -> Beginning<'a> {
        let train = &self.splits.train;
        let steps_per_epoch = self.steps_per_epoch();
        Beginning {
            config: &self.config,
            data: &self.data,
            training_images: train.len(),
            labelled_images: self.splits.labelled.as_ref().map_or(0, Split::len),
            validation_images: self.splits.validation.as_ref().map_or(0, Split::len),
            test_images: self.test.len(),
            image: (train.dataset().height(), train.dataset().width()),
            folder,
            device: &self.place.name,
            threads: self.place.threads,
            parameters: &[],
            steps_per_epoch,
            total_steps: self.config.total_steps(steps_per_epoch),
            step: 0,
        }
    }

    /// What the run begins with, if that is another's networks.
    pub(crate) fn warm_start(&self) -> anyhow::Result<Option<WarmStart>> {
        let config = &self.config;
        let Some(named) = config.warm_start_folder() else {
            return Ok(None);
        };
        let (from, image) = (run_path(&named), self.image());
        self.place.run(|device| {
            let start = WarmStart::new(config, &from, image, device, &self.fingerprint)?;
            Ok(Some(start))
        })
    }

    fn image(&self) -> ImageShape {
        data::image_shape(self.test.dataset())
    }

    /// Parameters per network.
    pub(crate) fn parameters(&self) -> anyhow::Result<Vec<(String, usize)>> {
        self.place.run(|device| {
            let variant = variants::build(&self.config, self.image(), device)?;
            Ok(variant.parameters())
        })
    }
}
