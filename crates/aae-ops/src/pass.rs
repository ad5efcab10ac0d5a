//! One layer's passes over a batch, forward and backward, on slices.

use std::sync::Arc;

use candle_core::Result;
use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::deferred::Deferred;
use crate::gemm::{Matrix, Output, gemm, product};
use crate::normalize::{self, Normalized};
use crate::slices::{BLOCK, CHUNK, read, rows_per_task};
use crate::vectorized;
use crate::{Activation, Linear, Mode, Param, Precision};

/// A layer with fewer inputs or outputs than this computes in `f32`: a code's few numbers stay exact, and cost nothing.
const WIDE: usize = 32;

/// The precision of the products of a layer of these widths, where `chosen` is that of the network.
fn of_layer(chosen: Precision, outputs: usize, inputs: usize) -> Precision {
    match outputs.min(inputs) < WIDE {
        true => Precision::F32,
        false => chosen,
    }
}

/// The layer's output `[batch, out]`, and what batch norm keeps for the backward pass.
pub(crate) fn forward(
    layer: &Linear,
    precision: Precision,
    x: &[f32],
    batch: usize,
    mode: Mode,
) -> Result<(Buffer, Option<Normalized>)> {
    let (outputs, inputs) = layer.weight().tensor().dims2()?;
    let precision = of_layer(precision, outputs, inputs);
    let mut y = read(&layer.weight().tensor(), |weight| {
        Ok(product(
            precision,
            Matrix::new(x, batch, inputs),
            Matrix::new(weight, outputs, inputs).t(),
        ))
    })?;
    let activation = layer.activation();
    read(&layer.bias().tensor(), |bias| {
        if let Some(norm) = layer.batch_norm() {
            let (y, normalized) = normalize::forward(norm, activation, bias, y, mode)?;
            return Ok((y, Some(normalized)));
        }
        y.par_chunks_mut(rows_per_task(outputs) * outputs)
            .for_each(|rows| {
                vectorized!(|| {
                    rows.chunks_mut(outputs)
                        .for_each(|row| activation.apply_row(row, bias))
                });
            });
        Ok((y, None))
    })
}

/// Turns the gradient of the layer's output into that of `x·Wᵀ`, in place, and writes the gradients of its bias and of its batch norm's
/// gain into their buffers, unless they are frozen.
pub(crate) fn backward(
    layer: &Linear,
    output: &[f32],
    normalized: Option<&Normalized>,
    gradient: &mut [f32],
) -> Result<()> {
    times_derivative(layer.activation(), gradient, output);
    match layer.batch_norm().zip(normalized) {
        Some((norm, normalized)) => {
            let (dgain, dbias) = normalize::backward(norm, normalized, gradient)?;
            write_sums(norm.gain(), &dgain)?;
            write_sums(layer.bias(), &dbias)?;
        }
        None if layer.bias().is_frozen() => {}
        None => layer.bias().write_gradient(|db, accumulate| {
            column_sums(gradient, db, accumulate);
            Ok(())
        })?,
    }
    Ok(())
}

/// Leaves the gradient of the layer's weight, unless that is frozen, to be computed when it is used. `dz` is what [`backward`] has made
/// of the gradient of its output, `x` the layer's input, which nobody else changes.
pub(crate) fn weight_gradient(
    layer: &Linear,
    precision: Precision,
    dz: Buffer,
    x: impl FnOnce() -> Result<Arc<Buffer>>,
    batch: usize,
) -> Result<()> {
    let weight = layer.weight();
    if weight.is_frozen() {
        return Ok(());
    }
    let (outputs, inputs) = weight.tensor().dims2()?;
    weight.defer_gradient(Deferred {
        dz,
        x: x()?,
        shape: [batch, outputs, inputs],
        precision: of_layer(precision, outputs, inputs),
    })
}

/// `dz·W`, `[batch, in]`: the gradient of the layer's input. It is added to `others`, if there are any: gradients of the same input
/// that come from other layers.
pub(crate) fn input_gradient(
    layer: &Linear,
    precision: Precision,
    dz: &[f32],
    others: Option<Buffer>,
    batch: usize,
) -> Result<Buffer> {
    let (outputs, inputs) = layer.weight().tensor().dims2()?;
    let precision = of_layer(precision, outputs, inputs);
    read(&layer.weight().tensor(), |weight| {
        let dz = Matrix::new(dz, batch, outputs);
        let weight = Matrix::new(weight, outputs, inputs);
        let Some(mut sum) = others else {
            return Ok(product(precision, dz, weight));
        };
        gemm(precision, dz, weight, Output::plus(&mut sum));
        Ok(sum)
    })
}

/// From the gradient of a layer's output to that of the activation's argument, in place.
fn times_derivative(activation: Activation, gradient: &mut [f32], output: &[f32]) {
    if activation == Activation::None {
        return;
    }
    gradient
        .par_chunks_mut(CHUNK)
        .zip(output.par_chunks(CHUNK))
        .for_each(|(gradient, output)| {
            vectorized!(|| activation.times_derivative(gradient, output));
        });
}

/// Writes a gradient that is already summed over the rows, unless the parameter is frozen.
fn write_sums(param: &Param, sums: &[f32]) -> Result<()> {
    if param.is_frozen() {
        return Ok(());
    }
    param.write_gradient(|gradient, accumulate| {
        if accumulate {
            gradient.iter_mut().zip(sums).for_each(|(g, sum)| *g += sum);
        } else {
            gradient.copy_from_slice(sums);
        }
        Ok(())
    })
}

/// The sum of each column of `matrix`, over the rows in their order.
fn column_sums(matrix: &[f32], sums: &mut [f32], accumulate: bool) {
    let columns = sums.len();
    sums.par_chunks_mut(BLOCK)
        .enumerate()
        .for_each(|(block, sums)| {
            if !accumulate {
                sums.fill(0.0);
            }
            vectorized!(|| {
                for row in matrix.chunks(columns) {
                    for (sum, x) in sums.iter_mut().zip(&row[block * BLOCK..]) {
                        *sum += *x;
                    }
                }
            });
        });
}
