//! Whether the codes of each class lie in its own component of the prior (paper §2.3).

use aae_models::prior::PriorConfig;
use aae_ops::stream::stream;

use crate::labels::check_classes;
use crate::prior_match::check_prior;
use crate::{EvalError, LabelledCodes, k_nearest_accuracy};

/// Draws from each component.
const DRAWS: usize = 1_000;

/// Priors with components live in the plane.
const DIM: usize = 2;

/// The share of codes that lie nearest to a draw from their own class's component of the prior, in `[0, 1]`.
///
/// There are 1,000 draws from the component of each class, which has its number; they come from the stream `"eval.components"` of `seed`.
///
/// Shapes: `codes` `[n, 2]`, row-major; `labels` `[n]`, where one that is not below `classes` is never met. Cost: `1000 · classes · n`.
///
/// Errors: if there are no codes or not as many labels, a coordinate is not finite, there are not 1 to 256 classes, or the prior is not
/// valid in two dimensions or has no component for each of them.
///
/// ```
/// use aae_models::prior::PriorConfig;
///
/// let prior = PriorConfig::GaussianMixture { components: 2, radius: 10.0, std_radial: 1.0, std_tangential: 1.0 };
/// // Component 0 lies around (10, 0), component 1 around (-10, 0).
/// let codes = [9.0, 0.0, 9.0, 1.0];
/// assert_eq!(aae_eval::component_accuracy(&codes, &[0, 1], &prior, 2, 0)?, 0.5);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn component_accuracy(
    codes: &[f32],
    labels: &[u8],
    prior: &PriorConfig,
    classes: usize,
    seed: u64,
) -> Result<f64, EvalError> {
    check_classes(classes)?;
    check_prior(prior, DIM)?;
    let own: Vec<u8> = (0..classes)
        .flat_map(|class| [class as u8; DRAWS])
        .collect();
    let components: Vec<usize> = own.iter().copied().map(usize::from).collect();
    let mut rng = stream(seed, "eval.components", 0);
    let Some(draws) = prior.sample_components(&components, &mut rng) else {
        return Err(EvalError::TooFew {
            what: "components of the prior",
            needed: classes,
            found: prior.components().unwrap_or(0),
        });
    };
    let draws = LabelledCodes {
        codes: &draws,
        labels: &own,
    };
    k_nearest_accuracy(draws, LabelledCodes { codes, labels }, DIM, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: PriorConfig = PriorConfig::GaussianMixture {
        components: 10,
        radius: 10.0,
        std_radial: 1.25,
        std_tangential: 0.25,
    };

    #[test]
    fn a_code_is_in_its_own_component_if_it_lies_nearest_to_that() {
        let components = [0, 3, 7, 9, 9];
        let mut rng = stream(1, "test", 0);
        let codes = RING.sample_components(&components, &mut rng).unwrap();
        let accuracy = |labels: &[u8]| component_accuracy(&codes, labels, &RING, 10, 0).unwrap();
        assert_eq!(accuracy(&[0, 3, 7, 9, 9]), 1.0);
        assert_eq!(accuracy(&[0, 3, 7, 9, 8]), 0.8);
        assert_eq!(accuracy(&[1, 4, 8, 0, 0]), 0.0);
    }

    #[test]
    fn a_prior_without_a_component_for_each_class_is_refused() {
        let message = |prior: &PriorConfig, classes| {
            let found = component_accuracy(&[0.0; 2], &[0], prior, classes, 0);
            found.unwrap_err().to_string()
        };
        assert_eq!(
            message(&RING, 11),
            "expected at least 11 components of the prior, found 10"
        );
        let whole = PriorConfig::Gaussian {
            mean: 0.0,
            std: 1.0,
        };
        assert_eq!(
            message(&whole, 1),
            "expected at least 1 components of the prior, found 0"
        );
        assert_eq!(message(&RING, 257), "expected 1 to 256 classes, found 257");
    }
}
