//! How fast this machine multiplies matrices: the bound of a step that is nothing but its products.

use std::time::Instant;

use aae_ops::{Activation, Linear, Param, Precision, with_precision};
use candle_core::{DType, Device, Result, Tensor};

/// Rows and columns of the probe's matrices: large enough for a kernel to reach its best, and no power of two, whose rows would
/// fall on one another in the caches.
const SIDE: usize = 1008;

/// Products per round, of which the fastest counts: a bound is what the machine can do, not what it does on average.
const TRIES: usize = 5;

/// A square product in the precision of the step, by our kernel; in single precision by candle's, too.
pub(crate) struct Probe {
    precision: Precision,
    x: Tensor,
    weight: Tensor,
    layer: Linear,
    best: f64,
}

impl Probe {
    pub(crate) fn new(precision: Precision) -> Result<Self> {
        let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32, &Device::Cpu);
        let weight = (ones(&[SIDE, SIDE])? * 0.5)?;
        let layer = Linear::new(
            Param::new("probe.weight", &weight)?.frozen(),
            Param::new("probe.bias", &ones(&[SIDE])?)?.frozen(),
            Activation::None,
        )?;
        Ok(Self {
            precision,
            x: ones(&[SIDE, SIDE])?,
            weight,
            layer,
            best: 0.0,
        })
    }

    /// One more round of products.
    pub(crate) fn round(&mut self) -> Result<()> {
        for _ in 0..TRIES {
            let ours = || with_precision(self.precision, || self.layer.forward(&self.x));
            let ours = seconds(ours)?;
            let candles = seconds(|| self.x.matmul(&self.weight))?;
            let flops = 2.0 * (SIDE as f64).powi(3);
            self.best = self.best.max(flops / ours.min(candles));
        }
        Ok(())
    }

    /// The best rate so far, in floating-point operations per second.
    pub(crate) fn rate(&self) -> f64 {
        self.best
    }
}

fn seconds(product: impl FnOnce() -> Result<Tensor>) -> Result<f64> {
    let start = Instant::now();
    let _product = product()?;
    Ok(start.elapsed().as_secs_f64())
}
