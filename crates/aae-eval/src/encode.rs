//! The codes of a data set: the walk that every metric on codes starts from.

use aae_data::{Dataset, Split};
use aae_models::{Autoencoder, LabelUse, Pass, one_hot};
use candle_core::Tensor;

use crate::EvalError;

/// Images in one pass through the network.
const BATCH: usize = 500;

/// The codes of all images of `split`, in its order: `[n, latent_dim]`, row-major.
///
/// Errors: if the images have another size than the autoencoder's, or the network fails.
pub fn encode_all(autoencoder: &Autoencoder, split: &Split) -> Result<Vec<f32>, EvalError> {
    rows(autoencoder, split, |images, pass| {
        Ok(autoencoder.encoder().forward(images, pass)?.style)
    })
}

/// Where all images of `split` lie in the space that the decoder sees, in its order: `[n, latent_dim]`, row-major. With cluster
/// heads that is `W_C·y + z`, otherwise the codes themselves.
///
/// Errors: as [`encode_all`].
pub fn represent_all(autoencoder: &Autoencoder, split: &Split) -> Result<Vec<f32>, EvalError> {
    if autoencoder.label_use() != LabelUse::Heads {
        return encode_all(autoencoder, split);
    }
    rows(autoencoder, split, |images, pass| {
        let latent = autoencoder.encoder().forward(images, pass)?;
        let label = autoencoder.label(&latent, None)?;
        autoencoder.decoder().input(&latent.style, label.as_ref())
    })
}

/// What the encoder infers of all images of `split`, in its order: the logits of each label or cluster, `[n, categories]`, row-major.
///
/// Errors: as [`encode_all`]; if the encoder infers no label.
pub fn label_logits_all(autoencoder: &Autoencoder, split: &Split) -> Result<Vec<f32>, EvalError> {
    rows(autoencoder, split, |images, pass| {
        autoencoder.encoder().label_logits(images, pass)
    })
}

/// The last hidden layer of the encoder for all images of `split`, in its order: `[n, units]`, row-major.
///
/// Errors: as [`encode_all`].
pub fn features_all(autoencoder: &Autoencoder, split: &Split) -> Result<Vec<f32>, EvalError> {
    rows(autoencoder, split, |images, pass| {
        autoencoder.encoder().features(images, pass)
    })
}

/// The rows that `of` gives for all images of `split`, in its order, row-major. `of` gets `[B, pixels]` of each batch, and how the encoder is
/// walked through with it.
fn rows(
    autoencoder: &Autoencoder,
    split: &Split,
    of: impl Fn(&Tensor, Pass) -> candle_core::Result<Tensor>,
) -> Result<Vec<f32>, EvalError> {
    let mut rows = Vec::new();
    for_each_batch(autoencoder, split, |images, batch| {
        let found = of(images, batch.pass())?.detach();
        rows.extend(found.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    })?;
    Ok(rows)
}

/// The labels of some images of `split` for a decoder that is given them; nothing for any other.
///
/// Errors: if a label is not among the decoder's.
///
/// # Panics
/// If a position is not below `split.len()`.
pub fn given_labels(
    autoencoder: &Autoencoder,
    split: &Split,
    positions: &[u32],
) -> Result<Option<Tensor>, EvalError> {
    if autoencoder.label_use() != LabelUse::Given {
        return Ok(None);
    }
    let (ways, device) = (autoencoder.categories(), autoencoder.device());
    let label = |position: u32| match split.label(position as usize) {
        label if usize::from(label) < ways => Ok(label),
        label => Err(EvalError::LabelOutOfRange {
            what: "labels",
            classes: ways,
            found: label,
            position: position as usize,
        }),
    };
    let labels = positions
        .iter()
        .map(|&position| label(position))
        .collect::<Result<Vec<u8>, _>>()?;
    Ok(Some(one_hot(&labels, ways, device)?))
}

/// The images of `data` are of the size that the autoencoder was made for.
///
/// Errors: if they are not.
pub fn check_image_size(autoencoder: &Autoencoder, data: &Dataset) -> Result<(), EvalError> {
    let image = autoencoder.image();
    if (image.height, image.width) == (data.height(), data.width()) {
        return Ok(());
    }
    Err(EvalError::ImageSize {
        expected: format!("{} x {}", image.height, image.width),
        found: format!("{} x {}", data.height(), data.width()),
    })
}

/// A batch of images on the way through the networks.
pub(crate) struct Batch<'a> {
    /// From 0.
    pub(crate) number: u64,
    /// Where they are in the split.
    pub(crate) positions: &'a [u32],
    /// `[B, pixels]`, on the host.
    pub(crate) values: &'a [f32],
}

impl Batch<'_> {
    /// How the encoder is walked through with it.
    pub(crate) fn pass(&self) -> Pass {
        Pass::evaluation(self.number)
    }
}

/// Calls `visit` with each batch of images, as a tensor `[B, pixels]` on the autoencoder's device and as the same values on the host.
pub(crate) fn for_each_batch(
    autoencoder: &Autoencoder,
    split: &Split,
    mut visit: impl FnMut(&Tensor, Batch<'_>) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    check_image_size(autoencoder, split.dataset())?;
    let mut values = Vec::new();
    for (number, positions) in (0..).zip(split.all_batches(BATCH)) {
        split.gather(&positions, &mut values);
        let shape = (positions.len(), split.dataset().pixels());
        let images = Tensor::from_slice(&values, shape, autoencoder.device())?;
        let batch = Batch {
            number,
            positions: &positions,
            values: &values,
        };
        visit(&images, batch)?;
    }
    Ok(())
}
