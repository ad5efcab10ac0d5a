//! The labels that a step may see: those of its own images that the experiment owns, and a batch of labelled images beside them.

use aae_data::{Batches, DataError, Split, permutation};
use aae_models::one_hot;
use aae_ops::stream::stream;
use candle_core::Device;

use crate::config::Config;
use crate::error::FitError;
use crate::variants::LabelledBatch;

/// Deals out labels, in the CPU's memory. A variant that uses none gets none.
#[derive(Clone)]
pub(crate) struct Labels<'a> {
    config: &'a Config,
    train: &'a Split,
    labelled: Option<&'a Split>,
    /// By position in `train`: whether the label may be seen. Empty for a variant that asks for no labels of its own images.
    owned: Vec<bool>,
    /// Which cycle through the labelled images it is, and their order in it.
    cycle: Option<(u64, Batches)>,
}

impl<'a> Labels<'a> {
    pub(crate) fn new(config: &'a Config, train: &'a Split, labelled: Option<&'a Split>) -> Self {
        let owned = match (config.variant.sees_own_labels(), labelled) {
            (true, Some(labelled)) => {
                // Both are in the data set's order.
                let found = |index| labelled.indices().binary_search(index).is_ok();
                train.indices().iter().map(found).collect()
            }
            _ => Vec::new(),
        };
        Self {
            config,
            train,
            labelled,
            owned,
            cycle: None,
        }
    }

    /// The labels of the images at `positions`, where they may be seen; nothing for a variant that asks for none.
    pub(crate) fn of(&self, positions: &[u32]) -> Vec<Option<u8>> {
        if self.owned.is_empty() {
            return Vec::new();
        }
        let label = |&position: &u32| {
            self.owned[position as usize].then(|| self.train.label(position as usize))
        };
        positions.iter().map(label).collect()
    }

    /// The labelled images of step number `step`, if the variant classifies: a batch of the run's size, or all if there are
    /// fewer. They are gone through in cycles, each in an order of its own.
    pub(crate) fn batch(&mut self, step: u64) -> Result<Option<LabelledBatch>, FitError> {
        let Some(split) = self.labelled.filter(|_| self.config.variant.classifies()) else {
            return Ok(None);
        };
        let size = self.config.batch_size.min(split.len());
        let steps = aae_data::steps_per_epoch(split.len(), size).max(1) as u64;
        let (number, in_cycle) = (step / steps, (step % steps) as usize);
        let batches = match self.cycle.take() {
            Some((cycle, batches)) if cycle == number => batches,
            _ => self.order(split, number, size)?,
        };
        let positions = batches.positions(in_cycle);
        let labels: Vec<u8> = positions
            .iter()
            .map(|&position| split.label(position as usize))
            .collect();
        let batch = LabelledBatch {
            images: split.batch(positions, &Device::Cpu)?,
            labels: one_hot(&labels, self.config.model.categories, &Device::Cpu)?,
        };
        self.cycle = Some((number, batches));
        Ok(Some(batch))
    }

    fn order(&self, split: &Split, cycle: u64, size: usize) -> Result<Batches, DataError> {
        let mut rng = stream(self.config.seed, "data.labelled_order", cycle);
        Batches::new(permutation(split.len(), &mut rng), size)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aae_data::Dataset;

    use super::*;
    use crate::config::Override;

    /// The held-out part of 40 images in 10 classes, whose every pixel is their label.
    fn split() -> Split {
        let labels: Vec<u8> = (0..40).map(|i| (i * 7 % 10) as u8).collect();
        let pixels = labels.iter().flat_map(|label| [*label; 6]).collect();
        let dataset = Arc::new(Dataset::new(pixels, labels, 2, 3, 10).unwrap());
        let mut rng = stream(0, "test.split", 0);
        Split::all(&dataset).hold_out(20, &mut rng).unwrap().1
    }

    #[test]
    fn every_image_of_a_labelled_batch_has_its_own_label() {
        let (split, size) = (split(), Override::set("batch_size=6"));
        let config = Config::resolve("nn-100", None, &[size]).unwrap();
        let mut labels = Labels::new(&config, &split, Some(&split));
        // Three batches are a cycle.
        for step in 0..9 {
            let batch = labels.batch(step).unwrap().unwrap();
            let images = batch.images.to_vec2::<f32>().unwrap();
            let shown: Vec<u32> = images
                .iter()
                .map(|x| (x[0] * 255.0).round() as u32)
                .collect();
            let labels = batch.labels.argmax(1).unwrap();
            assert_eq!(labels.to_vec1::<u32>().unwrap(), shown, "step {step}");
        }
    }

    #[test]
    fn the_labels_of_a_step_are_those_of_its_own_images() {
        let split = split();
        let config = Config::resolve("labelled-mixture", None, &[]).unwrap();
        let known = split.take(15);
        let labels = Labels::new(&config, &split, Some(&known));
        let found = labels.of(&[9, 3, 17]);
        assert_eq!(
            found,
            [Some(split.image(9)[0]), Some(split.image(3)[0]), None]
        );
    }
}
