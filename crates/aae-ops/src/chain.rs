//! A stack of layers that may end in several heads, as one operation with a hand-written backward pass.

use std::iter;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use crate::buffer::Buffer;
use crate::normalize::Normalized;
use crate::pass::{backward, forward, input_gradient, weight_gradient};
use crate::path::precision;
use crate::slices::{contiguous, read};
use crate::{Linear, Mode, Precision};

/// The operation: its output is the heads' outputs side by side, `[batch, Σ out]`.
///
/// Its arguments are the input and a scalar that is not used: candle records the operation if one of them is variable,
/// and the parameters, which the operation holds itself, may be so when the input is not.
pub(crate) struct Chain {
    trunk: Vec<Linear>,
    heads: Vec<Linear>,
    mode: Mode,
    /// That of the forward pass; the backward pass may run when the setting is another.
    precision: Precision,
    /// Set by the forward pass, which there is one of.
    kept: OnceLock<Kept>,
}

/// What the backward pass needs of the forward pass.
#[derive(Default)]
struct Kept {
    /// The output of every layer of the trunk.
    hidden: Vec<Arc<Buffer>>,
    /// What batch norm keeps, for every layer of the trunk and then for every head.
    normalized: Vec<Option<Normalized>>,
}

impl Chain {
    pub(crate) fn new(trunk: &[Linear], heads: &[Linear], mode: Mode) -> Self {
        Self {
            trunk: trunk.to_vec(),
            heads: heads.to_vec(),
            mode,
            precision: precision(),
            kept: OnceLock::new(),
        }
    }

    /// How many numbers a row of the output has.
    fn width(&self) -> usize {
        self.heads.iter().map(Linear::width).sum()
    }

    /// Every head's output, and its width. What the backward pass needs is kept.
    pub(crate) fn outputs(&self, x: &[f32], batch: usize) -> Result<Vec<(Buffer, usize)>> {
        let mut kept = Kept::default();
        for layer in &self.trunk {
            let input = kept.hidden.last().map_or(x, |code| code);
            let (output, normalized) = forward(layer, self.precision, input, batch, self.mode)?;
            kept.hidden.push(Arc::new(output));
            kept.normalized.push(normalized);
        }
        let code = kept.hidden.last().map_or(x, |code| code);
        let mut outputs = Vec::with_capacity(self.heads.len());
        for head in &self.heads {
            let (output, normalized) = forward(head, self.precision, code, batch, self.mode)?;
            outputs.push((output, head.width()));
            kept.normalized.push(normalized);
        }
        if self.kept.set(kept).is_err() {
            bail!("expected one forward pass, found a second")
        }
        Ok(outputs)
    }

    /// Leaves the parameters' gradients with them; that of the input, like `x`, is returned if it is wanted. `heads` are each head's
    /// output and the gradient of that.
    pub(crate) fn gradients<Y: Deref<Target = [f32]>>(
        &self,
        x: &Tensor,
        heads: impl Iterator<Item = (Y, Buffer)>,
    ) -> Result<Option<Tensor>> {
        let (batch, wants_input) = (x.dims2()?.0, x.track_op());
        let Some(Kept { hidden, normalized }) = self.kept.get() else {
            bail!("expected a forward pass before the backward pass")
        };
        // What layer number `depth` was given, the heads being those after the last. The first layer's is copied: a tensor may share its
        // memory with one that moves before the gradient is used, with a parameter even.
        let input = |depth: usize| match depth.checked_sub(1) {
            Some(before) => Ok(hidden[before].clone()),
            None => read(x, |x| Ok(Arc::new(Buffer::copy_of(x)))),
        };
        let ends_before =
            |depth: usize| !wants_input && self.trunk[..depth].iter().all(Linear::is_frozen);
        let depth = self.trunk.len();
        let ends_at_heads = ends_before(depth);
        // That of the code, summed over the heads.
        let mut gradient = None;
        for (i, (head, (output, mut dz))) in self.heads.iter().zip(heads).enumerate() {
            let normalized = normalized
                .get(self.trunk.len() + i)
                .and_then(Option::as_ref);
            backward(head, &output, normalized, &mut dz)?;
            if !ends_at_heads {
                gradient = Some(input_gradient(head, self.precision, &dz, gradient, batch)?);
            }
            weight_gradient(head, self.precision, dz, || input(depth), batch)?;
        }
        let Some(mut gradient) = gradient else {
            return Ok(None);
        };
        for (i, (layer, output)) in self.trunk.iter().zip(hidden).enumerate().rev() {
            let normalized = normalized.get(i).and_then(Option::as_ref);
            backward(layer, output, normalized, &mut gradient)?;
            let dx = match ends_before(i) {
                true => None,
                false => Some(input_gradient(
                    layer,
                    self.precision,
                    &gradient,
                    None,
                    batch,
                )?),
            };
            weight_gradient(layer, self.precision, gradient, || input(i), batch)?;
            let Some(dx) = dx else {
                return Ok(None);
            };
            gradient = dx;
        }
        Tensor::from_vec(gradient.into_vec(), x.shape(), x.device()).map(Some)
    }

    /// The columns of each head in the output.
    fn columns_of_heads(&self) -> impl Iterator<Item = Range<usize>> {
        self.heads.iter().scan(0, |start, head| {
            let own = *start..*start + head.width();
            *start = own.end;
            Some(own)
        })
    }
}

impl CustomOp2 for Chain {
    fn name(&self) -> &'static str {
        "branched"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let batch = x_layout.shape().dims2()?.0;
        let x = contiguous(x, x_layout)?;
        let outputs = self.outputs(x, batch)?;
        let width = self.width();
        let output = side_by_side(outputs, batch, width);
        Ok((CpuStorage::F32(output), (batch, width).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        _: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (dy, total) = (dy.contiguous()?, self.width());
        let dx = read(y, |y| {
            read(&dy, |dy| {
                // A copy in any case, because it is changed in place; of the output only if there are other heads' columns in it.
                if self.heads.len() == 1 {
                    return self.gradients(x, iter::once((y, Buffer::copy_of(dy))));
                }
                let head = |own: Range<usize>| {
                    let output = columns(y, total, own.clone());
                    (output, columns(dy, total, own))
                };
                self.gradients(x, self.columns_of_heads().map(head))
            })
        })?;
        Ok((dx, None))
    }
}

/// Matrices of the given widths as the columns of one matrix.
fn side_by_side(mut matrices: Vec<(Buffer, usize)>, batch: usize, width: usize) -> Vec<f32> {
    if matrices.len() == 1 {
        return matrices.remove(0).0.into_vec();
    }
    let mut joined = Vec::with_capacity(batch * width);
    for row in 0..batch {
        for (matrix, width) in &matrices {
            joined.extend_from_slice(&matrix[row * width..(row + 1) * width]);
        }
    }
    joined
}

/// Some columns of a matrix that has `total` of them, as a matrix of their own.
fn columns(matrix: &[f32], total: usize, some: Range<usize>) -> Buffer {
    let mut copy = Buffer::unwritten(matrix.len() / total * some.len());
    for (row, copy) in matrix.chunks(total).zip(copy.chunks_mut(some.len())) {
        copy.copy_from_slice(&row[some.clone()]);
    }
    copy
}
