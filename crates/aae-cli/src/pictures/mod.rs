//! Pictures of a model and its data: from tensors and runs to the slices that aae-viz draws.
//!
//! Each function asks the networks, and returns a [`Drawing`]: what is left to do with the numbers, here or on another thread.

mod clusters;
mod codes;
mod losses;
mod pairs;
mod plane;
mod samples;
mod styles;

use std::path::Path;

use aae_models::{Autoencoder, LabelUse, one_hot};
use aae_ops::stream::Stream;
use aae_train::config::Config;
use aae_viz::{Picture, encode_png};
use anyhow::Context;
use candle_core::{DType, Tensor};

pub(crate) use clusters::clusters;
pub(crate) use codes::codes;
pub(crate) use losses::losses;
pub(crate) use pairs::{comparison, pairs, reconstructed, restorations, restored};
pub(crate) use plane::{Grid, plane};
pub(crate) use samples::{points, samples};
pub(crate) use styles::{random_styles, styles_of};

/// Codes decoded at a time.
const BATCH: usize = 500;

/// Columns of a picture of a few images.
const COLUMNS: usize = 10;

/// Columns for so many images: ten, or a multiple of it where a hundred rows would not do, so that no picture is too tall to be drawn.
pub(crate) fn columns(images: usize) -> usize {
    columns_of(COLUMNS, images)
}

/// As [`columns`], with `few` for ten.
fn columns_of(few: usize, images: usize) -> usize {
    let hundreds_of_rows = images as f64 / (100 * few) as f64;
    few * hundreds_of_rows.sqrt().ceil().max(1.0) as usize
}

/// Images along a side of a picture, if nobody says how many: `most`, or of large ones so few, but no fewer than `least`, that the picture
/// is not much larger than others. `image` is the height and width of one.
pub(crate) fn along(image: (usize, usize), least: usize, most: usize) -> usize {
    const PIXELS: usize = 2_400;
    (PIXELS / image.0.max(image.1).max(1)).clamp(least, most)
}

/// A model, and what its pictures say of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) autoencoder: &'a Autoencoder,
    /// That of its run.
    pub(crate) config: &'a Config,
    /// Run and step, for the subtitles.
    pub(crate) caption: &'a str,
}

impl Subject<'_> {
    /// What is said behind a prior that the codes were not made to follow.
    fn purpose(&self) -> &'static str {
        match self.config.variant.is_adversarial() {
            true => "",
            false => ", for comparison",
        }
    }

    /// What one of its labels is called.
    fn label_name(&self) -> &'static str {
        match self.config.infers_clusters() {
            true => "cluster",
            false => "label",
        }
    }

    /// Labels that a sample can be asked for: those that the decoder is told, or those that have their place in the prior.
    pub(crate) fn labels(&self) -> usize {
        self.config.model.categories
    }

    /// A label for each of `n` samples: each of the model's in turn.
    pub(crate) fn in_turn(&self, n: usize) -> Vec<u8> {
        let labels = self.labels().max(1);
        (0..n).map(|i| (i % labels) as u8).collect()
    }

    /// What a decoder is told beside codes that somebody chose: `label`, or else label 0; without any, one with cluster heads is told
    /// nothing, for the codes are places between them.
    fn told_of_codes(&self, label: Option<u8>) -> Told<'static> {
        match (label, self.autoencoder.label_use()) {
            (_, LabelUse::Absent) | (None, LabelUse::Heads) => Told::Nothing,
            (label, _) => Told::All(label.unwrap_or(0)),
        }
    }

    /// The caption, and the label that the decoder was told for all codes.
    fn caption_with(&self, told: Told<'_>) -> String {
        match told {
            Told::All(label) => format!("{} · {} {label}", self.caption, self.label_name()),
            Told::Labels(_) | Told::Nothing => self.caption.to_owned(),
        }
    }

    /// A draw of the prior for each of `labels`, `[n, latent_dim]`: from its own component, where labels have theirs.
    fn draw(&self, labels: &[u8], rng: &mut Stream) -> anyhow::Result<Vec<f32>> {
        let prior = &self.config.prior;
        if !self.config.variant.places_labels() {
            let dim = self.autoencoder.latent_dim();
            return Ok(prior.sample(labels.len(), dim, rng));
        }
        let components: Vec<usize> = labels.iter().copied().map(usize::from).collect();
        let (draws, name) = (prior.sample_components(&components, rng), prior.describe());
        draws.with_context(|| format!("{name}: expected a component for each label"))
    }
}

