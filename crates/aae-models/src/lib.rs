//! Adversarial autoencoder networks, priors and losses on candle: the mathematics of Makhzani et al. 2015
//! (arXiv:1511.05644). No files, no loops, no clocks.
//!
//! An [`Autoencoder`] encodes images to codes and decodes codes to logits of pixels; a [`Discriminator`] tells codes
//! from draws of a [`prior`]; [`losses`] are those of the paper's phases. Training them is `aae-train`'s work.

mod autoencoder;
mod config;
mod decoder;
mod discriminator;
mod encoder;
pub mod init;
mod label;
pub mod losses;
mod mlp;
mod pass;
pub mod prior;

pub use autoencoder::Autoencoder;
pub use config::{
    EncoderConfig, ImageShape, InitScheme, LabelUse, ModelConfig, NetworkConfig, PosteriorConfig,
    ReconstructionLoss,
};
pub use decoder::Decoder;
pub use discriminator::Discriminator;
pub use encoder::{Encoder, Latent};
pub use label::one_hot;
pub use mlp::Mlp;
pub use pass::Pass;
