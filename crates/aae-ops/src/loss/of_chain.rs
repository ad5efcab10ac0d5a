//! A stack of layers and the loss of its output as one operation.

use std::iter;
use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use super::ElementLoss;
use crate::buffer::Buffer;
use crate::chain::Chain;
use crate::slices::{contiguous, read};

/// The operation; its second argument is that of [`Chain`].
pub(crate) struct LossOfChain {
    /// A stack of one head.
    chain: Chain,
    loss: ElementLoss,
    /// Contiguous, and like the stack's output.
    target: Tensor,
    /// That output, for the backward pass.
    logits: OnceLock<Buffer>,
}

impl LossOfChain {
    pub(crate) fn new(chain: Chain, loss: ElementLoss, target: Tensor) -> Self {
        Self {
            chain,
            loss,
            target,
            logits: OnceLock::new(),
        }
    }
}

impl CustomOp2 for LossOfChain {
    fn name(&self) -> &'static str {
        "loss-of-layers"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let batch = x_layout.shape().dims2()?.0;
        let mut outputs = self.chain.outputs(contiguous(x, x_layout)?, batch)?;
        let logits = self.logits.get_or_init(|| outputs.remove(0).0);
        let loss = read(&self.target, |target| Ok(self.loss.value(logits, target)))?;
        Ok((CpuStorage::F32(vec![loss]), Shape::from(())))
    }

    fn bwd(
        &self,
        x: &Tensor,
        _: &Tensor,
        _: &Tensor,
        upstream: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let upstream = upstream.to_scalar::<f32>()?;
        let Some(logits) = self.logits.get() else {
            bail!("expected a forward pass before the backward pass")
        };
        let gradient = read(&self.target, |target| {
            Ok(self.loss.gradient(logits, target, upstream))
        })?;
        let dx = self
            .chain
            .gradients(x, iter::once((&logits[..], gradient)))?;
        Ok((dx, None))
    }
}
