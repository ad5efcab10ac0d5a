//! Networks, priors and losses of adversarial autoencoders. The rest of this page is the crate's `README.md`.
//!
#![doc = include_str!("../README.md")]

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
