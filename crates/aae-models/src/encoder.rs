//! The encoder q(z|x), q(y|x): images to codes.

use aae_ops::{Activation, Linear, Param, branched, sequential_in};
use candle_core::{Result, Tensor, bail};

use crate::init::Init;
use crate::mlp::{hidden_layers, sorted};
use crate::{ImageShape, LabelUse, ModelConfig, Pass, PosteriorConfig};

/// What the encoder makes of a batch of images.
#[derive(Clone, Debug)]
pub struct Latent {
    /// The style code `z`, `[B, latent_dim]`: a draw, where the posterior is one.
    pub style: Tensor,
    /// Logits of the label `y`, `[B, categories]`, if the encoder infers it.
    pub label_logits: Option<Tensor>,
}

/// Hidden layers, and a linear head for each thing that the encoder says.
#[derive(Clone, Debug)]
pub struct Encoder {
    trunk: Vec<Linear>,
    /// The style, its log-variance if the posterior is Gaussian, the label if it is inferred.
    heads: Vec<Linear>,
    posterior: PosteriorConfig,
    infers_label: bool,
}

impl Encoder {
    /// Parameters `encoder.hidden.<i>.*`, `encoder.style.*`, and where they exist `encoder.style_log_variance.*` and
    /// `encoder.label.*`.
    ///
    /// Errors: if a layer would have no inputs or no units; if the device refuses.
    pub fn new(
        config: &ModelConfig,
        image: ImageShape,
        label: LabelUse,
        init: Init<'_>,
    ) -> Result<Self> {
        let network = &config.encoder;
        let noise_dim = match config.posterior {
            PosteriorConfig::Universal { noise_dim } => noise_dim,
            PosteriorConfig::Deterministic {} | PosteriorConfig::Gaussian {} => 0,
        };
        let inputs = image.pixels() + noise_dim;
        let normalised = |name: &str, width: usize, layer: Linear| match network.batch_norm {
            true => layer.with_batch_norm(init.batch_norm(name, width)?),
            false => Ok(layer),
        };
        let trunk = hidden_layers(&network.hidden, network.activation, "encoder", inputs, init)?
            .into_iter()
            .zip(&network.hidden)
            .enumerate()
            .map(|(i, (layer, width))| normalised(&format!("encoder.hidden.{i}"), *width, layer))
            .collect::<Result<_>>()?;
        let width = network.hidden.last().copied().unwrap_or(inputs);
        let mut heads = vec![("style", config.latent_dim)];
        if config.posterior == (PosteriorConfig::Gaussian {}) {
            heads.push(("style_log_variance", config.latent_dim));
        }
        if label.is_inferred() {
            heads.push(("label", config.categories));
        }
        let heads = heads
            .into_iter()
            .map(|(name, outputs)| {
                let name = format!("encoder.{name}");
                let layer = init.linear(&name, width, outputs, Activation::None)?;
                normalised(&name, outputs, layer)
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            trunk,
            heads,
            posterior: config.posterior,
            infers_label: label.is_inferred(),
        })
    }

    /// Images `[B, pixels]` in `[0, 1]` -> codes.
    ///
    /// A gradient can be taken through them, so they keep the images and every hidden layer: [`detach`](Tensor::detach) what is to be kept.
    /// Errors: if the images have another size; in training with batch normalisation, if there is only one image.
    pub fn forward(&self, images: &Tensor, pass: Pass) -> Result<Latent> {
        let input = self.with_noise(images, pass)?;
        let mut heads = branched(&self.trunk, &self.heads, &input, pass.mode)?;
        let label_logits = match self.infers_label {
            true => heads.pop(),
            false => None,
        };
        let style = match heads.as_slice() {
            [mean, log_variance] => {
                let (batch, dim) = mean.dims2()?;
                let noise = pass.noise(batch, dim, images.device())?;
                (mean + ((log_variance * 0.5)?.exp()? * noise)?)?
            }
            [style] => style.clone(),
            _ => bail!("expected one or two heads for the style"),
        };
        Ok(Latent {
            style,
            label_logits,
        })
    }

    /// Images `[B, pixels]` in `[0, 1]` -> logits of the label alone, `[B, categories]`: the other heads are not computed.
    ///
    /// Errors: as [`forward`](Self::forward); if the encoder infers no label.
    pub fn label_logits(&self, images: &Tensor, pass: Pass) -> Result<Tensor> {
        let input = self.with_noise(images, pass)?;
        let logits = match self.infers_label {
            true => branched(&self.trunk, self.label_head(), &input, pass.mode)?.pop(),
            false => None,
        };
        match logits {
            Some(logits) => Ok(logits),
            None => bail!("expected an encoder that infers a label"),
        }
    }

    /// Images `[B, pixels]` in `[0, 1]` -> the last hidden layer's output, `[B, units]`.
    ///
    /// Errors: as [`forward`](Self::forward); if there is no hidden layer.
    pub fn features(&self, images: &Tensor, pass: Pass) -> Result<Tensor> {
        sequential_in(&self.trunk, &self.with_noise(images, pass)?, pass.mode)
    }

    /// The parameters that the label's logits depend on, in sorted name order.
    pub fn label_params(&self) -> Vec<Param> {
        sorted(
            self.trunk
                .iter()
                .chain(self.label_head())
                .flat_map(Linear::params),
        )
    }

    fn label_head(&self) -> &[Linear] {
        match self.infers_label {
            true => &self.heads[self.heads.len() - 1..],
            false => &[],
        }
    }

    /// The input of the first layer: the images, and beside them the noise of a universal posterior.
    fn with_noise(&self, images: &Tensor, pass: Pass) -> Result<Tensor> {
        match self.posterior {
            PosteriorConfig::Universal { noise_dim } => {
                let noise = pass.noise(images.dim(0)?, noise_dim, images.device())?;
                Tensor::cat(&[images, &noise], 1)
            }
            PosteriorConfig::Deterministic {} | PosteriorConfig::Gaussian {} => Ok(images.clone()),
        }
    }

    /// Every parameter that training moves by gradients, in sorted name order.
    pub fn params(&self) -> Vec<Param> {
        sorted(self.layers().flat_map(Linear::params))
    }

    /// Running statistics of batch normalisation, in sorted name order: part of the model, moved by no gradient.
    pub fn buffers(&self) -> Vec<Param> {
        sorted(self.layers().flat_map(Linear::buffers))
    }

    fn layers(&self) -> impl Iterator<Item = &Linear> {
        self.trunk.iter().chain(&self.heads)
    }
}
