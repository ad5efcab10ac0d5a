//! Fused differentiable operations and in-place optimizers for candle.
//!
//! The workshop under the other crates: it knows tensors and nothing of autoencoders. A [`Param`] owns its gradient
//! buffer, [`Linear`] writes gradients there by hand-written backward passes, and the optimizers in [`optim`] read them
//! there. Every operation has two paths: a fused one for `f32` on the CPU, and one composed of plain candle operations
//! that serves every other device and is the oracle that the tests hold the fused one against ([`with_plain_ops`]).
//!
//! ```
//! use aae_ops::optim::{Adam, Optimizer};
//! use aae_ops::{Activation, Linear, Param, backward, loss};
//! use candle_core::{Device, Tensor};
//!
//! # fn main() -> candle_core::Result<()> {
//! let weight = Param::new("weight", &Tensor::zeros((1, 2), candle_core::DType::F32, &Device::Cpu)?)?;
//! let bias = Param::new("bias", &Tensor::zeros(1, candle_core::DType::F32, &Device::Cpu)?)?;
//! let layer = Linear::new(weight, bias, Activation::None)?;
//! let params = layer.params();
//! let mut optimizer = Optimizer::Adam(Adam::new(Default::default(), &params)?);
//!
//! let x = Tensor::new(&[[1f32, 2.], [-1., 1.]], &Device::Cpu)?;
//! let target = Tensor::new(&[[1f32], [0.]], &Device::Cpu)?;
//! let before = loss::bce_with_logits(&layer.forward(&x)?, &target, 0.5)?;
//! backward(&before, &params)?;
//! optimizer.step(&params, 0.1, 1.0)?;
//! let after = loss::bce_with_logits(&layer.forward(&x)?, &target, 0.5)?;
//! assert!(after.to_scalar::<f32>()? < before.to_scalar::<f32>()?);
//! # Ok(())
//! # }
//! ```

mod activation;
mod batch_norm;
mod branched;
mod buffer;
mod chain;
mod draws;
mod gemm;
mod linear;
pub mod loss;
mod math;
mod normalize;
pub mod optim;
mod param;
mod pass;
mod path;
mod slices;
mod softmax;
pub mod stream;
mod threads;

pub use activation::Activation;
pub use batch_norm::{BatchNorm, Mode};
pub use branched::{branched, sequential, sequential_in};
pub use linear::Linear;
pub use param::{Param, backward, gradient_norm, zero_gradients};
pub use path::{Precision, with_plain_ops, with_portable_products, with_precision};
pub use softmax::softmax;
pub use threads::{ThreadsError, with_threads};
