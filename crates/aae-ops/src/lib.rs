//! Fused differentiable operations and in-place optimizers for candle. The rest of this page is the crate's `README.md`.
//!
#![doc = include_str!("../README.md")]

mod activation;
mod batch_norm;
mod branched;
mod buffer;
mod chain;
mod deferred;
mod draws;
mod gemm;
mod in_place;
mod linear;
pub mod loss;
mod math;
mod normalize;
pub mod optim;
mod param;
mod pass;
mod path;
mod pieces;
mod slices;
mod softmax;
pub mod stream;
mod threads;
mod vectorized;

pub use activation::Activation;
pub use batch_norm::{BatchNorm, Mode};
pub use branched::{branched, sequential, sequential_in};
pub use in_place::{plus, times};
pub use linear::Linear;
pub use param::{Param, backward, gradient_norm, zero_gradients};
pub use path::{Precision, kernels, with_plain_ops, with_portable_products, with_precision};
pub use softmax::softmax;
pub use threads::{ThreadsError, with_threads};
#[doc(hidden)]
pub use vectorized::dispatch;
