//! Pictures of a model and its data: from tensors and runs to the slices that aae-viz draws.

mod codes;
mod losses;
mod pairs;
mod plane;
mod samples;

use std::path::Path;

use aae_models::Autoencoder;
use aae_models::prior::PriorConfig;
use aae_viz::{Picture, encode_png};
use anyhow::Context;
use candle_core::Tensor;

pub(crate) use codes::codes;
pub(crate) use losses::losses;
pub(crate) use pairs::{comparison, pairs};
pub(crate) use plane::{Grid, plane};
pub(crate) use samples::{points, samples};

/// Codes decoded at a time.
const BATCH: usize = 500;

/// A model, and what its pictures say of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) autoencoder: &'a Autoencoder,
    pub(crate) prior: &'a PriorConfig,
    /// Run and step, for the subtitles.
    pub(crate) caption: &'a str,
}

/// Writes a picture durably as PNG.
pub(crate) fn write(path: &Path, picture: &Picture) -> anyhow::Result<()> {
    let png = encode_png(picture).with_context(|| path.display().to_string())?;
    aae_train::durable::write(path, &png)?;
    Ok(())
}

/// Decodes codes `[n, latent_dim]` to images `[n, pixels]` in `[0, 1]`, both row-major.
fn decode(autoencoder: &Autoencoder, codes: &[f32]) -> candle_core::Result<Vec<f32>> {
    let dim = autoencoder.latent_dim();
    let mut pixels = Vec::new();
    for batch in codes.chunks(BATCH * dim) {
        let codes = Tensor::from_slice(batch, (batch.len() / dim, dim), autoencoder.device())?;
        pixels.extend(
            autoencoder
                .generate(&codes)?
                .flatten_all()?
                .to_vec1::<f32>()?,
        );
    }
    Ok(pixels)
}

/// A prior in the words of a subtitle.
fn drawn_from(prior: &PriorConfig) -> String {
    format!("z drawn from {}", prior.describe())
}