/// A picture whose numbers are all there. It has no part in the networks any more, which may move on.
pub(crate) type Drawing = Box<dyn FnOnce() -> anyhow::Result<Picture> + Send>;

/// Draws a picture, and writes it durably as PNG.
pub(crate) fn write(path: &Path, drawing: Drawing) -> anyhow::Result<()> {
    let png = encode_png(&drawing()?).with_context(|| path.display().to_string())?;
    aae_train::durable::write(path, &png)?;
    Ok(())
}

/// What a decoder is told beside the codes.
#[derive(Clone, Copy, Debug)]
enum Told<'a> {
    /// One label for each code, where the decoder has labels; nothing to a decoder that has none.
    Labels(&'a [u8]),
    /// The same label for every code.
    All(u8),
    /// No label at all: the codes are places between the heads of a decoder that has them.
    Nothing,
}

/// Decodes codes `[n, latent_dim]` to images `[n, pixels]` in `[0, 1]`, both row-major.
fn decode(
    autoencoder: &Autoencoder,
    codes: &[f32],
    told: Told<'_>,
) -> candle_core::Result<Vec<f32>> {
    let (dim, ways) = (autoencoder.latent_dim(), autoencoder.categories());
    let has_label = autoencoder.label_use() != LabelUse::Absent;
    let mut pixels = Vec::new();
    for (i, batch) in codes.chunks(BATCH * dim).enumerate() {
        let n = batch.len() / dim;
        let device = autoencoder.device();
        let codes = Tensor::from_slice(batch, (n, dim), device)?;
        let label = match told {
            _ if !has_label => None,
            Told::Labels(labels) => Some(one_hot(&labels[i * BATCH..][..n], ways, device)?),
            Told::All(label) => Some(one_hot(&vec![label; n], ways, device)?),
            Told::Nothing => Some(Tensor::zeros((n, ways), DType::F32, device)?),
        };
        pixels.extend(
            autoencoder
                .generate(&codes, label.as_ref())?
                .flatten_all()?
                .to_vec1::<f32>()?,
        );
    }
    Ok(pixels)
}

/// Images made from `n` draws of the prior, `[n, pixels]`, of each of the model's labels in turn.
pub(crate) fn generate(
    subject: &Subject<'_>,
    n: usize,
    rng: &mut Stream,
) -> anyhow::Result<Vec<f32>> {
    let labels = subject.in_turn(n);
    let codes = subject.draw(&labels, rng)?;
    Ok(decode(subject.autoencoder, &codes, Told::Labels(&labels))?)
}

/// Where codes are drawn, in the words of a subtitle.
fn drawn_from(subject: &Subject<'_>) -> String {
    let (prior, purpose) = (subject.config.prior.describe(), subject.purpose());
    format!("z drawn from {prior}{purpose}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trained::tiny;

    #[test]
    fn what_a_model_infers_without_a_label_are_clusters() {
        let name = |preset: &str| tiny::untrained(preset).subject().label_name();
        assert_eq!(name("clustering-16"), "cluster");
        assert_eq!(name("reduction-2d-unsupervised"), "cluster");
        for preset in ["reduction-2d-100", "semi-supervised-100", "supervised"] {
            assert_eq!(name(preset), "label", "{preset}");
        }
    }

    #[test]
    fn many_images_make_a_wider_picture_before_they_make_one_too_tall() {
        let shapes = [1, 30, 1_000, 1_001, 4_000, 10_000, 22_000].map(columns);
        assert_eq!(shapes, [10, 10, 10, 20, 20, 40, 50]);
    }

    #[test]
    fn large_images_make_pictures_of_fewer() {
        let images = [(28, 28), (64, 120), (20, 300), (1_000, 1_500)];
        assert_eq!(images.map(|image| along(image, 3, 20)), [20, 20, 8, 3]);
    }
}
