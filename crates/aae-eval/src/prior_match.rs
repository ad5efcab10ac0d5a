//! How well the codes of a data set follow the prior that they were made to follow.

use aae_models::prior::PriorConfig;
use aae_ops::stream::stream;
use serde::Serialize;

use crate::points::{Points, moments};
use crate::{EvalError, mmd_squared, sliced_wasserstein};

/// Distances of codes to the prior, beside those of a perfect match, and the codes' moments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PriorMatch {
    /// The codes against as many fresh draws from the prior.
    pub codes: Distances,
    /// Those draws against as many others: what a perfect match of this size would show.
    pub draws: Distances,
    /// Mean of the codes, per dimension.
    pub mean: Vec<f64>,
    /// Standard deviation of the codes (divided by n), per dimension.
    pub std: Vec<f64>,
}

/// Three distances between two samples; see [`sliced_wasserstein`] and [`mmd_squared`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distances {
    /// First-order sliced Wasserstein distance, in the units of the codes.
    pub sliced_w1: f64,
    /// Second-order sliced Wasserstein distance, in the units of the codes; at least the first-order one.
    pub sliced_w2: f64,
    /// Unbiased MMD², without unit; may be negative.
    pub mmd_squared: f64,
}

/// Measures codes against their prior.
///
/// Shapes: `codes` `[n, dim]`, row-major. Draws come from the streams `"eval.draws"` of `seed`, directions from `"eval.directions"`:
/// the same codes and seed give the same figures, on any number of threads.
///
/// Errors: if there are fewer than two codes, a coordinate is not finite, or the prior has no draws of `dim` dimensions.
///
/// ```
/// use aae_models::prior::PriorConfig;
/// use aae_ops::stream::stream;
///
/// let prior = PriorConfig::Gaussian { mean: 0.0, std: 5.0 };
/// let codes = prior.sample(500, 2, &mut stream(1, "codes", 0));
/// let perfect = aae_eval::prior_match(&codes, 2, &prior, 0)?;
/// assert!(perfect.codes.sliced_w1 < 2.0 * perfect.draws.sliced_w1);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn prior_match(
    codes: &[f32],
    dim: usize,
    prior: &PriorConfig,
    seed: u64,
) -> Result<PriorMatch, EvalError> {
    let points = Points::new(codes, dim)?;
    check_prior(prior, dim)?;
    let draws = drawn(prior, points.len(), dim, seed, 0);
    let other_draws = drawn(prior, points.len(), dim, seed, 1);
    let (mean, std) = points.moments();
    Ok(PriorMatch {
        codes: distances(codes, &draws, dim, seed)?,
        draws: distances(&other_draws, &draws, dim, seed)?,
        mean,
        std,
    })
}

/// Mean and standard deviation of draws from the prior, per dimension: what those of the codes should be.
///
/// There are 10,000 draws of `dim` dimensions, from the stream `"eval.draws"` of `seed`.
///
/// # Panics
/// If the prior does not pass [`PriorConfig::validate`] for `dim`.
pub fn prior_moments(prior: &PriorConfig, dim: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    const DRAWS: usize = 10_000;
    moments(&drawn(prior, DRAWS, dim, seed, 0), dim)
}

/// `n` draws from the prior, others for each `counter`: `[n, dim]`, row-major.
fn drawn(prior: &PriorConfig, n: usize, dim: usize, seed: u64, counter: u64) -> Vec<f32> {
    prior.sample(n, dim, &mut stream(seed, "eval.draws", counter))
}

/// The prior has draws of `dim` dimensions.
pub(crate) fn check_prior(prior: &PriorConfig, dim: usize) -> Result<(), EvalError> {
    let errors = prior.validate(dim);
    if errors.is_empty() {
        return Ok(());
    }
    let reasons = errors.iter().map(|error| format!("prior.{error}"));
    let reasons = reasons.collect::<Vec<_>>().join("; ");
    Err(EvalError::Prior { dim, reasons })
}

