//! A stack of fully connected layers as one operation with a hand-written backward pass.

use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::gemm::{Matrix, gemm};
use crate::math::vectorized;
use crate::slices::{CHUNK, contiguous, read};
use crate::{Activation, Linear};

/// The operation: its arguments are the input and the first layer's weight.
pub(crate) struct Chain {
    layers: Vec<Linear>,
    /// The output of every layer but the last, for the backward pass.
    hidden: Mutex<Vec<Vec<f32>>>,
}

impl Chain {
    pub(crate) fn new(layers: Vec<Linear>) -> Self {
        Self {
            layers,
            hidden: Mutex::default(),
        }
    }

    fn hidden(&self) -> MutexGuard<'_, Vec<Vec<f32>>> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CustomOp2 for Chain {
    fn name(&self) -> &'static str {
        "sequential"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        first_weight: &CpuStorage,
        first_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let batch = x_layout.shape().dims2()?.0;
        let x = contiguous(x, x_layout)?;
        // candle holds the lock of the first weight during this call: it must not be asked for again.
        let first = forward(
            &self.layers[0],
            x,
            contiguous(first_weight, first_layout)?,
            batch,
        )?;
        let mut outputs = vec![first];
        for layer in &self.layers[1..] {
            let input = &outputs[outputs.len() - 1];
            let output = read(&layer.weight().tensor(), |weight| {
                forward(layer, input, weight, batch)
            })?;
            outputs.push(output);
        }
        let Some(last) = outputs.pop() else {
            bail!("expected at least one layer, found none")
        };
        *self.hidden() = outputs;
        let width = last.len() / batch.max(1);
        Ok((CpuStorage::F32(last), (batch, width).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        _first_weight: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let batch = x.dims2()?.0;
        let hidden = self.hidden();
        let mut dz: Vec<f32> = read(&dy.contiguous()?, |dy| Ok(dy.to_vec()))?;
        for (i, layer) in self.layers.iter().enumerate().rev() {
            match hidden.get(i) {
                Some(output) => times_derivative(layer.activation(), &mut dz, output),
                None => read(y, |output| {
                    times_derivative(layer.activation(), &mut dz, output);
                    Ok(())
                })?,
            }
            match i.checked_sub(1).map(|before| &hidden[before]) {
                Some(input) => parameter_gradients(layer, input, &dz, batch)?,
                None => read(x, |x| parameter_gradients(layer, x, &dz, batch))?,
            }
            if i == 0 && !x.track_op() {
                return Ok((None, None));
            }
            dz = input_gradient(layer, &dz, batch)?;
        }
        Ok((Some(Tensor::from_vec(dz, x.shape(), x.device())?), None))
    }
}

/// `activation(x·Wᵀ + b)`, `[batch, out]`.
fn forward(layer: &Linear, x: &[f32], weight: &[f32], batch: usize) -> Result<Vec<f32>> {
    let (outputs, inputs) = layer.weight().tensor().dims2()?;
    let mut y = vec![0f32; batch * outputs];
    gemm(
        Matrix::new(x, batch, inputs),
        Matrix::new(weight, outputs, inputs).t(),
        &mut y,
        false,
    );
    let activation = layer.activation();
    read(&layer.bias().tensor(), |bias| {
        y.par_chunks_mut(rows_per_task(outputs) * outputs)
            .for_each(|rows| {
                vectorized(|| {
                    rows.chunks_mut(outputs)
                        .for_each(|row| activation.apply_row(row, bias))
                });
            });
        Ok(())
    })?;
    Ok(y)
}

/// From the gradient of a layer's output to that of `x·Wᵀ + b`, in place.
fn times_derivative(activation: Activation, gradient: &mut [f32], output: &[f32]) {
    if activation == Activation::None {
        return;
    }
    gradient
        .par_chunks_mut(CHUNK)
        .zip(output.par_chunks(CHUNK))
        .for_each(|(gradient, output)| {
            vectorized(|| activation.times_derivative(gradient, output));
        });
}

/// Writes `dW = dzᵀ·x` and `db = Σ_rows dz` into the layer's buffers, unless it is frozen.
fn parameter_gradients(layer: &Linear, x: &[f32], dz: &[f32], batch: usize) -> Result<()> {
    let (outputs, inputs) = layer.weight().tensor().dims2()?;
    if layer.weight().is_frozen() {
        return Ok(());
    }
    layer.weight().write_gradient(|dw, accumulate| {
        gemm(
            Matrix::new(dz, batch, outputs).t(),
            Matrix::new(x, batch, inputs),
            dw,
            accumulate,
        );
        Ok(())
    })?;
    layer.bias().write_gradient(|db, accumulate| {
        column_sums(dz, db, accumulate);
        Ok(())
    })
}

/// `dx = dz·W`, `[batch, in]`.
fn input_gradient(layer: &Linear, dz: &[f32], batch: usize) -> Result<Vec<f32>> {
    let (outputs, inputs) = layer.weight().tensor().dims2()?;
    let mut dx = vec![0f32; batch * inputs];
    read(&layer.weight().tensor(), |weight| {
        gemm(
            Matrix::new(dz, batch, outputs),
            Matrix::new(weight, outputs, inputs),
            &mut dx,
            false,
        );
        Ok(())
    })?;
    Ok(dx)
}

/// Rows of a `[B, columns]` matrix that make a task of a useful size.
fn rows_per_task(columns: usize) -> usize {
    (CHUNK / columns.max(1)).max(1)
}

/// The sum of each column of `matrix`, over the rows in their order.
fn column_sums(matrix: &[f32], sums: &mut [f32], accumulate: bool) {
    const BLOCK: usize = 256;
    let columns = sums.len();
    sums.par_chunks_mut(BLOCK)
        .enumerate()
        .for_each(|(block, sums)| {
            if !accumulate {
                sums.fill(0.0);
            }
            vectorized(|| {
                for row in matrix.chunks(columns) {
                    for (sum, x) in sums.iter_mut().zip(&row[block * BLOCK..]) {
                        *sum += *x;
                    }
                }
            });
        });
}
