//! A fully connected layer as one operation: `activation(x·Wᵀ + b)` with a hand-written backward pass.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::gemm::{Matrix, gemm};
use crate::math::vectorized;
use crate::path::is_fused;
use crate::slices::{CHUNK, contiguous, read};
use crate::{Activation, Param};

/// A fully connected layer `activation(x·Wᵀ + b)`.
///
/// Its weight is `[out, in]` and its bias `[out]`, as PyTorch lays them out.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Param,
    bias: Param,
    activation: Activation,
}

impl Linear {
    /// A layer from its parameters. Errors: if `weight` is not `[out, in]` or `bias` not `[out]`.
    pub fn new(weight: Param, bias: Param, activation: Activation) -> Result<Self> {
        let (out, _) = weight.tensor().dims2()?;
        let found = bias.tensor().dims1()?;
        if found != out {
            bail!(
                "{}: expected a bias of {out} numbers for {}, found {found}",
                bias.name(),
                weight.name()
            )
        }
        Ok(Self {
            weight,
            bias,
            activation,
        })
    }

    /// The weight and the bias.
    pub fn params(&self) -> Vec<Param> {
        vec![self.weight.clone(), self.bias.clone()]
    }

    /// The same layer as a constant function: gradients pass through it to `x`, and none is computed for its weights.
    pub fn frozen(&self) -> Self {
        Self {
            weight: self.weight.frozen(),
            bias: self.bias.frozen(),
            activation: self.activation,
        }
    }

    /// Applies the layer: `x` `[B, in]` -> `[B, out]`.
    ///
    /// Errors: if `x` is not a matrix with `in` columns, or lies on another device.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (self.weight.tensor(), self.bias.tensor());
        let ((_, found), (_, expected)) = (x.dims2()?, weight.dims2()?);
        if found != expected {
            bail!(
                "{}: expected rows of {expected} numbers, found {found}",
                self.weight.name()
            )
        }
        if is_fused(x) {
            return x
                .contiguous()?
                .apply_op3(&weight, &bias, Fused(self.clone()));
        }
        self.activation
            .plain(&x.matmul(&weight.t()?)?.broadcast_add(&bias)?)
    }
}

struct Fused(Linear);

impl CustomOp3 for Fused {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let ((batch, inputs), (outputs, _)) =
            (x_layout.shape().dims2()?, weight_layout.shape().dims2()?);
        let x = Matrix::new(contiguous(x, x_layout)?, batch, inputs);
        let weight = Matrix::new(contiguous(weight, weight_layout)?, outputs, inputs);
        let bias = contiguous(bias, bias_layout)?;
        let mut y = vec![0f32; batch * outputs];
        gemm(x, weight.t(), &mut y, false);
        let activation = self.0.activation;
        y.par_chunks_mut(rows_per_task(outputs) * outputs)
            .for_each(|rows| {
                vectorized(|| {
                    rows.chunks_mut(outputs)
                        .for_each(|row| activation.apply_row(row, bias))
                });
            });
        Ok((CpuStorage::F32(y), (batch, outputs).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let ((batch, inputs), (outputs, _)) = (x.dims2()?, weight.dims2()?);
        let dz = self.pre_activation_gradient(y, dy, outputs)?;
        let dz = Matrix::new(&dz, batch, outputs);
        if !self.0.weight.is_frozen() {
            self.0.weight.write_gradient(|dw, accumulate| {
                read(x, |x| {
                    gemm(dz.t(), Matrix::new(x, batch, inputs), dw, accumulate);
                    Ok(())
                })
            })?;
            self.0.bias.write_gradient(|db, accumulate| {
                column_sums(dz.numbers(), db, outputs, accumulate);
                Ok(())
            })?;
        }
        if !x.track_op() {
            return Ok((None, None, None));
        }
        let mut dx = vec![0f32; batch * inputs];
        read(weight, |weight| {
            gemm(dz, Matrix::new(weight, outputs, inputs), &mut dx, false);
            Ok(())
        })?;
        Ok((
            Some(Tensor::from_vec(dx, (batch, inputs), x.device())?),
            None,
            None,
        ))
    }
}

impl Fused {
    /// The gradient of `x·Wᵀ + b`: that of the output times the activation's derivative.
    fn pre_activation_gradient(&self, y: &Tensor, dy: &Tensor, outputs: usize) -> Result<Vec<f32>> {
        let activation = self.0.activation;
        let dy = dy.contiguous()?;
        read(y, |y| {
            read(&dy, |dy| {
                let mut dz = vec![0f32; dy.len()];
                let size = rows_per_task(outputs) * outputs;
                dz.par_chunks_mut(size)
                    .zip(dy.par_chunks(size))
                    .zip(y.par_chunks(size))
                    .for_each(|((dz, dy), y)| {
                        vectorized(|| activation.backward_row(dz, dy, y));
                    });
                Ok(dz)
            })
        })
    }
}

/// Rows of a `[B, columns]` matrix that make a task of a useful size.
fn rows_per_task(columns: usize) -> usize {
    (CHUNK / columns.max(1)).max(1)
}

/// The sum of each column, over the rows in their order.
fn column_sums(matrix: &[f32], sums: &mut [f32], columns: usize, accumulate: bool) {
    const BLOCK: usize = 256;
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