fn distances(points: &[f32], draws: &[f32], dim: usize, seed: u64) -> Result<Distances, EvalError> {
    let sliced = sliced_wasserstein(points, draws, dim, seed)?;
    Ok(Distances {
        sliced_w1: sliced.w1,
        sliced_w2: sliced.w2,
        mmd_squared: mmd_squared(points, draws, dim)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;

    const PRIOR: PriorConfig = PriorConfig::Gaussian {
        mean: 0.0,
        std: 5.0,
    };

    fn draws(prior: &PriorConfig, n: usize, dim: usize) -> Vec<f32> {
        prior.sample(n, dim, &mut stream(9, "test", 0))
    }

    #[test]
    fn codes_drawn_from_the_prior_lie_as_far_as_draws_do() {
        for dim in [1, 2, 8] {
            let found = prior_match(&draws(&PRIOR, 1_000, dim), dim, &PRIOR, 0).unwrap();
            assert!(
                found.codes.sliced_w1 < 2.0 * found.draws.sliced_w1,
                "{found:?}"
            );
            assert!(
                found.codes.sliced_w2 < 2.0 * found.draws.sliced_w2,
                "{found:?}"
            );
            assert!(found.codes.mmd_squared < 0.01, "{found:?}");
            // The floor is one of different draws: the same ones would lie nowhere from themselves.
            assert!(found.draws.sliced_w1 > 0.05, "{found:?}");
            // Four standard errors of a mean and of a deviation.
            assert!(found.mean.iter().all(|mean| mean.abs() < 0.64), "{found:?}");
            assert!(
                found.std.iter().all(|std| (std - 5.0).abs() < 0.45),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_shift_a_stretch_and_a_hole_are_all_seen() {
        let codes = draws(&PRIOR, 1_000, 2);
        let shifted: Vec<f32> = codes.iter().map(|x| x + 2.0).collect();
        let stretched: Vec<f32> = codes.iter().map(|x| x * 1.5).collect();
        let with_hole: Vec<f32> = codes
            .chunks_exact(2)
            .flat_map(|z| {
                let push = 1.0 + 4.0 / z[0].hypot(z[1]);
                [z[0] * push, z[1] * push]
            })
            .collect();
        for codes in [shifted, stretched, with_hole] {
            let found = prior_match(&codes, 2, &PRIOR, 0).unwrap();
            assert!(
                found.codes.sliced_w1 > 3.0 * found.draws.sliced_w1,
                "{found:?}"
            );
            assert!(
                found.codes.mmd_squared > 10.0 * found.draws.mmd_squared.abs(),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_shift_of_a_line_is_its_distance() {
        let codes = draws(&PRIOR, 4_000, 1);
        let shifted: Vec<f32> = codes.iter().map(|x| x + 20.0).collect();
        let found = prior_match(&shifted, 1, &PRIOR, 0).unwrap();
        // The distance of the codes to other draws is at most the floor's kind, here 0.3.
        close(found.codes.sliced_w1, 20.0, 0.3);
        close(found.codes.sliced_w2, 20.0, 0.3);
    }

    #[test]
    fn the_moments_of_draws_are_those_of_the_prior() {
        let prior = PriorConfig::Gaussian {
            mean: 2.0,
            std: 5.0,
        };
        let (mean, std) = prior_moments(&prior, 3, 0);
        assert_eq!((mean.len(), std.len()), (3, 3));
        for (mean, std) in mean.iter().zip(&std) {
            assert!(
                (mean - 2.0).abs() < 0.3 && (std - 5.0).abs() < 0.2,
                "{mean} {std}"
            );
        }
    }

    #[test]
    fn the_figures_are_the_same_on_any_number_of_threads() {
        let codes = draws(&PRIOR, 1_000, 2);
        let on = |threads| {
            aae_ops::with_threads(threads, || prior_match(&codes, 2, &PRIOR, 3).unwrap()).unwrap()
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(5));
        assert_ne!(on(1), prior_match(&codes, 2, &PRIOR, 4).unwrap());
    }

    #[test]
    fn infinite_codes_and_a_prior_of_other_dimensions_are_refused() {
        let found = prior_match(&[1.0, f32::INFINITY, 0.0, 0.0], 2, &PRIOR, 0).unwrap_err();
        assert!(matches!(
            found,
            EvalError::NotFinite {
                point: 0,
                dimension: 1,
                ..
            }
        ));
        let roll = PriorConfig::SwissRoll {
            radius: 3.0,
            turns: 2.0,
        };
        let found = prior_match(&[0.0; 6], 3, &roll, 0).unwrap_err();
        assert!(matches!(found, EvalError::Prior { dim: 3, .. }), "{found}");
    }
}
