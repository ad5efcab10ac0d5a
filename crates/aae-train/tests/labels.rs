//! A step sees the labels that the experiment owns, and no other.
#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod common;

use std::sync::Arc;

use aae_data::{Dataset, Split};
use aae_train::Outcome;
use aae_train::config::Config;
use aae_train::data::Splits;
use aae_train::run_dir::RunDir;
use common::{IMAGES, config, dataset, train_on};

/// So many images, the first ones, have a label that is known.
const LABELLED: usize = 7;

/// The images of the other tests; the labels from `from` to `to` are those of the next class.
fn relabelled(from: usize, to: usize) -> Splits {
    let data = dataset();
    let pixels: Vec<u8> = (0..IMAGES)
        .flat_map(|index| data.image(index).to_vec())
        .collect();
    let mut labels = data.labels().to_vec();
    labels[from..to]
        .iter_mut()
        .for_each(|label| *label = (*label + 1) % 3);
    let data = Dataset::new(pixels, labels, data.height(), data.width(), 3).unwrap();
    let train = Split::all(&Arc::new(data));
    Splits {
        labelled: Some(train.take(LABELLED)),
        validation: None,
        train,
    }
}

/// The model after two epochs, as its file has it.
fn model(config: &Config, splits: &Splits) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create_at(&folder.path().join("run")).unwrap();
    let outcome = train_on(splits, config, &run, None, None).unwrap();
    assert!(matches!(outcome, Outcome::Finished { .. }));
    std::fs::read(run.model()).unwrap()
}

/// Larger than the labelled images, and smaller, so that it goes through them in cycles.
const BATCHES: [&str; 2] = ["batch_size=12", "batch_size=3"];

#[test]
fn only_the_labels_that_are_known_move_a_model() {
    for preset in [
        "labelled-mixture",
        "semi-supervised-100",
        "reduction-2d-100",
        "nn-100",
    ] {
        for batch in BATCHES {
            let config = config(preset, &[batch, "epochs=2"]);
            let learned = model(&config, &relabelled(0, 0));
            let unknown = model(&config, &relabelled(LABELLED, IMAGES));
            assert!(
                learned == unknown,
                "{preset}, {batch}: a label that is not known was seen"
            );
            // Every known label is seen within two epochs.
            for known in 0..LABELLED {
                let other = model(&config, &relabelled(known, known + 1));
                assert!(
                    learned != other,
                    "{preset}, {batch}: known label {known} was not seen"
                );
            }
        }
    }
}

#[test]
fn no_label_moves_a_model_that_is_trained_without() {
    for preset in ["ae", "aae", "clustering-16"] {
        let config = config(preset, &["epochs=2"]);
        let learned = model(&config, &relabelled(0, 0));
        let others = model(&config, &relabelled(0, IMAGES));
        assert!(learned == others, "{preset}: a label was seen");
    }
}
