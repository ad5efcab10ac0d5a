//! How far reconstructions lie from their originals.

use aae_data::Split;
use aae_models::{Autoencoder, Latent};
use candle_core::Tensor;

use crate::EvalError;
use crate::encode::{Batch, for_each_batch, given_labels};
use crate::points::{check_pairs, squared_distance};

/// Squared error `(x̂ - x)²`, mean over all pixels of all images.
///
/// Shapes: `originals` and `reconstructions` alike, values in `[0, 1]` (probabilities, not logits). Summed in double precision, in order.
///
/// Errors: if the lengths differ or there is nothing to compare.
pub fn mean_squared_error(originals: &[f32], reconstructions: &[f32]) -> Result<f64, EvalError> {
    check_pairs(originals, reconstructions)?;
    mean(
        squared_distance(originals, reconstructions),
        originals.len(),
    )
}

/// The codes of all images of `split`, `[n, latent_dim]`, and the mean squared error over pixels and images of what they
/// decode to: one walk for both. `see` is shown the images of each batch and their reconstructions, `[B, pixels]` in `[0, 1]`.
///
/// Errors: if there are no images, they have another size than the autoencoder's, or the network fails.
pub fn encode_and_reconstruct(
    autoencoder: &Autoencoder,
    split: &Split,
    mut see: impl FnMut(&[f32], &[f32]),
) -> Result<(Vec<f32>, f64), EvalError> {
    let mut codes = Vec::with_capacity(split.len() * autoencoder.latent_dim());
    let mut sum = 0.0;
    for_each_batch(autoencoder, split, |images, batch| {
        let (latent, reconstructions) = reconstruct(autoencoder, split, images, &batch)?;
        codes.extend(latent.style.detach().flatten_all()?.to_vec1::<f32>()?);
        sum += squared_distance(batch.values, &reconstructions);
        see(batch.values, &reconstructions);
        Ok(())
    })?;
    Ok((codes, mean(sum, split.len() * split.dataset().pixels())?))
}

/// Squared error between the images of `split` and what the autoencoder makes of corrupted ones, mean over pixels and images.
/// `corrupt` gets the images of each batch, `[B, pixels]`, with the batch's number, and returns as many.
///
/// Errors: as [`encode_and_reconstruct`]; if `corrupt` fails.
pub fn denoising_error(
    autoencoder: &Autoencoder,
    split: &Split,
    mut corrupt: impl FnMut(&Tensor, u64) -> candle_core::Result<Tensor>,
) -> Result<f64, EvalError> {
    let mut sum = 0.0;
    for_each_batch(autoencoder, split, |images, batch| {
        let seen = corrupt(images, batch.number)?;
        let (_, restored) = reconstruct(autoencoder, split, &seen, &batch)?;
        sum += squared_distance(batch.values, &restored);
        Ok(())
    })?;
    mean(sum, split.len() * split.dataset().pixels())
}

/// The codes of what the encoder sees of a batch, `[B, pixels]`, and what they decode to, row-major.
fn reconstruct(
    autoencoder: &Autoencoder,
    split: &Split,
    seen: &Tensor,
    batch: &Batch<'_>,
) -> Result<(Latent, Vec<f32>), EvalError> {
    let latent = autoencoder.encoder().forward(seen, batch.pass())?;
    let known = given_labels(autoencoder, split, batch.positions)?;
    let label = autoencoder.label(&latent, known.as_ref())?;
    let reconstructions = autoencoder.generate(&latent.style, label.as_ref())?;
    let reconstructions = reconstructions.flatten_all()?.to_vec1()?;
    Ok((latent, reconstructions))
}

fn mean(sum: f64, count: usize) -> Result<f64, EvalError> {
    if count == 0 {
        return Err(EvalError::TooFew {
            what: "pixels",
            needed: 1,
            found: 0,
        });
    }
    Ok(sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_mean_over_all_pixels() {
        let error = mean_squared_error(&[0.0, 1.0, 0.5, 0.25], &[0.5, 1.0, 0.0, 0.0]).unwrap();
        assert_eq!(error, (0.25 + 0.25 + 0.0625) / 4.0);
    }

    #[test]
    fn the_error_agrees_with_scikit_learn() {
        // import numpy as np
        // from sklearn.metrics import mean_squared_error
        // i = np.arange(700)
        // x = np.stack([(i * 7919 % 1009) / 100, (i * 104729 % 997) / 90], 1).astype(np.float32).astype(float)
        // y = np.stack([(i * 7907 % 1013) / 80, (i * 104723 % 991) / 110 - 1], 1).astype(np.float32).astype(float)
        // print(mean_squared_error(x.ravel(), y.ravel()))
        let (x, y) = crate::testing::scattered();
        let error = mean_squared_error(&x, &y).unwrap();
        crate::testing::close(error, 21.64008699713412, 1e-12);
    }

    #[test]
    fn small_errors_of_many_pixels_are_not_lost_in_the_sum() {
        // A single-precision sum would stand still at 2^24 additions of equal size, and drift long before.
        let error = mean_squared_error(&vec![0.0; 1 << 20], &vec![0.1; 1 << 20]).unwrap();
        assert!((error - f64::from(0.1f32).powi(2)).abs() < 1e-12);
    }

    #[test]
    fn nothing_and_unequal_lengths_are_refused() {
        let error = mean_squared_error(&[], &[]).unwrap_err();
        assert_eq!(error.to_string(), "expected at least 1 pixels, found 0");
        let error = mean_squared_error(&[0.0; 3], &[0.0; 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected 3 reconstructed values, as many as there are originals, found 2"
        );
    }
}
