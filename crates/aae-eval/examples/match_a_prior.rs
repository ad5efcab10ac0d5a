//! How far a set of codes is from a prior, beside how far apart two sets of draws are.
#![allow(clippy::print_stdout)] // An example talks to whoever runs it.

use aae_eval::prior_match;
use aae_models::prior::PriorConfig;
use aae_ops::stream::stream;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prior = PriorConfig::Gaussian {
        mean: 0.0,
        std: 5.0,
    };
    for (name, found) in [
        ("draws of the prior itself", prior.clone()),
        (
            "a normal distribution too narrow",
            PriorConfig::Gaussian {
                mean: 0.0,
                std: 4.0,
            },
        ),
        (
            "a square of the same spread",
            PriorConfig::Uniform {
                low: -8.66,
                high: 8.66,
            },
        ),
    ] {
        let codes = found.sample(10_000, 2, &mut stream(1, "codes", 0));
        let matched = prior_match(&codes, 2, &prior, 0)?;
        println!(
            "{name}: sliced Wasserstein {:.2} (draws {:.2}), squared MMD {:.4} (draws {:.4})",
            matched.codes.sliced_w1,
            matched.draws.sliced_w1,
            matched.codes.mmd_squared,
            matched.draws.mmd_squared
        );
    }
    Ok(())
}
