//! The regularization phase of an encoder with two codes (paper §5): the style follows p(z), the label follows Cat(K).

use aae_models::{Autoencoder, Pass};
use aae_ops::Param;
use candle_core::{Result, Tensor, bail};

use crate::config::Config;
use crate::draws::Draws;
use crate::phase::Phase;
use crate::regularizer::Regularizer;

/// Two discriminators, and one generator phase against both.
#[derive(Debug)]
pub(super) struct TwoCodes {
    seed: u64,
    draws: Draws,
    style: Regularizer,
    label: Regularizer,
    generator: Phase,
}

/// The losses of the phase.
pub(super) struct GameLosses {
    pub(super) style_discriminator: Tensor,
    pub(super) label_discriminator: Tensor,
    /// Of both codes together: 2 ln 2 at equilibrium.
    pub(super) generator: Tensor,
}

impl TwoCodes {
    pub(super) fn new(config: &Config, autoencoder: &Autoencoder) -> Result<Self> {
        let (model, device) = (&config.model, autoencoder.device());
        Ok(Self {
            seed: config.seed,
            draws: Draws::new(config, device),
            style: Regularizer::new(config, "style_discriminator", model.latent_dim, device)?,
            label: Regularizer::new(config, "label_discriminator", model.categories, device)?,
            generator: Phase::new(
                "generator",
                autoencoder.encoder().params(),
                &config.optimizer.generator,
            )?,
        })
    }

    /// One round on `images` `[B, pixels]`. Samples of p(z) and of Cat(K) are real, what the encoder makes is fake; it is
    /// encoded once, since the encoder does not move between the discriminators and the generator.
    pub(super) fn play(
        &mut self,
        autoencoder: &Autoencoder,
        images: &Tensor,
        step: u64,
    ) -> Result<GameLosses> {
        let pass = Pass::training(self.seed, "regularization", step);
        let latent = autoencoder.encoder().forward(images, pass)?;
        let Some(label) = autoencoder.label(&latent, None)? else {
            bail!("expected an encoder that infers a label")
        };
        let batch = images.dim(0)?;

        let real = self.draws.style(batch, step)?;
        let style_discriminator =
            self.style
                .update_discriminator(&real, &latent.style, None, step)?;
        let real = self.draws.label(batch, step)?;
        let label_discriminator = self.label.update_discriminator(&real, &label, None, step)?;

        let loss = (self.style.generator_loss(&latent.style, None, step)?
            + self.label.generator_loss(&label, None, step)?)?;
        let generator = self.generator.update(&loss)?;
        Ok(GameLosses {
            style_discriminator,
            label_discriminator,
            generator,
        })
    }

    pub(super) fn discriminators(&self) -> Vec<(&'static str, Vec<Param>)> {
        vec![
            ("style_discriminator", self.style.discriminator().params()),
            ("label_discriminator", self.label.discriminator().params()),
        ]
    }

    pub(super) fn phases(&mut self) -> [&mut Phase; 3] {
        [self.style.phase(), self.label.phase(), &mut self.generator]
    }
}
