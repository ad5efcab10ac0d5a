//! Sums of Gaussian kernels between many images and very many samples, for several kernel widths in one pass.
//!
//! ```text
//! samples, a block at a time ── products with all images ──→ squared distances ──→ one running sum per image and width
//! ```
//! Squared distances come from `‖x - s‖² = ‖x‖² + ‖s‖² - 2 x·s`. The products are in single precision, all the rest in double. What the
//! difference cancels is kept small: images and samples are centred on the mean image first, and a pair so close that little is left of
//! its norms is measured again, directly.

use std::ops::RangeInclusive;

use aae_ops::{Activation, Linear, Param};
use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use crate::EvalError;
use crate::points::{check_rows, squared_distance};

/// Images and samples in one matrix product: its result stays in the second-level cache or the third.
const BLOCK: usize = 1000;

/// A squared distance below this share of the two squared norms is computed again.
const CANCELLED: f64 = 1e-3;

/// A kernel `e^-60` times the nearest sample's is nothing, even ten billion times.
const NEGLIGIBLE: f64 = 60.0;

/// For every image and kernel width `σ`: `Σ_s exp(-‖x - s‖² / 2σ²)` over the samples so far.
pub(crate) struct KernelSums {
    pixels: usize,
    centre: Vec<f64>,
    images: Vec<f32>,
    widths: Vec<f64>,
    states: Vec<Sum>,
    samples: u64,
}

/// One image's sums. They are kept relative to the kernel of the nearest sample, so that they neither vanish nor overflow.
struct Sum {
    norm: f64,
    nearest: f64,
    sums: Vec<f64>,
}

impl KernelSums {
    /// Sums without a sample yet. `images` `[n, pixels]`, at least two; `widths` positive and finite.
    pub(crate) fn new(images: &[f32], pixels: usize, widths: &[f64]) -> Result<Self, EvalError> {
        check_rows("images", 2, images, pixels)?;
        for &width in widths {
            check_width(width)?;
        }
        let mut centre = vec![0.0; pixels];
        for image in images.chunks_exact(pixels) {
            for (sum, &pixel) in centre.iter_mut().zip(image) {
                *sum += f64::from(pixel);
            }
        }
        let n = (images.len() / pixels) as f64;
        centre.iter_mut().for_each(|sum| *sum /= n);
        let images = centred(images, &centre);
        let state = |image: &[f32]| Sum {
            norm: squared_norm(image),
            nearest: f64::INFINITY,
            sums: vec![0.0; widths.len()],
        };
        Ok(Self {
            pixels,
            states: images.chunks_exact(pixels).map(state).collect(),
            centre,
            images,
            widths: widths.to_vec(),
            samples: 0,
        })
    }

    /// Adds the kernels of `samples` `[m, pixels]`. The sums depend on the order of all samples, and by the rounding of
    /// single precision on how they are cut into calls.
    pub(crate) fn add(&mut self, samples: &[f32]) -> Result<(), EvalError> {
        check_rows("samples", 1, samples, self.pixels)?;
        for block in samples.chunks(BLOCK * self.pixels) {
            self.add_block(&centred(block, &self.centre))?;
        }
        self.samples += (samples.len() / self.pixels) as u64;
        Ok(())
    }

    fn add_block(&mut self, samples: &[f32]) -> Result<(), EvalError> {
        let pixels = self.pixels;
        let norms: Vec<f64> = samples.chunks_exact(pixels).map(squared_norm).collect();
        // A layer without a bias is a matrix product whose bits do not depend on the number of threads.
        let matrix = Tensor::from_slice(samples, (norms.len(), pixels), &Device::Cpu)?;
        let bias = Tensor::zeros(norms.len(), DType::F32, &Device::Cpu)?;
        let layer = Linear::new(
            Param::new("samples", &matrix)?,
            Param::new("bias", &bias)?,
            Activation::None,
        )?
        .frozen();
        let blocks = self.images.chunks(BLOCK * pixels);
        for (images, states) in blocks.zip(self.states.chunks_mut(BLOCK)) {
            let matrix = Tensor::from_slice(images, (states.len(), pixels), &Device::Cpu)?;
            let products = layer.forward(&matrix)?.flatten_all()?.to_vec1::<f32>()?;
            let rows = products.par_chunks_exact(norms.len());
            states
                .par_iter_mut()
                .zip(images.par_chunks_exact(pixels))
                .zip(rows)
                .for_each_init(Vec::new, |squared, ((state, image), products)| {
                    squared.clear();
                    squared.extend(products.iter().zip(&norms).enumerate().map(
                        |(i, (&product, norm))| {
                            let norms = state.norm + norm;
                            let found = norms - 2.0 * f64::from(product);
                            // False of a NaN, too: products may overflow where distances do not.
                            if found >= CANCELLED * norms && found < f64::INFINITY {
                                found
                            } else {
                                squared_distance(image, &samples[i * pixels..][..pixels])
                            }
                        },
                    ));
                    state.add(squared, &self.widths);
                });
        }
        Ok(())
    }

    /// The logarithm of each image's density in nats, its mean over samples of Gaussians of the width at `index`: one value per image,
    /// in order. At least one sample must have been added.
    pub(crate) fn log_densities(&self, index: usize) -> Result<Vec<f64>, EvalError> {
        if self.samples == 0 {
            return Err(EvalError::TooFew {
                what: "samples",
                needed: 1,
                found: 0,
            });
        }
        let double = 2.0 * self.widths[index] * self.widths[index];
        let normaliser = (self.samples as f64).ln()
            + self.pixels as f64 / 2.0 * (std::f64::consts::PI * double).ln();
        let density = |state: &Sum| state.sums[index].ln() - state.nearest / double - normaliser;
        Ok(self.states.iter().map(density).collect())
    }

    /// How many samples have been added.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }
}

impl Sum {
    fn add(&mut self, squared: &mut Vec<f64>, widths: &[f64]) {
        let nearest = squared.iter().copied().fold(self.nearest, f64::min);
        let closer = self.nearest - nearest;
        self.nearest = nearest;
        let widest = widths.iter().copied().fold(0.0, f64::max);
        let reach = nearest + NEGLIGIBLE * 2.0 * widest * widest;
        squared.retain(|&squared| squared <= reach);
        for (sum, width) in self.sums.iter_mut().zip(widths) {
            let double = 2.0 * width * width;
            *sum *= (-closer / double).exp();
            let reach = nearest + NEGLIGIBLE * double;
            for &squared in squared.iter().filter(|&&squared| squared <= reach) {
                *sum += ((nearest - squared) / double).exp();
            }
        }
    }
}

/// The windows that a Parzen estimate takes, in units of a pixel: less is below what single precision tells apart, more is no picture's.
pub const PARZEN_WINDOWS: RangeInclusive<f64> = 1e-6..=1e6;

pub(crate) fn check_width(width: f64) -> Result<(), EvalError> {
    if PARZEN_WINDOWS.contains(&width) {
        return Ok(());
    }
    Err(EvalError::Setting {
        what: "a Parzen window",
        expected: "from 1e-6 to 1e6",
        found: width,
    })
}

fn centred(values: &[f32], centre: &[f64]) -> Vec<f32> {
    let rows = values.chunks_exact(centre.len());
    rows.flat_map(|row| row.iter().zip(centre))
        .map(|(&value, centre)| (f64::from(value) - centre) as f32)
        .collect()
}

fn squared_norm(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}
