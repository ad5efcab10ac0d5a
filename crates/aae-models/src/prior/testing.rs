//! What the priors' tests share: one generator, sample moments, and the distance to a distribution function.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// The generator of every test: the same draws each time.
pub(super) fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(7)
}

/// Sample moments; `kurtosis` is 3 for a Gaussian.
#[derive(Debug)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) std: f64,
    pub(super) skewness: f64,
    pub(super) kurtosis: f64,
}

impl Moments {
    pub(super) fn of(values: &[f32]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let central = |power| {
            values
                .iter()
                .map(|&x| (f64::from(x) - mean).powi(power))
                .sum::<f64>()
                / n
        };
        let variance = central(2);
        Self {
            mean,
            std: variance.sqrt(),
            skewness: central(3) / variance.powf(1.5),
            kurtosis: central(4) / variance.powi(2),
        }
    }
}

/// The largest distance between the sample's distribution function and `cdf` (Kolmogorov's statistic).
///
/// The test with `n` draws rejects at the 1 % level above `1.63 / √n`.
pub(super) fn kolmogorov_distance(values: &[f32], cdf: impl Fn(f64) -> f64) -> f64 {
    let n = values.len() as f64;
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let distances = sorted.iter().enumerate().map(|(i, &x)| {
        let expected = cdf(f64::from(x));
        (expected - i as f64 / n).max((i + 1) as f64 / n - expected)
    });
    distances.fold(0.0, f64::max)
}
