//! `aae-data`: from files to mini-batches; it knows no model.
//!
//! The walk: four IDX files, plain or gzipped ([`idx`]) → [`Dataset`] (pixels stay bytes, resident) → [`Split`] (a view by
//! indices) → [`Batches`] (one permutation an epoch) → [`Split::batch`] (gathers and scales to `[0, 1]` in one pass).
//!
//! ```
//! use std::sync::Arc;
//!
//! use aae_data::{Batches, Split, load, locate, permutation};
//! use candle_core::Device;
//! use rand::{SeedableRng, rngs::ChaCha8Rng};
//!
//! let data = load(&locate(None, None)?)?; // the MNIST that comes with the project
//! let (train, validation) = Split::all(&Arc::new(data.train)).hold_out(5_000, &mut ChaCha8Rng::seed_from_u64(0))?;
//! assert_eq!((train.len(), validation.len()), (55_000, 5_000));
//!
//! let epoch = Batches::new(permutation(train.len(), &mut ChaCha8Rng::seed_from_u64(1)), 128)?;
//! assert_eq!(epoch.steps(), 429); // the last 88 images wait for another epoch
//! let images = train.batch(epoch.positions(0), &Device::Cpu)?;
//! assert_eq!(images.dims(), [128, 784]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batches;
mod dataset;
mod error;
#[cfg(feature = "hub")]
pub mod hub;
pub mod idx;
mod mnist;
mod split;

pub use batches::{Batches, permutation, steps_per_epoch};
pub use dataset::{Dataset, TrainTest};
pub use error::DataError;
pub use mnist::{load, locate};
pub use split::Split;
