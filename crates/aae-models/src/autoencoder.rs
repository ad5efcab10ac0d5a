//! Encoder and decoder together: the artefact that a run leaves.

use aae_ops::{Param, softmax};
use candle_core::{Device, Result, Tensor, bail};

use crate::init::Init;
use crate::{Decoder, Encoder, ImageShape, LabelUse, Latent, ModelConfig, Pass};

/// An encoder and its decoder. See the front page of the crate for an example.
#[derive(Clone, Debug)]
pub struct Autoencoder {
    encoder: Encoder,
    decoder: Decoder,
    image: ImageShape,
    label: LabelUse,
    latent_dim: usize,
    categories: usize,
    device: Device,
}

impl Autoencoder {
    /// A new autoencoder with weights drawn by `seed`.
    ///
    /// Errors: if a layer would have no inputs or no units; if the device refuses.
    pub fn new(
        config: &ModelConfig,
        image: ImageShape,
        label: LabelUse,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let init = Init {
            scheme: config.init,
            seed,
            device,
        };
        Ok(Self {
            encoder: Encoder::new(config, image, label, init)?,
            decoder: Decoder::new(config, image, label, init)?,
            image,
            label,
            latent_dim: config.latent_dim,
            categories: config.categories,
            device: device.clone(),
        })
    }

    /// Images `[B, pixels]` in `[0, 1]` -> codes, as a trained model makes them.
    ///
    /// A stochastic posterior draws the same noise in every call: several batches want [`Encoder::forward`] with
    /// [`Pass::evaluation`]. A gradient can be taken through the codes, which therefore keep the images and every hidden layer:
    /// [`detach`](Tensor::detach) what is to be kept. Errors: if the images have another size.
    pub fn encode(&self, images: &Tensor) -> Result<Latent> {
        self.encoder.forward(images, Pass::EVALUATION)
    }

    /// Codes `[B, latent_dim]`, and probabilities of labels `[B, categories]` where the decoder has one -> logits `[B, pixels]`.
    ///
    /// They keep the codes and every hidden layer, as in [`encode`](Self::encode). Errors: as [`Decoder::forward`].
    pub fn decode(&self, style: &Tensor, label: Option<&Tensor>) -> Result<Tensor> {
        self.decoder.forward(style, label)
    }

    /// As [`decode`](Self::decode), to images `[B, pixels]` in `[0, 1]`.
    ///
    /// Errors: as [`Decoder::forward`].
    pub fn generate(&self, style: &Tensor, label: Option<&Tensor>) -> Result<Tensor> {
        candle_nn::ops::sigmoid(&self.decode(style, label)?.detach())
    }

    /// Images `[B, pixels]` in `[0, 1]` -> their reconstructions, alike. `labels` `[B, categories]` are the images' own, and
    /// needed only by a decoder that is given them.
    ///
    /// Noise as in [`encode`](Self::encode). Errors: if the images have another size; if the decoder is given labels and none is known.
    pub fn reconstruct(&self, images: &Tensor, labels: Option<&Tensor>) -> Result<Tensor> {
        let latent = self.encode(images)?;
        let label = self.label(&latent, labels)?;
        self.generate(&latent.style.detach(), label.as_ref())
    }

    /// What the decoder gets as label: nothing, the label that is known, or the probabilities that the encoder infers.
    ///
    /// Shapes: `known` and result `[B, categories]`. Errors: if the decoder is given labels and none is known.
    pub fn label(&self, latent: &Latent, known: Option<&Tensor>) -> Result<Option<Tensor>> {
        match (self.label, &latent.label_logits) {
            (LabelUse::Absent, _) => Ok(None),
            (LabelUse::Given, _) => match known {
                Some(label) => Ok(Some(label.clone())),
                None => bail!("expected the label of each image: this decoder is given it"),
            },
            (LabelUse::Inferred | LabelUse::Heads, Some(logits)) => softmax(logits).map(Some),
            (LabelUse::Inferred | LabelUse::Heads, None) => {
                bail!("expected logits of the label beside the code")
            }
        }
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

    /// What the label is to the networks.
    pub fn label_use(&self) -> LabelUse {
        self.label
    }

    /// Dimensions of the style code.
    pub fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    /// Ways of the label; 0 if there is none.
    pub fn categories(&self) -> usize {
        self.categories
    }

    /// Where the parameters live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Every parameter that training moves by gradients, in sorted name order: the decoder's before the encoder's.
    pub fn params(&self) -> Vec<Param> {
        let mut params = self.decoder.params();
        params.extend(self.encoder.params());
        params
    }

    /// Everything that makes the model what it is: the parameters, and running statistics of batch normalisation.
    pub fn state(&self) -> Vec<Param> {
        let mut state = self.params();
        state.extend(self.encoder.buffers());
        state
    }
}
