//! The pictures that a run leaves in `figures/`: of its last epoch, and of others in folders of their own.
//!
//! The networks are asked when the pictures are due, in the training's own thread and on its pool; drawing and encoding, which
//! is most of the time, goes on beside the next steps.

use std::path::Path;
use std::time::{Duration, Instant};

use aae_data::Split;
use aae_eval::represent_all;
use aae_models::{Autoencoder, LabelUse};
use aae_ops::stream::stream;
use aae_train::config::Config;
use aae_train::metrics;
use aae_train::observer::{EpochReport, Observer};
use aae_train::run_dir::RunDir;

mod painter;

use painter::{Painter, Sheet};

use crate::pictures::{self, Drawing, Grid, Subject};
use crate::text;
use crate::trained::shown_name;

/// Asks the networks for what one figure shows.
type Ask<'a> = &'a dyn Fn() -> anyhow::Result<Drawing>;

/// Samples along a side of `samples.png`, and the fewest of large images.
const SAMPLES: usize = 10;
const FEWEST_SAMPLES: usize = 2;
/// Rows of `styles.png`.
const STYLES: usize = 10;

/// Draws the figures of a run when they are due. [`finish`](Self::finish), or dropping it, waits for those that are still being drawn.
#[derive(Debug)]
pub(crate) struct Figures<'a> {
    run: &'a RunDir,
    config: &'a Config,
    test: &'a Split,
    painter: Painter,
    /// How long training has waited.
    waited: Duration,
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
        let began = Instant::now();
        let sheet = self.sheet(report.autoencoder, report.step, &folder);
        self.painter.paint(sheet);
        self.waited += began.elapsed();
    }
}

impl<'a> Figures<'a> {
    pub(crate) fn new(run: &'a RunDir, config: &'a Config, test: &'a Split) -> Self {
        Self {
            run,
            config,
            test,
            painter: Painter::start(),
            waited: Duration::ZERO,
        }
    }

    /// Waits for the figures that are still being drawn. How long training has waited for figures, this time included.
    pub(crate) fn finish(self) -> Duration {
        let began = Instant::now();
        drop(self.painter);
        self.waited + began.elapsed()
    }

    /// Every figure of the networks as they are now, but for the drawing; one that fails is only warned of.
    fn sheet(&self, autoencoder: &Autoencoder, step: u64, folder: &Path) -> Sheet {
        let caption = caption(&shown_name(self.run), step);
        let subject = Subject {
            autoencoder,
            config: self.config,
            caption: &caption,
        };
        let label = autoencoder.label_use();
        let decodes = self.config.variant.has_decoder();
        let corrupts = self.config.corruption.corrupts();
        let tells = decodes && matches!(label, LabelUse::Given | LabelUse::Inferred);
        let figures: [(&str, bool, Ask<'_>); 8] = [
            ("reconstructions.png", decodes, &|| {
                pictures::pairs(&subject, self.test)
            }),
            ("denoised.png", decodes && corrupts, &|| {
                pictures::restorations(&subject, self.test)
            }),
            ("latent.png", decodes, &|| {
                let codes = represent_all(autoencoder, self.test)?;
                Ok(pictures::codes(&subject, &codes, &self.test.labels()))
            }),
            ("manifold.png", decodes && !tells, &|| {
                let grid = Grid::around_model(autoencoder, &self.config.prior)?;
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
                let image = autoencoder.image();
                let (shape, least) = ((image.height, image.width), FEWEST_SAMPLES);
                let along = pictures::along(shape, least, SAMPLES);
                pictures::samples(&subject, along * along, None, &mut rng)
            }),
            ("losses.png", true, &|| {
                let lines = metrics::read(&self.run.metrics())?;
                Ok(pictures::losses(self.config, lines, &caption))
            }),
        ];
        let mut drawings = Vec::new();
        for (name, _, ask) in figures.into_iter().filter(|(_, due, _)| *due) {
            let path = folder.join(name);
            match ask() {
                Ok(drawing) => drawings.push((path, drawing)),
                Err(error) => painter::not_drawn(&path, &error),
            }
        }
        Sheet {
            folder: folder.to_path_buf(),
            drawings,
        }
    }
}

/// What pictures of a model say of it.
pub(crate) fn caption(name: &str, step: u64) -> String {
    format!("{name}, {}", text::plural(step, "step"))
}
