//! The reconstruction phase: encoder and decoder learn to give the clean image back.

use aae_models::{Autoencoder, Latent, ReconstructionLoss, losses};
use candle_core::{Result, Tensor};

use crate::config::Config;
use crate::phase::Phase;

/// The phase that every autoencoder has.
#[derive(Debug)]
pub(crate) struct Reconstruction {
    loss: ReconstructionLoss,
    label_gradient: Option<f64>,
    phase: Phase,
}

impl Reconstruction {
    /// Moves encoder and decoder.
    pub(crate) fn new(config: &Config, autoencoder: &Autoencoder) -> Result<Self> {
        Ok(Self {
            loss: config.loss.reconstruction,
            label_gradient: config.loss.label_gradient,
            phase: Phase::new(
                "reconstruction",
                autoencoder.params(),
                &config.optimizer.reconstruction,
            )?,
        })
    }

    /// The loss of decoding the style of `latent`, and `label` where the decoder has one, to `images` `[B, pixels]`.
    pub(crate) fn loss(
        &self,
        autoencoder: &Autoencoder,
        latent: &Latent,
        label: Option<&Tensor>,
        images: &Tensor,
    ) -> Result<Tensor> {
        let decoder = autoencoder.decoder();
        let label = match (label, self.label_gradient) {
            (Some(label), Some(share)) => Some(losses::scale_gradient(label, share)?),
            _ => label.cloned(),
        };
        decoder.reconstruction_loss(&latent.style, label.as_ref(), images, self.loss)
    }

    /// One step down the `loss`, which is given back as a number.
    pub(crate) fn update(&mut self, loss: &Tensor) -> Result<Tensor> {
        self.phase.update(loss)
    }

    /// The phase.
    pub(crate) fn phase(&mut self) -> &mut Phase {
        &mut self.phase
    }
}

#[cfg(test)]
mod tests {
    use aae_models::ImageShape;
    use aae_ops::{Param, backward};
    use candle_core::Device;

    use super::*;
    use crate::config::Override;

    /// The reconstruction's gradient at the weights of the label's head.
    fn gradient_of_label_head(preset: &str, label_gradient: Option<f64>) -> Vec<f32> {
        let settings = [
            "model.encoder.hidden=[6]",
            "model.decoder.hidden=[7]",
            "model.init=kaiming_uniform",
        ];
        let mut config = Config::resolve(preset, None, &settings.map(Override::set)).unwrap();
        config.loss.label_gradient = label_gradient;
        let image = ImageShape {
            height: 2,
            width: 3,
        };
        let label = config.variant.label_use();
        let autoencoder = Autoencoder::new(&config.model, image, label, 0, &Device::Cpu).unwrap();
        let pixels = (0..24).map(|i| i as f32 / 24.0).collect();
        let images = Tensor::from_vec(pixels, (4, 6), &Device::Cpu).unwrap();
        let latent = autoencoder.encode(&images).unwrap();
        let label = autoencoder.label(&latent, None).unwrap();
        let loss = Reconstruction::new(&config, &autoencoder)
            .unwrap()
            .loss(&autoencoder, &latent, label.as_ref(), &images)
            .unwrap();
        let params = autoencoder.params();
        backward(&loss, &params).unwrap();
        let of_label = |param: &&Param| param.name() == "encoder.label.weight";
        let head = params.iter().find(of_label).unwrap();
        let gradient = head.gradient().unwrap().unwrap();
        gradient.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_label_gets_its_share_of_the_gradient() {
        for preset in ["semi-supervised-100", "clustering-16", "reduction-2d-100"] {
            let whole = gradient_of_label_head(preset, None);
            assert!(whole.iter().any(|g| *g != 0.0), "{preset}");
            for share in [1.0, 0.5, 0.0] {
                let expected: Vec<f32> = whole.iter().map(|g| g * share).collect();
                let found = gradient_of_label_head(preset, Some(f64::from(share)));
                assert_eq!(found, expected, "{preset}: {share}");
            }
        }
    }
}
