//! The decoder p(x|z), p(x|y, z): codes to images.

use aae_ops::Param;
use candle_core::{Result, Tensor, bail};

use crate::init::Init;
use crate::mlp::{Mlp, sorted};
use crate::{ImageShape, LabelUse, ModelConfig, ReconstructionLoss, losses};

/// The decoder: logits of pixels from a code, and from a label where it has one.
#[derive(Clone, Debug)]
pub struct Decoder {
    mlp: Mlp,
    label: Label,
}

/// How the label comes in.
#[derive(Clone, Debug)]
enum Label {
    Absent,
    /// As further inputs, before the style.
    Beside,
    /// As the row of `[categories, latent_dim]` that is added to the style.
    Head(Param),
}

impl Decoder {
    /// Parameters `decoder.hidden.<i>.*`, `decoder.output.*`, and with heads `decoder.heads.weight` `[categories, latent_dim]`.
    ///
    /// Errors: if a layer would have no inputs or no units; if the device refuses.
    pub fn new(
        config: &ModelConfig,
        image: ImageShape,
        label: LabelUse,
        init: Init<'_>,
    ) -> Result<Self> {
        let (label, inputs) = match label {
            LabelUse::Absent => (Label::Absent, config.latent_dim),
            LabelUse::Given | LabelUse::Inferred => {
                (Label::Beside, config.categories + config.latent_dim)
            }
            LabelUse::Heads => {
                let heads =
                    init.weight("decoder.heads.weight", config.categories, config.latent_dim)?;
                (Label::Head(heads), config.latent_dim)
            }
        };
        let mlp = Mlp::new(
            &config.decoder,
            "decoder",
            "output",
            inputs,
            image.pixels(),
            init,
        )?;
        Ok(Self { mlp, label })
    }

    /// Codes `[B, latent_dim]`, and probabilities of labels `[B, categories]` if the decoder has a label -> logits
    /// `[B, pixels]`; their sigmoid is the image.
    ///
    /// Errors: if a label is missing, or given to a decoder that has none.
    pub fn forward(&self, style: &Tensor, label: Option<&Tensor>) -> Result<Tensor> {
        self.mlp.forward(&self.input(style, label)?)
    }

    /// [`losses::reconstruction`] of what [`forward`](Self::forward) decodes, against `images` `[B, pixels]`, in one operation.
    ///
    /// Errors: those of the two.
    pub fn reconstruction_loss(
        &self,
        style: &Tensor,
        label: Option<&Tensor>,
        images: &Tensor,
        kind: ReconstructionLoss,
    ) -> Result<Tensor> {
        let loss = losses::reconstruction_per_element(kind, images)?;
        self.mlp.loss(&self.input(style, label)?, loss, images)
    }

    /// What the layers see of codes `[B, latent_dim]` and labels `[B, categories]`: the codes themselves without a label, with
    /// cluster heads the places `W_C·y + z` in the same space, and `[B, categories + latent_dim]` where the label stands beside.
    ///
    /// Errors: as [`forward`](Self::forward). Source: §7 of the paper, for the heads.
    pub fn input(&self, style: &Tensor, label: Option<&Tensor>) -> Result<Tensor> {
        match (&self.label, label) {
            (Label::Absent, None) => Ok(style.clone()),
            (Label::Beside, Some(label)) => Tensor::cat(&[label, style], 1),
            (Label::Head(heads), Some(label)) => label.matmul(&heads.tensor())? + style,
            (Label::Absent, Some(_)) => bail!("expected no label: this decoder has none"),
            (Label::Beside | Label::Head(_), None) => {
                bail!("expected a label for each code: this decoder needs it")
            }
        }
    }

    /// The head of each category, `[categories, latent_dim]`, if the decoder adds it to the style.
    pub fn heads(&self) -> Option<Tensor> {
        match &self.label {
            Label::Head(heads) => Some(heads.tensor()),
            Label::Absent | Label::Beside => None,
        }
    }

    /// Every parameter, in sorted name order.
    pub fn params(&self) -> Vec<Param> {
        let heads = match &self.label {
            Label::Head(heads) => Some(heads.clone()),
            Label::Absent | Label::Beside => None,
        };
        sorted(self.mlp.params().into_iter().chain(heads))
    }
}

#[cfg(test)]
mod tests {
    use aae_ops::Activation;
    use candle_core::Device;

    use super::*;
    use crate::{InitScheme, NetworkConfig};

    fn tensor(rows: &[f32]) -> Tensor {
        Tensor::from_slice(rows, (rows.len() / 2, 2), &Device::Cpu).unwrap()
    }

    /// A decoder whose layers see so many numbers.
    fn decoder(inputs: usize, label: Label) -> Decoder {
        let network = NetworkConfig {
            hidden: Vec::new(),
            activation: Activation::None,
        };
        let init = Init {
            scheme: InitScheme::Normal,
            seed: 0,
            device: &Device::Cpu,
        };
        Decoder {
            mlp: Mlp::new(&network, "decoder", "output", inputs, 3, init).unwrap(),
            label,
        }
    }

    #[test]
    fn heads_are_weighted_by_the_label_and_added_to_the_style() {
        let heads = Param::new("decoder.heads.weight", &tensor(&[10.0, 1.0, 0.0, 20.0]));
        let decoder = decoder(2, Label::Head(heads.unwrap()));
        let (style, label) = (tensor(&[1.0, 2.0]), tensor(&[0.25, 0.75]));
        let places = decoder.input(&style, Some(&label)).unwrap();
        // 0.25 · (10, 1) + 0.75 · (0, 20) + (1, 2)
        assert_eq!(places.to_vec2::<f32>().unwrap(), [[3.5, 17.25]]);
    }

    #[test]
    fn a_label_beside_the_style_comes_before_it() {
        // As docs/formats.md says: with the other order every saved model would decode to something else.
        let decoder = decoder(4, Label::Beside);
        let (style, label) = (tensor(&[1.0, 2.0]), tensor(&[0.25, 0.75]));
        let seen = decoder.input(&style, Some(&label)).unwrap();
        assert_eq!(seen.to_vec2::<f32>().unwrap(), [[0.25, 0.75, 1.0, 2.0]]);
    }
}
