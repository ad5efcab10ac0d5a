//! In-place optimizers: one pass over parameters, gradients and moments, with state that can be saved.

mod adam;
mod sgd;

use candle_core::{Result, Tensor, bail};

pub use adam::{Adam, AdamConfig};
pub use sgd::{Sgd, SgdConfig};

use crate::Param;

/// An optimizer for a fixed list of parameters.
#[derive(Debug)]
pub enum Optimizer {
    /// See [`Adam`].
    Adam(Adam),
    /// See [`Sgd`].
    Sgd(Sgd),
}

impl Optimizer {
    /// [`Adam`] with moments of zero for `params`. Errors: if a decay is not in its range; if the device refuses.
    pub fn adam(config: AdamConfig, params: &[Param]) -> Result<Self> {
        Adam::new(config, params).map(Self::Adam)
    }

    /// [`Sgd`] with momentum buffers of zero for `params`. Errors: if the momentum is not in its range; if the device refuses.
    pub fn sgd(config: SgdConfig, params: &[Param]) -> Result<Self> {
        Sgd::new(config, params).map(Self::Sgd)
    }

    /// Applies the gradients of `params`, each times `gradient_scale` (1, or less to clip a norm).
    ///
    /// `params` must be those that the optimizer was made for, in the same order. One without a gradient stays as it is.
    /// Errors: if their number, a name or a shape differs from the optimizer's state; nothing has been changed then.
    pub fn step(&mut self, params: &[Param], lr: f64, gradient_scale: f64) -> Result<()> {
        match self {
            Self::Adam(adam) => adam.step(params, lr, gradient_scale),
            Self::Sgd(sgd) => sgd.step(params, lr, gradient_scale),
        }
    }

    /// The moments by name (`exp_avg.<parameter>`, as PyTorch calls them), to save. Views, not copies.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        match self {
            Self::Adam(adam) => adam.state(),
            Self::Sgd(sgd) => sgd.state(),
        }
    }

    /// How many steps it has taken.
    pub fn steps_taken(&self) -> u64 {
        match self {
            Self::Adam(adam) => adam.steps_taken,
            Self::Sgd(sgd) => sgd.steps_taken,
        }
    }

    /// Takes over a saved state: `tensors` in the order and shapes of [`state`](Self::state).
    ///
    /// Errors: if their number, a shape, type or device differs; nothing has been changed then.
    pub fn restore(&mut self, tensors: &[Tensor], steps_taken: u64) -> Result<()> {
        let state = self.state();
        if state.len() != tensors.len() {
            bail!(
                "expected {} tensors of optimizer state, found {}",
                state.len(),
                tensors.len()
            )
        }
        for ((name, own), found) in state.iter().zip(tensors) {
            if own.shape() != found.shape() {
                bail!(
                    "optimizer state {name}: expected {:?}, found {:?}",
                    own.shape(),
                    found.shape()
                )
            }
            let alike = own.dtype() == found.dtype() && own.device().same_device(found.device());
            if !alike {
                bail!(
                    "optimizer state {name}: expected {:?} on {:?}, found {:?} on {:?}",
                    own.dtype(),
                    own.device().location(),
                    found.dtype(),
                    found.device().location()
                )
            }
        }
        let copies = tensors
            .iter()
            .map(|tensor| tensor.detach().contiguous()?.copy())
            .collect::<Result<Vec<_>>>()?;
        match self {
            Self::Adam(adam) => adam.restore(copies, steps_taken),
            Self::Sgd(sgd) => sgd.restore(copies, steps_taken),
        }
        Ok(())
    }
}

/// Errors: unless the decay is in `[0, 1)`. One of 1 forgets nothing, and Adam divides by what it forgets.
fn check_decay(name: &str, decay: f64) -> Result<()> {
    if !(0.0..1.0).contains(&decay) {
        bail!("{name}: expected a number from 0 to below 1, found {decay}")
    }
    Ok(())
}

/// Errors: unless there is a moment of its own name and shape for each of the parameters.
fn check<'a>(
    params: &[Param],
    moments: impl ExactSizeIterator<Item = (&'a str, &'a Tensor)>,
) -> Result<()> {
    if params.len() != moments.len() {
        bail!(
            "the optimizer was made for {} parameters, found {}",
            moments.len(),
            params.len()
        )
    }
    for (param, (name, moment)) in params.iter().zip(moments) {
        let found = param.tensor();
        if param.name() != name || found.shape() != moment.shape() {
            bail!(
                "the optimizer was made for {name} of {:?}, found {} of {:?}",
                moment.shape(),
                param.name(),
                found.shape()
            )
        }
    }
    Ok(())
}
