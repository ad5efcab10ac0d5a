//! The fused passes of batch normalisation: statistics by columns, everything else by rows.

use candle_core::Result;
use rayon::prelude::*;

use crate::batch_norm::{EPSILON, MOMENTUM};
use crate::buffer::Buffer;
use crate::slices::{BLOCK, read, rows_per_task, write};
use crate::vectorized;
use crate::{Activation, BatchNorm, Mode, Param};

/// What the backward pass needs of a normalised product.
pub(crate) struct Normalized {
    /// `(product - mean) / √(variance + ε)`, `[batch, out]`.
    values: Buffer,
    /// `1 / √(variance + ε)` of each column.
    inverse_deviation: Buffer,
    /// Whether the statistics are the batch's own, so that a gradient flows through them.
    of_batch: bool,
}

/// `activation(gain · normalized product + bias)`, `[batch, out]`, and the normalised product. `product` has at least one
/// column, and two rows unless `mode` is [`Mode::Evaluate`].
pub(crate) fn forward(
    norm: &BatchNorm,
    activation: Activation,
    bias: &[f32],
    mut product: Buffer,
    mode: Mode,
) -> Result<(Buffer, Normalized)> {
    let columns = bias.len();
    let (mean, mut variance) = statistics(norm, &product, columns, mode)?;
    variance
        .iter_mut()
        .for_each(|v| *v = 1.0 / (*v + EPSILON).sqrt());
    let inverse_deviation = variance;
    let mut output = Buffer::unwritten(product.len());
    let size = rows_per_task(columns) * columns;
    read(&norm.gain().tensor(), |gain| {
        let row = |values: &mut [f32], y: &mut [f32]| {
            for (i, (x, y)) in values.iter_mut().zip(y.iter_mut()).enumerate() {
                *x = (*x - mean[i]) * inverse_deviation[i];
                *y = *x * gain[i];
            }
            activation.apply_row(y, bias);
        };
        product
            .par_chunks_mut(size)
            .zip(output.par_chunks_mut(size))
            .for_each(|(values, output)| {
                vectorized!(|| {
                    values
                        .chunks_mut(columns)
                        .zip(output.chunks_mut(columns))
                        .for_each(|(values, y)| row(values, y));
                });
            });
        Ok(())
    })?;
    let normalized = Normalized {
        values: product,
        inverse_deviation,
        of_batch: mode != Mode::Evaluate,
    };
    Ok((output, normalized))
}

/// The gradients of the gain and the bias, each `[out]`; `dz`, the gradient of `gain · normalized + bias`, becomes that of
/// the product.
pub(crate) fn backward(
    norm: &BatchNorm,
    normalized: &Normalized,
    dz: &mut [f32],
) -> Result<(Buffer, Buffer)> {
    let Normalized {
        values,
        inverse_deviation,
        of_batch,
    } = normalized;
    let columns = inverse_deviation.len();
    let (dgain, dbias) = parameter_gradients(values, dz, columns);
    // What the batch's own mean and variance take away; running statistics are constants.
    let share = if *of_batch {
        columns as f32 / values.len() as f32
    } else {
        0.0
    };
    let size = rows_per_task(columns) * columns;
    read(&norm.gain().tensor(), |gain| {
        let row = |dz: &mut [f32], values: &[f32]| {
            for (i, (dz, x)) in dz.iter_mut().zip(values).enumerate() {
                let rest = *dz - share * dbias[i] - *x * (share * dgain[i]);
                *dz = gain[i] * inverse_deviation[i] * rest;
            }
        };
        dz.par_chunks_mut(size)
            .zip(values.par_chunks(size))
            .for_each(|(dz, values)| {
                vectorized!(|| {
                    dz.chunks_mut(columns)
                        .zip(values.chunks(columns))
                        .for_each(|(dz, values)| row(dz, values));
                });
            });
        Ok(())
    })?;
    Ok((dgain, dbias))
}

/// Mean and variance of each column as `mode` has them; moves the running ones if it says so.
fn statistics(
    norm: &BatchNorm,
    product: &[f32],
    columns: usize,
    mode: Mode,
) -> Result<(Buffer, Buffer)> {
    if mode == Mode::Evaluate {
        let copy = |param: &Param| read(&param.tensor(), |numbers| Ok(Buffer::copy_of(numbers)));
        return Ok((copy(norm.running_mean())?, copy(norm.running_variance())?));
    }
    let (mean, variance) = batch_statistics(product, columns);
    if norm.tracks(mode) {
        let rows = (product.len() / columns) as f32;
        track(norm.running_mean(), &mean, 1.0)?;
        track(norm.running_variance(), &variance, rows / (rows - 1.0))?;
    }
    Ok((mean, variance))
}

/// Moves running statistics towards the batch's, times `factor`.
fn track(running: &Param, batch: &[f32], factor: f32) -> Result<()> {
    write(&running.tensor(), |running| {
        for (running, batch) in running.iter_mut().zip(batch) {
            *running = (1.0 - MOMENTUM) * *running + MOMENTUM * (factor * *batch);
        }
        Ok(())
    })
}

/// Mean and biased variance of each column, over the rows in their order. The second pass takes squares of differences:
/// the difference of squares would lose all digits of a column whose mean is large.
fn batch_statistics(matrix: &[f32], columns: usize) -> (Buffer, Buffer) {
    let (mut mean, mut variance) = (Buffer::zeros(columns), Buffer::zeros(columns));
    let rows = (matrix.len() / columns) as f32;
    let task = |start: usize, mean: &mut [f32], variance: &mut [f32]| {
        let end = start + mean.len();
        for row in matrix.chunks_exact(columns) {
            for (mean, x) in mean.iter_mut().zip(&row[start..end]) {
                *mean += *x;
            }
        }
        mean.iter_mut().for_each(|mean| *mean /= rows);
        for row in matrix.chunks_exact(columns) {
            for ((variance, mean), x) in variance.iter_mut().zip(&*mean).zip(&row[start..end]) {
                *variance += (*x - *mean) * (*x - *mean);
            }
        }
        variance.iter_mut().for_each(|variance| *variance /= rows);
    };
    mean.par_chunks_mut(BLOCK)
        .zip(variance.par_chunks_mut(BLOCK))
        .enumerate()
        .for_each(|(i, (mean, variance))| vectorized!(|| task(i * BLOCK, mean, variance)));
    (mean, variance)
}

/// `Σ_rows dz · values` and `Σ_rows dz`, each `[out]`, over the rows in their order.
fn parameter_gradients(values: &[f32], dz: &[f32], columns: usize) -> (Buffer, Buffer) {
    let (mut dgain, mut dbias) = (Buffer::zeros(columns), Buffer::zeros(columns));
    let task = |start: usize, dgain: &mut [f32], dbias: &mut [f32]| {
        let end = start + dgain.len();
        for (dz, values) in dz.chunks_exact(columns).zip(values.chunks_exact(columns)) {
            let columns = dz[start..end].iter().zip(&values[start..end]);
            for ((dgain, dbias), (dz, x)) in dgain.iter_mut().zip(&mut *dbias).zip(columns) {
                *dgain += *dz * *x;
                *dbias += *dz;
            }
        }
    };
    dgain
        .par_chunks_mut(BLOCK)
        .zip(dbias.par_chunks_mut(BLOCK))
        .enumerate()
        .for_each(|(i, (dgain, dbias))| vectorized!(|| task(i * BLOCK, dgain, dbias)));
    (dgain, dbias)
}
