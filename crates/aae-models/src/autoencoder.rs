//! Encoder and decoder together: the artefact that a run leaves.

use aae_ops::Param;
use candle_core::{Device, Result, Tensor};

use crate::init::Init;
use crate::{Decoder, Encoder, ImageShape, Latent, ModelConfig};

/// An encoder and its decoder.
///
/// ```
/// use aae_models::{Autoencoder, ImageShape, InitScheme, ModelConfig, NetworkConfig};
/// use aae_ops::Activation;
/// use candle_core::{DType, Device, Tensor};
///
/// # fn main() -> candle_core::Result<()> {
/// let network = NetworkConfig { hidden: vec![32, 32], activation: Activation::Relu };
/// let config = ModelConfig {
///     latent_dim: 2,
///     init: InitScheme::KaimingUniform,
///     encoder: network.clone(),
///     decoder: network.clone(),
///     discriminator: network,
/// };
/// let autoencoder = Autoencoder::new(&config, ImageShape { height: 28, width: 28 }, 0, &Device::Cpu)?;
/// let images = Tensor::zeros((5, 784), DType::F32, &Device::Cpu)?;
/// assert_eq!(autoencoder.encode(&images)?.style.dims(), [5, 2]);
/// assert_eq!(autoencoder.reconstruct(&images)?.dims(), [5, 784]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Autoencoder {
    encoder: Encoder,
    decoder: Decoder,
    image: ImageShape,
    latent_dim: usize,
    device: Device,
}

impl Autoencoder {
    /// A new autoencoder with weights drawn by `seed`.
    pub fn new(
        config: &ModelConfig,
        image: ImageShape,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let init = Init {
            scheme: config.init,
            seed,
            device,
        };
        Ok(Self {
            encoder: Encoder::new(config, image, init)?,
            decoder: Decoder::new(config, image, init)?,
            image,
            latent_dim: config.latent_dim,
            device: device.clone(),
        })
    }

    /// Images `[B, pixels]` in `[0, 1]` -> codes.
    pub fn encode(&self, images: &Tensor) -> Result<Latent> {
        self.encoder.forward(images)
    }

    /// Codes `[B, latent_dim]` -> logits `[B, pixels]`.
    pub fn decode(&self, style: &Tensor) -> Result<Tensor> {
        self.decoder.forward(style)
    }

    /// Codes `[B, latent_dim]` -> images `[B, pixels]` in `[0, 1]`.
    pub fn generate(&self, style: &Tensor) -> Result<Tensor> {
        candle_nn::ops::sigmoid(&self.decode(style)?.detach())
    }

    /// Images `[B, pixels]` in `[0, 1]` -> their reconstructions, alike.
    pub fn reconstruct(&self, images: &Tensor) -> Result<Tensor> {
        self.generate(&self.encode(images)?.style.detach())
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The decoder.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Size of the images.
    pub fn image(&self) -> ImageShape {
        self.image
    }

    /// Dimensions of the latent code.
    pub fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    /// Where the parameters live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Every parameter, in sorted name order: the decoder's before the encoder's.
    pub fn params(&self) -> Vec<Param> {
        let mut params = self.decoder.params();
        params.extend(self.encoder.params());
        params
    }
}
