//! Log-likelihood under a Parzen window: a Gaussian around every sample of a decoder, and how probable test images are under their mixture.
//!
//! A crude figure, which depends on the number of samples and on the window: only figures with both alike compare. The window is chosen on
//! held-out images ([`choose_window`](crate::choose_window)), never on the test images.

use serde::Serialize;

use crate::EvalError;
use crate::kernel_sums::KernelSums;

/// The mean log-likelihood of images, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LogLikelihood {
    /// Mean over images of the log-density, in nats. A density of many dimensions: it may be positive.
    pub mean: f64,
    /// Standard error of that mean: the images' standard deviation (`n - 1` in its denominator) over `√n`. What the choice of samples
    /// adds is not in it.
    pub standard_error: f64,
    /// How many images.
    pub images: usize,
    /// How many samples.
    pub samples: u64,
    /// Standard deviation of each Gaussian, in units of a pixel's range.
    pub window: f64,
}

/// The log-likelihood of `images` under Gaussians of standard deviation `window` around `samples`.
///
/// Shapes: `images` `[n, pixels]`, `samples` `[m, pixels]`, row-major, values in `[0, 1]`. Cost: `n · m · pixels`, in matrix products of
/// single precision; kernels are added up in double. The result does not depend on the number of threads. Memory: the images, and blocks
/// of a few megabytes.
///
/// Errors: if there are fewer than two images or no samples, a value is not finite, or the window is not in `[1e-6, 1e6]`.
/// Source: paper, section 3 (its table of likelihoods); Breuleux et al. 2011, *Quickly generating representative samples from an
/// RBM-derived process*.
///
/// ```
/// let found = aae_eval::parzen_log_likelihood(&[0.0, 1.0], &[0.0, 1.0, 0.5], 1, 0.2)?;
/// assert_eq!((found.images, found.samples), (2, 3));
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn parzen_log_likelihood(
    images: &[f32],
    samples: &[f32],
    pixels: usize,
    window: f64,
) -> Result<LogLikelihood, EvalError> {
    let mut stream = ParzenStream::new(images, pixels, window)?;
    stream.add(samples)?;
    stream.log_likelihood()
}

/// The same log-likelihood from samples that come in blocks, as ten million do: memory for the images alone.
///
/// ```
/// let mut stream = aae_eval::ParzenStream::new(&[0.0, 1.0], 1, 0.2)?;
/// for block in [[0.0, 1.0], [0.5, 0.25]] {
///     stream.add(&block)?;
/// }
/// assert_eq!(stream.log_likelihood()?.samples, 4);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub struct ParzenStream {
    sums: KernelSums,
    window: f64,
}

impl ParzenStream {
    /// For `images` `[n, pixels]`, values in `[0, 1]`, before any sample.
    ///
    /// Errors: if there are fewer than two images, a value is not finite, or the window is not in `[1e-6, 1e6]`.
    pub fn new(images: &[f32], pixels: usize, window: f64) -> Result<Self, EvalError> {
        let sums = KernelSums::new(images, pixels, &[window])?;
        Ok(Self { sums, window })
    }

    /// Takes the next samples, `[m, pixels]` with any `m` from 1 on. Thousands at a time are fastest; how they are cut moves the result by
    /// the rounding of single precision, some 1e-6 nats.
    ///
    /// Errors: if there are none, their size is not the images', or a value is not finite; the stream is then as before.
    pub fn add(&mut self, samples: &[f32]) -> Result<(), EvalError> {
        self.sums.add(samples)
    }

