//! How like their originals reconstructions look: peak signal-to-noise ratio, and structural similarity.

use rayon::prelude::*;

use crate::EvalError;
use crate::points::{check_pairs, check_rows, squared_distance};

/// Side of the window in which SSIM compares two images, in pixels.
const WINDOW: usize = 11;
/// Standard deviation of the window's Gaussian weights, in pixels.
const SIGMA: f64 = 1.5;
/// `(K₁ L)²` and `(K₂ L)²` with `K₁` = 0.01, `K₂` = 0.03 and a data range `L` of 1.
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// The peak signal-to-noise ratio `10 log₁₀(1 / mse)` of each image, mean over images, in decibels.
///
/// Shapes: `originals` and `reconstructions` `[n, pixels]`, row-major, values in `[0, 1]`: the peak is 1. Infinite if any image is reproduced
/// exactly.
///
/// Errors: if the lengths differ, there is no image, or a value is not finite.
///
/// ```
/// let found = aae_eval::psnr(&[0.5, 0.5], &[0.4, 0.6], 2)?;
/// assert!((found - 20.0).abs() < 1e-5);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn psnr(originals: &[f32], reconstructions: &[f32], pixels: usize) -> Result<f64, EvalError> {
    mean_over_images(originals, reconstructions, pixels, |x, y| {
        -10.0 * (squared_distance(x, y) / pixels as f64).log10()
    })
}

/// The structural similarity of each image to its original, mean over images, in `[-1, 1]`; 1 for images that are equal.
///
/// Local means, variances and covariances have the Gaussian weights of a window of 11 x 11 pixels with standard deviation 1.5; windows lie wholly
/// inside the image. `K₁` = 0.01, `K₂` = 0.03, data range 1.
///
/// Shapes: `originals` and `reconstructions` `[n, height, width]`, row-major, values in `[0, 1]`.
///
/// Errors: if the lengths differ, there is no image, it is smaller than the window, or a value is not finite.
/// Source: Wang, Bovik, Sheikh and Simoncelli 2004, *Image quality assessment: from error visibility to structural similarity*.
///
/// ```
/// let images = [0.0, 1.0].repeat(14 * 28);
/// assert_eq!(aae_eval::ssim(&images, &images, 28, 28)?, 1.0);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn ssim(
    originals: &[f32],
    reconstructions: &[f32],
    height: usize,
    width: usize,
) -> Result<f64, EvalError> {
    for (what, side) in [("rows of pixels", height), ("columns of pixels", width)] {
        if side < WINDOW {
            return Err(EvalError::TooFew {
                what,
                needed: WINDOW,
                found: side,
            });
        }
    }
    let weights = weights();
    let pixels = height.saturating_mul(width);
    mean_over_images(originals, reconstructions, pixels, |x, y| {
        similarity(x, y, width, &weights)
    })
}

/// The mean of a figure over pairs of images, summed in order.
fn mean_over_images(
    originals: &[f32],
    reconstructions: &[f32],
    pixels: usize,
    figure: impl Fn(&[f32], &[f32]) -> f64 + Sync,
) -> Result<f64, EvalError> {
    check_pairs(originals, reconstructions)?;
    check_rows("images", 1, originals, pixels)?;
    check_rows("images", 1, reconstructions, pixels)?;
    let figures: Vec<f64> = originals
        .par_chunks_exact(pixels)
        .zip(reconstructions.par_chunks_exact(pixels))
        .map(|(x, y)| figure(x, y))
        .collect();
    Ok(figures.iter().sum::<f64>() / figures.len() as f64)
}

/// The window's weights along one side; those of the window are their products. Sum 1.
fn weights() -> [f64; WINDOW] {
    let weight = |i: usize| {
        let distance = i as f64 - (WINDOW / 2) as f64;
        (-0.5 * (distance / SIGMA).powi(2)).exp()
    };
    let weights: [f64; WINDOW] = std::array::from_fn(weight);
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}

/// The structural similarity of two images, mean over all places of the window.
fn similarity(x: &[f32], y: &[f32], width: usize, weights: &[f64; WINDOW]) -> f64 {
    let local = |value: &dyn Fn(f64, f64) -> f64| {
        let pairs = x.iter().zip(y);
        let values: Vec<f64> = pairs.map(|(&x, &y)| value(x.into(), y.into())).collect();
        blurred(&values, width, weights)
    };
    let (x_means, y_means) = (local(&|x, _| x), local(&|_, y| y));
    let (xx, yy, xy) = (
        local(&|x, _| x * x),
        local(&|_, y| y * y),
        local(&|x, y| x * y),
    );
    let at = |i: usize| {
        let (x, y) = (x_means[i], y_means[i]);
        let (x_variance, y_variance) = (xx[i] - x * x, yy[i] - y * y);
        let covariance = xy[i] - x * y;
        (2.0 * x * y + C1) * (2.0 * covariance + C2)
            / ((x * x + y * y + C1) * (x_variance + y_variance + C2))
    };
    (0..x_means.len()).map(at).sum::<f64>() / x_means.len() as f64
}

