//! A stack of layers that may end in several heads, as one operation with a hand-written backward pass.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use crate::buffer::Buffer;
use crate::normalize::Normalized;
use crate::pass::{backward, forward, input_gradient};
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
    kept: Mutex<Kept>,
}

/// What the backward pass needs of the forward pass.
#[derive(Default)]
struct Kept {
    /// The output of every layer of the trunk.
    hidden: Vec<Buffer>,
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
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the parameters' gradients; that of the input is returned if `wants_input`.
    fn gradients(
        &self,
        x: &[f32],
        y: &[f32],
        dy: &[f32],
        batch: usize,
        wants_input: bool,
    ) -> Result<Option<Vec<f32>>> {
        let Kept { hidden, normalized } = &*self.kept();
        let ends_before =
            |depth: usize| !wants_input && self.trunk[..depth].iter().all(Linear::is_frozen);
        let code = hidden.last().map_or(x, |code| code);
        let ends_at_heads = ends_before(self.trunk.len());
        let mut gradient = Buffer::unwritten(if ends_at_heads { 0 } else { code.len() });
        let mut columns = Columns { batch, start: 0 };
        for (i, head) in self.heads.iter().enumerate() {
            let width = head.width();
            let output = columns.of(y, width);
            let mut dz = columns.of(dy, width).into_owned();
            columns.start += width;
            let normalized = normalized
                .get(self.trunk.len() + i)
                .and_then(Option::as_ref);
            backward(
                head,
                self.precision,
                code,
                &output,
                normalized,
                &mut dz,
                batch,
            )?;
            if !ends_at_heads {
                input_gradient(head, self.precision, &dz, &mut gradient, i > 0, batch)?;
            }
        }
        if ends_at_heads {
            return Ok(None);
        }
        for (i, (layer, output)) in self.trunk.iter().zip(hidden).enumerate().rev() {
            let input = i.checked_sub(1).map_or(x, |before| &hidden[before]);
            let normalized = normalized.get(i).and_then(Option::as_ref);
            backward(
                layer,
                self.precision,
                input,
                output,
                normalized,
                &mut gradient,
                batch,
            )?;
            if ends_before(i) {
                return Ok(None);
            }
            let mut dx = Buffer::unwritten(input.len());
            input_gradient(layer, self.precision, &gradient, &mut dx, false, batch)?;
            gradient = dx;
        }
        Ok(Some(gradient.into_vec()))
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
        let mut kept = Kept::default();
        for layer in &self.trunk {
            let input = kept.hidden.last().map_or(x, |code| code);
            let (output, normalized) = forward(layer, self.precision, input, batch, self.mode)?;
            kept.hidden.push(output);
            kept.normalized.push(normalized);
        }
        let code = kept.hidden.last().map_or(x, |code| code);
        let mut outputs = Vec::with_capacity(self.heads.len());
        for head in &self.heads {
            let (output, normalized) = forward(head, self.precision, code, batch, self.mode)?;
            outputs.push((output, head.width()));
            kept.normalized.push(normalized);
        }
        *self.kept() = kept;
        let width = self.heads.iter().map(Linear::width).sum();
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
        let batch = x.dims2()?.0;
        let dy = dy.contiguous()?;
        let wants_input = x.track_op();
        let gradients = |x: &[f32]| {
            read(y, |y| {
                read(&dy, |dy| self.gradients(x, y, dy, batch, wants_input))
            })
        };
        let dx = read(x, gradients)?
            .map(|dx| Tensor::from_vec(dx, x.shape(), x.device()))
            .transpose()?;
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

/// Where a head's columns begin among all heads'.
struct Columns {
    batch: usize,
    start: usize,
}

impl Columns {
    /// The next `width` columns of `matrix` as a matrix of their own; not copied if they are all.
    fn of<'a>(&self, matrix: &'a [f32], width: usize) -> Cow<'a, [f32]> {
        if matrix.len() == self.batch * width {
            return Cow::Borrowed(matrix);
        }
        let total = matrix.len() / self.batch.max(1);
        let rows = matrix.chunks(total.max(1));
        Cow::Owned(
            rows.flat_map(|row| &row[self.start..self.start + width])
                .copied()
                .collect(),
        )
    }
}
