//! The codes of a data set: the walk that every metric on codes starts from.

use aae_data::Split;
use aae_models::Autoencoder;
use candle_core::Tensor;

use crate::EvalError;

/// Images in one pass through the network.
const BATCH: usize = 500;

/// The codes of all images of `split`, in its order: `[n, latent_dim]`, row-major.
///
/// Errors: if the images have another size than the autoencoder's, or the network fails.
pub fn encode_all(autoencoder: &Autoencoder, split: &Split) -> Result<Vec<f32>, EvalError> {
    let mut codes = Vec::with_capacity(split.len() * autoencoder.latent_dim());
    for_each_batch(autoencoder, split, |images, _| {
        let style = autoencoder.encode(images)?.style.detach();
        codes.extend(style.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    })?;
    Ok(codes)
}

/// Calls `visit` with each batch of images, as a tensor `[B, pixels]` on the autoencoder's device and as the same values on the host.
pub(crate) fn for_each_batch(
    autoencoder: &Autoencoder,
    split: &Split,
    mut visit: impl FnMut(&Tensor, &[f32]) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    let (image, data) = (autoencoder.image(), split.dataset());
    if (image.height, image.width) != (data.height(), data.width()) {
        return Err(EvalError::ImageSize {
            expected: format!("{} x {}", image.height, image.width),
            found: format!("{} x {}", data.height(), data.width()),
        });
    }
    let mut values = Vec::new();
    for positions in split.all_batches(BATCH) {
        split.gather(&positions, &mut values);
        let shape = (positions.len(), image.pixels());
        visit(
            &Tensor::from_slice(&values, shape, autoencoder.device())?,
            &values,
        )?;
    }
    Ok(())
}
