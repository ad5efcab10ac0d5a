//! What is measured only when somebody asks, because it takes long: of one model by `eval`, of every seed by `experiment`.

use std::path::{Path, PathBuf};

use aae_data::{Dataset, Split};
use aae_train::data::Splits;
use anyhow::Context;
use candle_core::Device;
use clap::Args;

use super::{Metrics, images, judge, likelihood, probes};
use crate::args::DataArgs;
use crate::exit::UsageError;
use crate::trained::{self, Asked, Trained};

#[derive(Args, Clone, Debug)]
pub(crate) struct ExtraArgs {
    /// Train classifiers on the codes of the training images: linear, a network, nearest neighbours (a minute or two)
    #[arg(long)]
    pub(crate) probes: bool,
    /// Have samples judged by the classifier of this run: which classes there are, and how like the test images
    #[arg(long, value_name = "RUN")]
    pub(crate) judge: Option<PathBuf>,
}

/// All that can be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra<'a> {
    pub(crate) args: &'a ExtraArgs,
    /// Samples that the log-likelihood is estimated with.
    pub(crate) likelihood: Option<u64>,
    /// The Parzen window's standard deviation, if it is not to be chosen.
    pub(crate) window: Option<f64>,
}

impl Extra<'_> {
    /// The flag of something that is asked for, if anything is. All of it needs a decoder.
    pub(crate) fn flag(&self) -> Option<&'static str> {
        match (self.args.probes, self.likelihood, &self.args.judge) {
            (true, ..) => Some("--probes"),
            (_, Some(_), _) => Some("--likelihood"),
            (.., Some(_)) => Some("--judge"),
            _ => None,
        }
    }

    /// Errors: if there are too few images to measure; if the judge cannot be read, or is none of these images.
    pub(crate) fn check(
        &self,
        test: &Dataset,
        splits: &Splits,
        data: &DataArgs,
        device: &Device,
    ) -> anyhow::Result<()> {
        let training = ("training", splits.train.len());
        let test_images = ("test", test.len());
        for (asked, flag, needed, (which, found)) in [
            (self.args.probes, "--probes", probes::NEIGHBOURS, training),
            (self.likelihood.is_some(), "--likelihood", 2, test_images),
            (self.args.judge.is_some(), "--judge", 2, test_images),
        ] {
            if asked && found < needed {
                return Err(UsageError(format!(
                    "{flag}: expected at least {needed} {which} images, found {found}; \
                     leave the flag out, or name other images with --data DIR"
                ))
                .into());
            }
        }
        match &self.args.judge {
            Some(judge) => judge::check(&load_judge(judge, data, device)?, test),
            None => Ok(()),
        }
    }

    /// What is asked for, of the model in this folder.
    pub(crate) fn of_run(
        &self,
        folder: &Path,
        data: &DataArgs,
        device: &Device,
    ) -> anyhow::Result<Metrics> {
        let model = trained::load(Some(folder), Asked::Decoder, data, device)?;
        let (test, splits) = images(&model, data)?;
        self.measure(&model, &splits, &test, data, device)
    }

    /// What is asked for, of this model on these images.
    ///
    /// Errors: as each of the measures.
    pub(super) fn measure(
        &self,
        model: &Trained,
        splits: &Splits,
        test: &Split,
        data: &DataArgs,
        device: &Device,
    ) -> anyhow::Result<Metrics> {
        let mut metrics = Metrics::new();
        if self.args.probes {
            metrics.extend(probes::probes(model, splits, test).context("--probes")?);
        }
        if let Some(samples) = self.likelihood {
            let found = likelihood::likelihood(model, splits, test, samples, self.window);
            metrics.extend(found.context("--likelihood")?);
        }
        if let Some(judge) = &self.args.judge {
            let judge = load_judge(judge, data, device)?;
            metrics.extend(judge::judged(model, &judge, test)?);
        }
        Ok(metrics)
    }
}

fn load_judge(run: &Path, data: &DataArgs, device: &Device) -> anyhow::Result<Trained> {
    trained::load(Some(run), Asked::Anything, data, device)
}
