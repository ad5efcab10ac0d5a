//! The steps that are measured: ours, and the same in plain candle.

use aae_data::Split;
use aae_models::{ImageShape, PosteriorConfig, ReconstructionLoss, one_hot};
use aae_ops::{with_plain_ops, with_precision};
use aae_train::config::{Config, OptimizerKind, VariantKind};
use aae_train::corruption::CorruptionConfig;
use aae_train::variants::{LabelledBatch, StepBatch, build};
use candle_core::{Device, Result, Tensor};

use crate::{flops, plain_candle};

/// Does the step of that number.
pub(crate) type Step = Box<dyn FnMut(usize) -> Result<()>>;

/// What stands for plain candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainKind {
    /// [`plain_candle`]: the step as a newcomer to candle would write it.
    Handwritten,
    /// Our own step with every operation and optimizer composed of plain candle operations.
    Composed,
}

impl PlainKind {
    /// The hand-written step is that of the default experiment, with codes and hidden layers of any width.
    pub(crate) fn of(config: &Config) -> Self {
        let optimizer = &config.optimizer;
        let phases = [
            &optimizer.reconstruction,
            &optimizer.discriminator,
            &optimizer.generator,
        ];
        let model = &config.model;
        let covered = config.variant == VariantKind::Aae
            && config.corruption == CorruptionConfig::None {}
            && config.regularization.discriminator_input_noise == 0.0
            && config.loss.reconstruction == ReconstructionLoss::MeanSquaredError
            && model.posterior == (PosteriorConfig::Deterministic {})
            && !model.encoder.batch_norm
            && phases
                .iter()
                .all(|phase| phase.kind == OptimizerKind::Adam && phase.clip_norm.is_none());
        match covered {
            true => Self::Handwritten,
            false => Self::Composed,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Handwritten => "handwritten",
            Self::Composed => "composed",
        }
    }
}

/// Our step of the configuration, on images and labels in turn.
pub(crate) fn ours(config: &Config, train: &Split) -> Result<Step> {
    let mut variant = build(config, image(train), &Device::Cpu)?;
    let (config, train) = (config.clone(), train.clone());
    Ok(Box::new(move |step| {
        let positions = positions(config.batch_size, &train, step);
        let sees = config.variant.sees_own_labels();
        let labels = labels(&train, &positions);
        let labelled = match flops::labelled(&config) {
            0 => None,
            n => {
                let positions = &positions[..n];
                let labels = self::labels(&train, positions);
                Some(LabelledBatch {
                    images: train.batch(positions, &Device::Cpu)?,
                    labels: one_hot(&labels, config.model.categories, &Device::Cpu)?,
                })
            }
        };
        let batch = StepBatch {
            images: train.batch(&positions, &Device::Cpu)?,
            labels: labels.into_iter().filter(|_| sees).map(Some).collect(),
            labelled,
            step: step as u64,
        };
        with_precision(config.precision, || variant.step(&batch)).map(|_| ())
    }))
}

/// The same step in plain candle.
pub(crate) fn plain(config: &Config, train: &Split) -> Result<Step> {
    match PlainKind::of(config) {
        PlainKind::Handwritten => handwritten(config, train),
        PlainKind::Composed => {
            let mut ours = with_plain_ops(|| ours(config, train))?;
            Ok(Box::new(move |step| with_plain_ops(|| ours(step))))
        }
    }
}

fn handwritten(config: &Config, train: &Split) -> Result<Step> {
    let mut plain = plain_candle::Aae::new(config, image(train))?;
    let (config, train) = (config.clone(), train.clone());
    Ok(Box::new(move |step| {
        let (n, dim) = (config.batch_size, config.model.latent_dim);
        let mut rng = aae_ops::stream::stream(0, "prior.style", step as u64);
        let real = config.prior.sample(n, dim, &mut rng);
        let real = Tensor::from_vec(real, (n, dim), &Device::Cpu)?;
        let images = train.batch(&positions(n, &train, step), &Device::Cpu)?;
        plain.step(&images, &real)
    }))
}

pub(crate) fn image(train: &Split) -> ImageShape {
    ImageShape {
        height: train.dataset().height(),
        width: train.dataset().width(),
    }
}

fn positions(n: usize, train: &Split, step: usize) -> Vec<u32> {
    (0..n)
        .map(|i| ((step * n + i) % train.len()) as u32)
        .collect()
}

fn labels(train: &Split, positions: &[u32]) -> Vec<u8> {
    positions
        .iter()
        .map(|&position| train.label(position as usize))
        .collect()
}
