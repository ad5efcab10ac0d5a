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
    /// Applies the gradients of `params`, each times `gradient_scale` (1, or less to clip a norm).
    ///
    /// `params` must be those that the optimizer was made for, in the same order. One without a gradient stays as it is.
    /// Errors: if their number or shapes differ from the optimizer's state.
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
    /// Errors: if their number or a shape differs; nothing has been changed then.
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
        }
        let copies = tensors
            .iter()
            .map(Tensor::copy)
            .collect::<Result<Vec<_>>>()?;
        match self {
            Self::Adam(adam) => adam.restore(copies, steps_taken),
            Self::Sgd(sgd) => sgd.restore(copies, steps_taken),
        }
        Ok(())
    }
}

fn check_count(params: &[Param], expected: usize) -> Result<()> {
    if params.len() != expected {
        bail!(
            "the optimizer was made for {expected} parameters, found {}",
            params.len()
        )
    }
    Ok(())
}
