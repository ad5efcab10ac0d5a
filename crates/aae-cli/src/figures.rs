//! The pictures that a run leaves in `figures/`: of its last epoch, and of others in folders of their own.

use std::path::Path;

use aae_data::Split;
use aae_eval::represent_all;
use aae_models::{Autoencoder, LabelUse};
use aae_ops::stream::stream;
use aae_train::config::Config;
use aae_train::metrics;
use aae_train::observer::{EpochReport, Observer};
use aae_train::run_dir::RunDir;
use aae_viz::Picture;

use crate::pictures::{self, Grid, Subject};
use crate::text;
use crate::trained::shown_name;

/// Draws one figure.
type Draw<'a> = &'a dyn Fn() -> anyhow::Result<Picture>;

/// Samples in `samples.png`.
const SAMPLES: usize = 100;
/// Rows of `styles.png`.
const STYLES: usize = 10;

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
        let label = autoencoder.label_use();
        let decodes = self.config.variant.has_decoder();
        let tells = decodes && matches!(label, LabelUse::Given | LabelUse::Inferred);
        let figures: [(&str, bool, Draw<'_>); 7] = [
            ("reconstructions.png", decodes, &|| {
                pictures::pairs(&subject, self.test)
            }),
            ("latent.png", decodes, &|| {
                let codes = represent_all(autoencoder, self.test)?;
                pictures::codes(&subject, &codes, &self.test.labels())
            }),
            ("manifold.png", decodes && !tells, &|| {
                let grid = Grid::around_model(autoencoder, subject.prior)?;
                pictures::plane(&subject, grid, None)
            }),
            ("styles.png", tells, &|| {
                let mut rng = stream(self.config.seed, "figures.styles", 0);
                pictures::random_styles(&subject, STYLES, &mut rng)
            }),
            ("clusters.png", decodes && label.is_inferred(), &|| {
                pictures::clusters(&subject, self.test)
            }),
            ("samples.png", decodes, &|| {
                let mut rng = stream(self.config.seed, "figures.samples", 0);
                pictures::samples(&subject, SAMPLES, None, &mut rng)
            }),
            ("losses.png", true, &|| {
                let lines = metrics::read(&self.run.metrics())?;
                pictures::losses(self.config, &lines, &caption)
            }),
        ];
        for (name, _, draw) in figures.into_iter().filter(|(_, due, _)| *due) {
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
