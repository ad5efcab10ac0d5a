//! What is measured, by whose labels, and what the figures are called.

use std::sync::Arc;

use aae_data::Dataset;
use aae_eval::{Distances, adjusted_rand_index, normalized_mutual_information};

use super::*;
use crate::trained::tiny;

#[test]
fn clusters_get_their_classes_from_held_out_images_by_the_surest_or_by_the_most() {
    // All alike, so that they are one cluster; of equally sure ones the first counts.
    let black = |labels: &[u8]| tiny::split(vec![0; labels.len() * 6], labels.to_vec());
    let splits = Splits {
        train: black(&[0]),
        labelled: None,
        validation: Some(black(&[0, 1, 1])),
    };
    let (model, test) = (tiny::untrained("clustering-16"), black(&[1, 1]));
    let mut measure = Measure {
        test: &test,
        splits: &splits,
        config: &model.config,
        time: Duration::ZERO,
    };
    let lines = measure.evaluate(&model.autoencoder, 0, 0).unwrap();
    let of_test = &lines[1].metrics;
    assert_eq!(lines[1].split, "test");
    assert_eq!(of_test[CLUSTERING_ERROR], 1.0);
    assert_eq!(of_test[MAJORITY_ERROR], 0.0);
    assert_eq!(of_test[DEAD], 15.0);
}

#[test]
fn each_figure_of_the_codes_has_its_own_name() {
    let distances = |[sliced_w1, sliced_w2, mmd_squared]: [f64; 3]| Distances {
        sliced_w1,
        sliced_w2,
        mmd_squared,
    };
    let found = figures(&PriorMatch {
        codes: distances([1.0, 2.0, 3.0]),
        draws: distances([4.0, 5.0, 6.0]),
        mean: vec![7.0, 8.0],
        std: vec![9.0, 10.0],
    });
    let expected = [
        ("sliced_wasserstein", 1.0),
        ("sliced_wasserstein_2", 2.0),
        ("mmd_squared", 3.0),
        ("sliced_wasserstein_floor", 4.0),
        ("sliced_wasserstein_2_floor", 5.0),
        ("mmd_squared_floor", 6.0),
        ("mean_0", 7.0),
        ("mean_1", 8.0),
        ("std_0", 9.0),
        ("std_1", 10.0),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn each_figure_of_the_labels_has_its_own_name() {
    // The pixels of an image are the bits of its number.
    let bits = |image: u8| (0..6).map(move |bit| ((image >> bit) & 1) * 255);
    let pixels: Vec<u8> = (0..20).flat_map(bits).collect();
    let split = |labels: &[u8]| {
        let data = Dataset::new(pixels.clone(), labels.to_vec(), 2, 3, 16);
        Split::all(&Arc::new(data.unwrap()))
    };
    // What a model infers of the images, their labels, which are others for the first five, and the figures.
    let measured = |preset: &str| {
        let model = tiny::untrained(preset);
        let ways = model.autoencoder.categories();
        let logits = label_logits_all(&model.autoencoder, &split(&[0; 20])).unwrap();
        let inferred = argmax_rows(&logits, ways).unwrap();
        let mut labels = inferred.clone();
        for label in &mut labels[..5] {
            *label = (*label + 1) % ways as u8;
        }
        let split = split(&labels);
        let splits = Splits {
            train: split.clone(),
            labelled: None,
            validation: None,
        };
        let found = label_figures(&model.autoencoder, &split, &splits, &model.config);
        (inferred, labels, found.unwrap())
    };
    let (_, _, found) = measured("semi-supervised-100");
    // from math import sqrt
    // z, n, p = 1.959963984540054, 20, 5 / 20
    // for s in [-1, 1]:
    //     print((p + z * z / 2 / n + s * z * sqrt(p * (1 - p) / n + z * z / 4 / n / n)) / (1 + z * z / n))
    let expected = [
        (CLASSIFICATION_ERROR, 0.25),
        (ERROR_LOW, 0.11186170140766569),
        (ERROR_HIGH, 0.468700877618744),
    ];
    for (name, expected) in expected {
        assert!((found[name] - expected).abs() < 1e-12, "{name}: {found:?}");
    }
    let (clusters, labels, found) = measured("clustering-16");
    let nmi = normalized_mutual_information(&clusters, &labels).unwrap();
    let ari = adjusted_rand_index(&clusters, &labels).unwrap();
    assert_eq!((found[NMI], found[ARI]), (nmi, ari));
    assert_ne!(nmi, ari);
}

#[test]
fn a_numbered_series_is_read_back_in_order() {
    let figures = (0..12)
        .map(|i| (format!("mean_{i}"), f64::from(i)))
        .collect();
    assert_eq!(
        series(&figures, "mean"),
        (0..12).map(f64::from).collect::<Vec<_>>()
    );
    assert!(series(&figures, "std").is_empty());
}
