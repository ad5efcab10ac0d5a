//! Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) as a part of a [`Linear`](crate::Linear) layer.

use candle_core::{DType, Device, Result, Tensor, bail};

use crate::Param;

/// Added to the variance before its root is taken, as in PyTorch.
pub(crate) const EPSILON: f32 = 1e-5;

/// The batch's share in an update of the running statistics, as in PyTorch.
pub(crate) const MOMENTUM: f32 = 0.1;

/// Which statistics the batch-normalised layers of a pass use. Layers without batch norm are the same in every mode.
///
/// A training step may pass a network several times; one of these passes should track, the others not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The running statistics; nothing changes.
    #[default]
    Evaluate,
    /// The batch's statistics; the running ones are left alone.
    Train,
    /// The batch's statistics, which move the running ones of layers that are not frozen.
    TrainAndTrack,
}

/// Batch normalisation of each column of a layer's product `x·Wᵀ`.
///
/// `gain` (the paper's γ) is trained; the layer's bias is the paper's β. The running mean and variance are no optimizer's
/// business but part of a model: see [`Linear::buffers`](crate::Linear::buffers). As in PyTorch, epsilon is 1e-5, the
/// momentum 0.1 (`running = 0.9·running + 0.1·batch`), and the running variance the unbiased one, while a batch is
/// normalised by its biased variance. A clone shares its parameters.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    gain: Param,
    running_mean: Param,
    running_variance: Param,
}

impl BatchNorm {
    /// From its gain and running statistics. Errors: if they are not `[out]`, all three alike.
    pub fn new(gain: Param, running_mean: Param, running_variance: Param) -> Result<Self> {
        let width = gain.tensor().dims1()?;
        for param in [&running_mean, &running_variance] {
            let found = param.tensor().dims1()?;
            if found != width {
                bail!(
                    "{}: expected {width} numbers for {}, found {found}",
                    param.name(),
                    gain.name()
                )
            }
        }
        Ok(Self {
            gain,
            running_mean,
            running_variance,
        })
    }

    /// The untrained one for `width` columns: gain 1, mean 0 and variance 1 in `f32`, with the names `<name>.gain`,
    /// `<name>.running_mean` and `<name>.running_variance`. Errors: if the device refuses.
    pub fn identity(name: &str, width: usize, device: &Device) -> Result<Self> {
        let ones = Tensor::ones(width, DType::F32, device)?;
        Self::new(
            Param::new(format!("{name}.gain"), &ones)?,
            Param::new(format!("{name}.running_mean"), &ones.zeros_like()?)?,
            Param::new(format!("{name}.running_variance"), &ones)?,
        )
    }

    pub(crate) fn gain(&self) -> &Param {
        &self.gain
    }

    pub(crate) fn running_mean(&self) -> &Param {
        &self.running_mean
    }

    pub(crate) fn running_variance(&self) -> &Param {
        &self.running_variance
    }

    pub(crate) fn frozen(&self) -> Self {
        Self {
            gain: self.gain.frozen(),
            running_mean: self.running_mean.frozen(),
            running_variance: self.running_variance.frozen(),
        }
    }

    /// Whether a pass in `mode` moves the running statistics.
    pub(crate) fn tracks(&self, mode: Mode) -> bool {
        mode == Mode::TrainAndTrack && !self.running_mean.is_frozen()
    }

    /// `gain · (product - mean) / √(variance + ε)` composed of plain candle operations.
    pub(crate) fn plain(&self, product: &Tensor, mode: Mode) -> Result<Tensor> {
        let (centered, variance) = if mode == Mode::Evaluate {
            let mean = self.running_mean.tensor().detach();
            (
                product.broadcast_sub(&mean)?,
                self.running_variance.tensor().detach(),
            )
        } else {
            let mean = product.mean(0)?;
            let centered = product.broadcast_sub(&mean)?;
            let variance = centered.sqr()?.mean(0)?;
            if self.tracks(mode) {
                let rows = product.dims2()?.0 as f64;
                let unbiased = (variance.detach() * (rows / (rows - 1.0)))?;
                track_plain(&self.running_mean, &mean.detach())?;
                track_plain(&self.running_variance, &unbiased)?;
            }
            (centered, variance)
        };
        centered
            .broadcast_div(&(variance + f64::from(EPSILON))?.sqrt()?)?
            .broadcast_mul(&self.gain.tensor())
    }
}

fn track_plain(running: &Param, batch: &Tensor) -> Result<()> {
    let momentum = f64::from(MOMENTUM);
    let kept = (running.tensor().detach() * (1.0 - momentum))?;
    running.set(&(kept + (batch * momentum)?)?)
}
