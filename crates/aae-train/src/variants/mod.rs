//! The training algorithms, one page each: what happens to one mini-batch.

mod aae;
mod ae;

use aae_models::{Autoencoder, ImageShape};
use aae_ops::Param;
use candle_core::{Device, Result, Tensor};

pub use aae::Aae;
pub use ae::Ae;

use crate::config::{Config, VariantKind};
use crate::phase::Phase;

/// What a step is given.
#[derive(Debug)]
pub struct StepBatch {
    /// `[B, pixels]` in `[0, 1]`.
    pub images: Tensor,
    /// Which step of the run this is, counted from 0: the key of all that is drawn in it.
    pub step: u64,
}

/// The losses of a step by name: scalars on the device, fetched only when somebody wants to see them.
pub type StepLosses = Vec<(&'static str, Tensor)>;

/// A training algorithm with its networks and optimizers.
pub trait Variant {
    /// Trains on one mini-batch.
    fn step(&mut self, batch: &StepBatch) -> Result<StepLosses>;

    /// The autoencoder: what is left when training is over.
    fn autoencoder(&self) -> &Autoencoder;

    /// Every network by name, with its parameters; together all that training moves.
    fn networks(&self) -> Vec<(&'static str, Vec<Param>)>;

    /// Every phase, in the order of a step.
    fn phases(&self) -> Vec<&Phase>;

    /// Every phase, in the order of a step.
    fn phases_mut(&mut self) -> Vec<&mut Phase>;
}

/// The variant that a configuration names, with freshly drawn weights.
pub fn build(config: &Config, image: ImageShape, device: &Device) -> Result<Box<dyn Variant>> {
    Ok(match config.variant {
        VariantKind::Ae => Box::new(Ae::new(config, image, device)?),
        VariantKind::Aae => Box::new(Aae::new(config, image, device)?),
    })
}
