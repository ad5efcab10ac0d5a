//! The pictures that a run leaves in `figures/`: of its last epoch, and of others in folders of their own.

use std::path::Path;

use aae_data::Split;
use aae_eval::encode_all;
use aae_models::Autoencoder;
use aae_ops::stream::stream;
use aae_train::config::Config;
use aae_train::metrics;
use aae_train::observer::{EpochReport, Observer};
use aae_train::run_dir::RunDir;
use aae_viz::Picture;

use crate::pictures::{self, Grid, Subject};
use crate::text;
use crate::trained::shown_name;

/// Samples in `samples.png`.
const SAMPLES: usize = 100;

/// Draws the figures of a run when they are due.
#[derive(Debug)]
pub(crate) struct Figures<'a> {
    pub(crate) run: &'a RunDir,
    pub(crate) config: &'a Config,
    pub(crate) test: &'a Split,
}

impl Observer for Figures<'_> {
    fn on_epoch_end(&mut self, report: &EpochReport<'_>) {
        if !report.figures_due {
            return;
        }
        let folder = match report.last {
            true => self.run.figures(),
            false => self.run.epoch_figures(report.epoch),
        };
        let began = std::time::Instant::now();
        if let Err(error) = std::fs::create_dir_all(&folder) {
            tracing::warn!("{}: could not create the folder: {error}", folder.display());
            return;
        }
        self.draw(report.autoencoder, report.step, &folder);
        tracing::debug!("figures took {:.2} s", began.elapsed().as_secs_f64());
    }
}

impl Figures<'_> {
    /// Draws every figure; one that fails is only warned of.
    fn draw(&self, autoencoder: &Autoencoder, step: u64, folder: &Path) {
        let caption = caption(&shown_name(self.run), step);
        let subject = Subject {
            autoencoder,
            prior: &self.config.prior,
            caption: &caption,
        };
        let figures: [(&str, &dyn Fn() -> anyhow::Result<Picture>); 5] = [
            ("reconstructions.png", &|| {
                pictures::pairs(&subject, self.test)
            }),
            ("latent.png", &|| {
                let codes = encode_all(autoencoder, self.test)?;
                pictures::codes(&subject, &codes, &self.test.labels())
            }),
            ("manifold.png", &|| {
                pictures::plane(&subject, Grid::around(subject.prior))
            }),
            ("samples.png", &|| {
                let mut rng = stream(self.config.seed, "figures.samples", 0);
                pictures::samples(&subject, SAMPLES, &mut rng)
            }),
            ("losses.png", &|| {
                let lines = metrics::read(&self.run.metrics())?;
                pictures::losses(self.config, &lines, &caption)
            }),
        ];
        for (name, draw) in figures {
            let path = folder.join(name);
            match draw().and_then(|picture| pictures::write(&path, &picture)) {
                Ok(()) => tracing::debug!("wrote {}", path.display()),
                Err(error) => tracing::warn!("{}: not drawn: {error:#}", path.display()),
            }
        }
    }
}

/// What pictures of a model say of it.
pub(crate) fn caption(name: &str, step: u64) -> String {
    format!("{name}, {}", text::plural(step, "step"))
}
