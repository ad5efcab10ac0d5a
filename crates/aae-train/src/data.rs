//! Which images a run trains on and which it holds out, and what identifies them.

use std::sync::Arc;

use aae_data::{DataError, Dataset, Split};
use aae_ops::stream::stream;
use sha2::{Digest, Sha256};

use crate::config::{Config, LabelNeed};
use crate::hex;

/// The training images of a run, and those held out of them.
#[derive(Clone, Debug)]
pub struct Splits {
    /// What the run trains on.
    pub train: Split,
    /// The part of it whose labels the run may see, if its variant uses labels.
    pub labelled: Option<Split>,
    /// `data.validation` images that it never trains on, if any.
    pub validation: Option<Split>,
}

impl Splits {
    /// Holds out, limits and labels as the configuration says; which images it takes depends on the seed alone.
    ///
    /// Errors: if nothing is left to train on, or a class has fewer images than labels are asked for.
    pub fn new(config: &Config, training: &Arc<Dataset>) -> Result<Self, DataError> {
        let (need, seed) = (config.variant.label_need(), config.seed);
        let config = &config.data;
        let all = Split::all(training);
        let (train, validation) = match config.validation {
            0 => (all, None),
            n => {
                let (train, validation) =
                    all.hold_out(n, &mut stream(seed, "data.validation", 0))?;
                (train, Some(validation))
            }
        };
        let train = config.limit_train.map_or(train.clone(), |n| train.take(n));
        let labelled = match (need, config.labelled) {
            (LabelNeed::Never, _) | (_, Some(0)) => None,
            (_, None) => Some(train.clone()),
            (_, Some(n)) => Some(train.balanced(n, &mut stream(seed, "data.labelled", 0))?),
        };
        Ok(Self {
            train,
            labelled,
            validation,
        })
    }

    /// The first `n` held-out images, or training images if none are held out: what an evaluation chooses by, so that it chooses
    /// nothing by test images.
    pub fn for_choices(&self, n: usize) -> Split {
        self.validation.as_ref().unwrap_or(&self.train).take(n)
    }
}

/// SHA-256 of a data set's size, pixels and labels: a run goes on only with the data that it began with.
pub fn fingerprint(dataset: &Dataset) -> String {
    let mut hash = Sha256::new();
    for size in [dataset.len(), dataset.height(), dataset.width()] {
        hash.update((size as u64).to_le_bytes());
    }
    (0..dataset.len()).for_each(|index| hash.update(dataset.image(index)));
    hash.update(dataset.labels());
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Override;

    #[test]
    fn choices_are_made_by_held_out_images_or_else_by_training_images() {
        let data = Dataset::new(vec![0; 40], vec![0; 10], 2, 2, 1).unwrap();
        let splits = |validation: &str| {
            let config = Config::resolve("aae", None, &[Override::set(validation)]).unwrap();
            Splits::new(&config, &Arc::new(data.clone())).unwrap()
        };
        let with = splits("data.validation=4");
        let held_out = with.validation.as_ref().unwrap();
        assert_eq!(with.for_choices(9).indices(), held_out.indices());
        assert_eq!(with.for_choices(3).indices(), &held_out.indices()[..3]);
        let without = splits("data.validation=0");
        assert_eq!(without.for_choices(3).indices(), [0, 1, 2]);
    }

    #[test]
    fn labels_are_of_images_trained_on_and_every_seed_draws_its_own() {
        let labels = (0..60).map(|i| i % 3).collect();
        let data = Arc::new(Dataset::new(vec![0; 240], labels, 2, 2, 3).unwrap());
        let splits = |settings: &[&str]| {
            let nine = ["model.categories=3", "data.labelled=9"];
            let settings = [&nine[..], settings].concat();
            let settings: Vec<_> = settings.into_iter().map(Override::set).collect();
            let config = Config::resolve("nn-100", None, &settings).unwrap();
            Splits::new(&config, &data).unwrap()
        };
        let few = splits(&["data.validation=30", "data.limit_train=20"]);
        let [train, labelled, held_out] = [
            Some(&few.train),
            few.labelled.as_ref(),
            few.validation.as_ref(),
        ]
        .map(|split| split.unwrap().indices());
        assert_eq!([train.len(), labelled.len(), held_out.len()], [20, 9, 30]);
        assert!(labelled.iter().all(|index| train.contains(index)));
        assert!(!train.iter().any(|index| held_out.contains(index)));
        // Of the same images each time, so that it is the draw that differs.
        let labelled = |seed: &str| splits(&[seed]).labelled.unwrap().indices().to_vec();
        assert_ne!(labelled("seed=0"), labelled("seed=1"));
        let held_out = |seed: &str| {
            let splits = splits(&[seed, "data.validation=30"]);
            splits.validation.unwrap().indices().to_vec()
        };
        assert_ne!(held_out("seed=0"), held_out("seed=1"));
    }
}
