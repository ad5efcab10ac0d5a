//! Losses from logits, each one fused operation with its gradient.
//!
//! Every loss takes a `scale`, the factor before the sum over all elements, because that factor is where
//! implementations differ: `1 / (B·P)` is a mean over pixels, `1 / B` a sum over pixels and a mean over the batch.

mod elementwise;
mod of_chain;
mod softmax;

pub use elementwise::{ElementLoss, bce_with_logits};
pub(crate) use of_chain::LossOfChain;
pub use softmax::softmax_cross_entropy;
