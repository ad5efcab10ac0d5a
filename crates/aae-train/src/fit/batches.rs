//! The batches of a run, each made while the step before it computes.
//!
//! What a batch holds depends on the seed and on the number of its step alone, so that nothing changes with the thread that makes it.

use std::io;
use std::ops::Range;
use std::sync::mpsc::sync_channel;
use std::thread;

use aae_data::{Batches, DataError, Split, permutation};
use aae_ops::stream::stream;
use candle_core::Device;

use crate::config::Config;
use crate::error::FitError;
use crate::labels::Labels;
use crate::variants::StepBatch;

/// Makes the batch of any step, in the CPU's memory.
#[derive(Clone)]
pub(super) struct StepBatches<'a> {
    config: &'a Config,
    train: &'a Split,
    labels: Labels<'a>,
    steps_per_epoch: u64,
    /// Which epoch was asked for last, and its order.
    order: Option<(u64, Batches)>,
}

impl<'a> StepBatches<'a> {
    /// Errors: if there are fewer images than a batch has.
    pub(super) fn new(
        config: &'a Config,
        train: &'a Split,
        labelled: Option<&'a Split>,
    ) -> Result<Self, DataError> {
        let (batch_size, available) = (config.batch_size, train.len());
        let steps_per_epoch = aae_data::steps_per_epoch(available, batch_size) as u64;
        if steps_per_epoch == 0 {
            return Err(DataError::BatchSize {
                batch_size,
                available,
            });
        }
        Ok(Self {
            config,
            train,
            labels: Labels::new(config, train, labelled),
            steps_per_epoch,
            order: None,
        })
    }

    pub(super) fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    /// Calls `f` with the batches of `steps`, one after the other. A thread makes them, always one ahead; `f` is told if there is none, and why.
    pub(super) fn made_ahead<T>(
        self,
        steps: Range<u64>,
        f: impl FnOnce(&mut dyn Iterator<Item = Result<StepBatch, FitError>>, Option<io::Error>) -> T,
    ) -> T {
        thread::scope(|scope| {
            // One for the thread, one for the case that there is none.
            let (mut ahead, mut here) = (self.clone(), self);
            // Whoever takes a batch lets the next one be made.
            let (sender, receiver) = sync_channel(0);
            let make = {
                let steps = steps.clone();
                // Sending fails when no more batches are wanted.
                move || {
                    steps
                        .map(|step| ahead.batch(step))
                        .try_for_each(|batch| sender.send(batch))
                }
            };
            let thread = thread::Builder::new().name("batches".to_owned());
            match thread.spawn_scoped(scope, make) {
                Ok(_) => f(&mut receiver.into_iter(), None),
                Err(error) => f(&mut steps.map(|step| here.batch(step)), Some(error)),
            }
        })
    }

    fn batch(&mut self, step: u64) -> Result<StepBatch, FitError> {
        let epoch = step / self.steps_per_epoch;
        let batches = match self.order.take() {
            Some((of, batches)) if of == epoch => batches,
            _ => self.order_of(epoch)?,
        };
        let all = batches.positions((step % self.steps_per_epoch) as usize);
        // A classifier looks at labelled images alone.
        let own = match self.config.variant.has_decoder() {
            true => all,
            false => &[],
        };
        let batch = StepBatch {
            images: self.train.batch(own, &Device::Cpu)?,
            labels: self.labels.of(own),
            labelled: self.labels.batch(step)?,
            step,
        };
        self.order = Some((epoch, batches));
        Ok(batch)
    }

    fn order_of(&self, epoch: u64) -> Result<Batches, DataError> {
        let mut rng = stream(self.config.seed, "data.order", epoch);
        Batches::new(
            permutation(self.train.len(), &mut rng),
            self.config.batch_size,
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aae_data::Dataset;

    use super::*;
    use crate::config::Override;

    #[test]
    fn an_epoch_shows_every_image_once_in_an_order_of_its_own() {
        // Each image has a shade of its own.
        let pixels = (0..12).flat_map(|shade| [shade; 6]).collect();
        let data = Arc::new(Dataset::new(pixels, vec![0; 12], 2, 3, 1).unwrap());
        let train = Split::all(&data);
        let orders = |seed: &str| {
            let settings = ["batch_size=3", seed].map(Override::set);
            let config = Config::resolve("ae", None, &settings).unwrap();
            let mut batches = StepBatches::new(&config, &train, None).unwrap();
            let mut shades = |step| -> Vec<u32> {
                let images = batches.batch(step).unwrap().images;
                let images = images.to_vec2::<f32>().unwrap();
                let shade = |image: &Vec<f32>| (image[0] * 255.0).round() as u32;
                images.iter().map(shade).collect()
            };
            // Four steps are an epoch.
            [0..4, 4..8].map(|steps| steps.flat_map(&mut shades).collect::<Vec<_>>())
        };
        let ([first, second], [other, _]) = (orders("seed=0"), orders("seed=1"));
        assert_ne!(first, second);
        assert_ne!(first, other);
        for mut order in [first, second] {
            order.sort_unstable();
            assert!(order.into_iter().eq(0..12));
        }
    }
}
