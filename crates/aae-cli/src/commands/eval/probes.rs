//! Classifiers on frozen codes: how much of the class is in them, and how simple a rule finds it.

use aae_data::Split;
use aae_eval::{
    LabelledCodes, NetworkProbe, k_nearest_accuracy, linear_probe_accuracy, network_probe_accuracy,
    represent_all,
};
use aae_train::data::Splits;

use super::Metrics;
use crate::trained::Trained;

const LINEAR: &str = "probe_linear_accuracy";
const NETWORK: &str = "probe_network_accuracy";
const NEAREST: &str = "probe_10_nearest_accuracy";

/// Training codes that vote: there must be as many.
pub(super) const NEIGHBOURS: usize = 10;

/// Trains each classifier on codes and labels of all training images, and scores it on those of the test images.
///
/// With cluster heads the codes are those that the decoder sees, head and style together.
///
/// Labels are read here to measure a model that is finished; none of them reaches it.
pub(super) fn probes(model: &Trained, splits: &Splits, test: &Split) -> anyhow::Result<Metrics> {
    let (dim, classes) = (model.autoencoder.latent_dim(), test.dataset().classes());
    let (train_codes, test_codes) = (
        represent_all(&model.autoencoder, &splits.train)?,
        represent_all(&model.autoencoder, test)?,
    );
    let (train_labels, test_labels) = (splits.train.labels(), test.labels());
    let train = LabelledCodes {
        codes: &train_codes,
        labels: &train_labels,
    };
    let test = LabelledCodes {
        codes: &test_codes,
        labels: &test_labels,
    };
    let network = NetworkProbe {
        seed: model.config.seed,
        ..NetworkProbe::default()
    };
    Ok(Metrics::from([
        (
            LINEAR.to_owned(),
            linear_probe_accuracy(train, test, dim, classes)?,
        ),
        (
            NETWORK.to_owned(),
            network_probe_accuracy(train, test, dim, classes, &network)?,
        ),
        (
            NEAREST.to_owned(),
            k_nearest_accuracy(train, test, dim, NEIGHBOURS)?,
        ),
    ]))
}

pub(super) fn rows(metrics: &Metrics) -> Vec<(&'static str, String)> {
    let get = |name| metrics.get(name).map(|share| 100.0 * share);
    let (Some(linear), Some(network), Some(nearest)) = (get(LINEAR), get(NETWORK), get(NEAREST))
    else {
        return Vec::new();
    };
    vec![(
        "probes",
        format!(
            "class found in the codes: linear {linear:.1} %, network {network:.1} %, 10 nearest {nearest:.1} %"
        ),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trained::tiny;

    #[test]
    fn probes_learn_from_training_images_and_are_scored_on_test_images() {
        let black_and_white = |black: usize, white: usize, labels: [u8; 2]| {
            let pixels = [vec![0; black * 6], vec![255; white * 6]].concat();
            let labels = [vec![labels[0]; black], vec![labels[1]; white]].concat();
            tiny::split(pixels, labels)
        };
        let splits = Splits {
            train: black_and_white(10, 30, [0, 1]),
            labelled: None,
            validation: None,
        };
        // Whoever learned from these would call all images 0: right for a quarter of the others.
        let test = black_and_white(10, 10, [0, 0]);
        let metrics = probes(&tiny::untrained("ae"), &splits, &test).unwrap();
        for name in [LINEAR, NETWORK, NEAREST] {
            assert_eq!(metrics[name], 0.5, "{name}");
        }
    }
}