/// The weighted mean at every place of the window that lies inside the image: along rows, then along columns.
fn blurred(values: &[f64], width: usize, weights: &[f64; WINDOW]) -> Vec<f64> {
    let narrow = width + 1 - WINDOW;
    let along = |row: &[f64]| -> Vec<f64> {
        let place = |window: &[f64]| window.iter().zip(weights).map(|(v, w)| v * w).sum();
        row.windows(WINDOW).map(place).collect()
    };
    let rows: Vec<f64> = values.chunks_exact(width).flat_map(along).collect();
    let places = rows.len() - (WINDOW - 1) * narrow;
    let mut blurred = vec![0.0; places];
    for (shift, weight) in weights.iter().enumerate() {
        for (sum, value) in blurred.iter_mut().zip(&rows[shift * narrow..]) {
            *sum += weight * value;
        }
    }
    blurred
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, pixels};

    /// Three images of 13 x 17 pixels, and a paler and noisy copy of each.
    fn images() -> (Vec<f32>, Vec<f32>) {
        let (x, noise) = (pixels(3 * 13 * 17, 1), pixels(3 * 13 * 17, 2));
        let pairs = x.iter().zip(&noise);
        let copy = pairs.map(|(x, noise)| 0.75 * x + 0.125 * noise).collect();
        (x, copy)
    }

    #[test]
    fn noisy_copies_agree_with_scikit_image() {
        // import numpy as np
        // from skimage.metrics import peak_signal_noise_ratio, structural_similarity
        // def pixels(seed):
        //     return ((np.arange(663) * 7919 + seed * 104729) % 1009 / 1009).astype(np.float32).reshape(3, 13, 17)
        // x, y = pixels(1), np.float32(.75) * pixels(1) + np.float32(.125) * pixels(2)
        // pairs = list(zip(x.astype(float), y.astype(float)))
        // wang = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1)
        // print(np.mean([structural_similarity(a, b, **wang) for a, b in pairs]))
        // print(np.mean([peak_signal_noise_ratio(a, b, data_range=1) for a, b in pairs]))
        let (x, y) = images();
        close(ssim(&x, &y, 13, 17).unwrap(), 0.9463485771200518, 1e-12);
        close(psnr(&x, &y, 13 * 17).unwrap(), 19.87667524774893, 1e-12);
    }

    #[test]
    fn equal_images_are_as_like_as_can_be() {
        let (x, _) = images();
        close(ssim(&x, &x, 13, 17).unwrap(), 1.0, 1e-12);
        assert_eq!(psnr(&x, &x, 13 * 17).unwrap(), f64::INFINITY);
    }

    #[test]
    fn height_and_width_are_not_interchangeable() {
        let (x, y) = images();
        assert_ne!(ssim(&x, &y, 13, 17).unwrap(), ssim(&x, &y, 17, 13).unwrap());
    }

    #[test]
    fn flat_images_of_two_shades_are_the_formula_written_out() {
        // No variance: (2 · 0.25 · 0.75 + C1) / (0.25² + 0.75² + C1).
        let found = ssim(&[0.25; 121], &[0.75; 121], 11, 11).unwrap();
        close(found, (0.375 + C1) / (0.625 + C1), 1e-12);
    }

    #[test]
    fn the_figures_are_the_same_on_any_number_of_threads() {
        let (x, y) = images();
        let on = |threads| {
            let both = || (ssim(&x, &y, 13, 17).unwrap(), psnr(&x, &y, 221).unwrap());
            aae_ops::with_threads(threads, both).unwrap()
        };
        assert_eq!(on(1), on(2));
    }

    #[test]
    fn bad_images_are_refused() {
        let message = |x: &[f32], y: &[f32], height, width| {
            ssim(x, y, height, width).unwrap_err().to_string()
        };
        assert_eq!(
            message(&[], &[], 10, 28),
            "expected at least 11 rows of pixels, found 10"
        );
        assert_eq!(
            message(&[], &[], 11, 11),
            "expected at least 1 images, found 0"
        );
        assert_eq!(
            message(&[0.0; 121], &[f32::NAN; 121], 11, 11),
            "expected finite values, found NaN in point 0, dimension 0"
        );
        assert!(message(&[0.0; 120], &[0.0; 120], 11, 11).contains("a multiple of 121"));
        let found = psnr(&[0.0; 4], &[0.0; 2], 2).unwrap_err().to_string();
        assert_eq!(
            found,
            "expected 4 reconstructed values, as many as there are originals, found 2"
        );
    }
}