    /// The log-likelihood under the samples so far. Errors: if there are none.
    pub fn log_likelihood(&self) -> Result<LogLikelihood, EvalError> {
        let densities = self.sums.log_densities(0)?;
        let n = densities.len() as f64;
        let mean = densities.iter().sum::<f64>() / n;
        let square: f64 = densities.iter().map(|d| (d - mean).powi(2)).sum();
        Ok(LogLikelihood {
            mean,
            standard_error: (square / (n - 1.0) / n).sqrt(),
            images: densities.len(),
            samples: self.sums.samples(),
            window: self.window,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, pixels};

    #[test]
    fn likelihoods_agree_with_scipy_and_scikit_learn() {
        // import numpy as np
        // from scipy.special import logsumexp
        // from sklearn.neighbors import KernelDensity
        // def pixels(n, seed):
        //     return ((np.arange(n * 49) * 7919 + seed * 104729) % 1009 / 1009).astype(np.float32).reshape(n, 49).astype(float)
        // x, s = pixels(37, 1), (pixels(1234, 2) ** 2).astype(np.float32).astype(float)
        // for h in [.1, .3, 1]:
        //     mean = KernelDensity(bandwidth=h, rtol=0, atol=0).fit(s).score_samples(x).mean()
        //     d2 = ((x[:, None] - s[None]) ** 2).sum(-1)
        //     d = logsumexp(-d2 / (2 * h * h), axis=1) - np.log(1234) - 49 / 2 * np.log(2 * np.pi * h * h)
        //     # The first two agree but at .1, where KernelDensity loses the far images: the second is the one below.
        //     print(mean, d.mean(), d.std(ddof=1) / np.sqrt(37))
        let x = pixels(37 * 49, 1);
        let s: Vec<f32> = pixels(1234 * 49, 2).iter().map(|s| s * s).collect();
        for (window, mean, standard_error) in [
            (0.1, -10.459699193100366, 1.0237853245198265),
            (0.3, 1.337527944331304, 0.14808183077670267),
            (1.0, -48.13333781449888, 0.012933108695724152),
        ] {
            let found = parzen_log_likelihood(&x, &s, 49, window).unwrap();
            close(found.mean, mean, 2e-4);
            close(found.standard_error, standard_error, 1e-5);
            assert_eq!((found.images, found.samples), (37, 1234));
        }
    }

    #[test]
    fn near_and_equal_samples_are_measured_without_cancellation() {
        // Each image a sample shifted by 1e-3: the products alone would know its squared distance to about 1e-4.
        let samples = pixels(50 * 784, 3);
        let images: Vec<f32> = samples.iter().map(|x| x + 1e-3).collect();
        let window = 1e-3;
        let double = 2.0 * window * window;
        for images in [&images, &samples] {
            let found = parzen_log_likelihood(images, &samples, 784, window).unwrap();
            let density = |image: &[f32]| {
                let squared = |sample: &[f32]| -> f64 {
                    let pairs = image.iter().zip(sample);
                    pairs
                        .map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2))
                        .sum()
                };
                let all: Vec<f64> = samples.chunks_exact(784).map(squared).collect();
                let least = all.iter().copied().fold(f64::INFINITY, f64::min);
                let sum: f64 = all.iter().map(|d| ((least - d) / double).exp()).sum();
                sum.ln()
                    - least / double
                    - 50f64.ln()
                    - 392.0 * (std::f64::consts::PI * double).ln()
            };
            let direct = images.chunks_exact(784).map(density).sum::<f64>() / 50.0;
            close(found.mean, direct, 0.05);
        }
    }

    #[test]
    fn a_stream_in_blocks_of_any_size_gives_the_same_figure() {
        let (x, s) = (pixels(20 * 49, 1), pixels(2_500 * 49, 2));
        let whole = parzen_log_likelihood(&x, &s, 49, 0.2).unwrap();
        for block in [1, 700, 1_001] {
            let mut stream = ParzenStream::new(&x, 49, 0.2).unwrap();
            for samples in s.chunks(block * 49) {
                stream.add(samples).unwrap();
            }
            let found = stream.log_likelihood().unwrap();
            close(found.mean, whole.mean, 1e-5);
            close(found.standard_error, whole.standard_error, 1e-5);
            assert_eq!(found.samples, 2_500);
        }
    }

    #[test]
    fn the_figures_are_the_same_on_any_number_of_threads() {
        let (x, s) = (pixels(1_100 * 49, 1), pixels(1_300 * 49, 2));
        let on = |threads| {
            aae_ops::with_threads(threads, || parzen_log_likelihood(&x, &s, 49, 0.2).unwrap())
                .unwrap()
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(5));
    }

    #[test]
    fn far_samples_leave_a_finite_likelihood() {
        let found = parzen_log_likelihood(&[0.0, 1.0], &[1e30], 1, 0.1).unwrap();
        assert!(found.mean.is_finite() && found.mean < -1e60, "{found:?}");
    }

    #[test]
    fn bad_input_is_refused() {
        let message = |images: &[f32], samples: &[f32], window| {
            let found = parzen_log_likelihood(images, samples, 2, window);
            found.unwrap_err().to_string()
        };
        assert_eq!(
            message(&[0.0; 2], &[0.0; 2], 0.1),
            "expected at least 2 images, found 1"
        );
        assert_eq!(
            message(&[0.0; 4], &[], 0.1),
            "expected at least 1 samples, found 0"
        );
        assert_eq!(
            message(&[0.0; 4], &[0.0; 3], 0.1),
            "expected a multiple of 2 values (one point is 2 of them), found 3"
        );
        assert_eq!(
            message(&[0.0; 4], &[0.0, f32::INFINITY], 0.1),
            "expected finite values, found inf in point 0, dimension 1"
        );
        for window in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                message(&[0.0; 4], &[0.0; 2], window),
                format!("expected a Parzen window from 1e-6 to 1e6, found {window}")
            );
        }
        let stream = ParzenStream::new(&[0.0; 4], 2, 0.1).unwrap();
        assert_eq!(
            stream.log_likelihood().unwrap_err().to_string(),
            "expected at least 1 samples, found 0"
        );
    }
}
