//! The same adversarial step as candle's own building blocks make it: `candle_nn::Linear`, `relu`, autograd, `AdamW`.

use aae_models::ImageShape;
use aae_train::config::Config;
use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, linear};

pub(crate) struct Mlp {
    layers: Vec<Linear>,
    pub(crate) vars: VarMap,
}

impl Mlp {
    fn new(sizes: &[usize]) -> Result<Self> {
        let vars = VarMap::new();
        let builder = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let layer = |(i, pair): (usize, &[usize])| linear(pair[0], pair[1], builder.pp(i));
        let layers = sizes
            .windows(2)
            .enumerate()
            .map(layer)
            .collect::<Result<_>>()?;
        Ok(Self { layers, vars })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x)?;
            if i + 1 < self.layers.len() {
                x = x.relu()?;
            }
        }
        Ok(x)
    }
}

/// Networks and one optimizer per phase.
pub(crate) struct Aae {
    pub(crate) encoder: Mlp,
    pub(crate) decoder: Mlp,
    pub(crate) discriminator: Mlp,
    reconstruction: AdamW,
    adversary: AdamW,
    generator: AdamW,
}

impl Aae {
    pub(crate) fn new(config: &Config, image: ImageShape) -> Result<Self> {
        let sizes =
            |first: usize, hidden: &[usize], last: usize| [&[first], hidden, &[last]].concat();
        let (pixels, latent) = (image.pixels(), config.model.latent_dim);
        let encoder = Mlp::new(&sizes(pixels, &config.model.encoder.hidden, latent))?;
        let decoder = Mlp::new(&sizes(latent, &config.model.decoder.hidden, pixels))?;
        let discriminator = Mlp::new(&sizes(latent, &config.model.discriminator.hidden, 1))?;
        let adam = |vars| {
            AdamW::new(
                vars,
                ParamsAdamW {
                    lr: 1e-4,
                    weight_decay: 0.0,
                    ..Default::default()
                },
            )
        };
        let both = [encoder.vars.all_vars(), decoder.vars.all_vars()].concat();
        Ok(Self {
            reconstruction: adam(both)?,
            adversary: adam(discriminator.vars.all_vars())?,
            generator: adam(encoder.vars.all_vars())?,
            encoder,
            decoder,
            discriminator,
        })
    }

    pub(crate) fn step(&mut self, images: &Tensor, real: &Tensor) -> Result<()> {
        let logits = self.decoder.forward(&self.encoder.forward(images)?)?;
        let loss = (candle_nn::ops::sigmoid(&logits)? - images)?
            .sqr()?
            .mean_all()?;
        self.reconstruction.backward_step(&loss)?;

        let codes = self.encoder.forward(images)?;
        let judged_real = self.discriminator.forward(real)?;
        let judged_fake = self.discriminator.forward(&codes.detach())?;
        let loss = (bce(&judged_real, 1.0)? + bce(&judged_fake, 0.0)?)?;
        self.adversary.backward_step(&loss)?;

        let loss = bce(&self.discriminator.forward(&codes)?, 1.0)?;
        self.generator.backward_step(&loss)
    }
}

fn bce(logits: &Tensor, target: f64) -> Result<Tensor> {
    let softplus = ((logits.abs()?.neg()?.exp()? + 1.0)?.log()? + logits.relu()?)?;
    (softplus - (logits * target)?)?
        .squeeze(D::Minus1)?
        .mean_all()
}
