//! Stacks of layers: one after another, and with several heads on one trunk.

use candle_core::{CustomOp2, DType, Result, Tensor, Var, bail};

use crate::chain::Chain;
use crate::loss::{ElementLoss, LossOfChain};
use crate::path::is_fused;
use crate::{Linear, Mode};

/// Applies `layers` one after another in [`Mode::Evaluate`]: `x` `[B, in of the first]` -> `[B, out of the last]`.
///
/// The fused path is one operation for the whole stack, so that candle neither sees nor adds up what flows between the
/// layers.
/// Errors: if there is no layer, if `x` or a layer's output does not fit the next layer's weight, or if `x` lies on
/// another device.
pub fn sequential(layers: &[Linear], x: &Tensor) -> Result<Tensor> {
    sequential_in(layers, x, Mode::Evaluate)
}

/// [`sequential`] in the given mode. Errors: also if a layer is batch-normalised, `mode` takes statistics from the batch,
/// and `x` has fewer than two rows.
pub fn sequential_in(layers: &[Linear], x: &Tensor, mode: Mode) -> Result<Tensor> {
    let Some((last, trunk)) = layers.split_last() else {
        bail!("expected at least one layer, found none")
    };
    let heads = std::slice::from_ref(last);
    check(trunk, heads, x, mode)?;
    if is_fused(x) {
        fused(trunk, heads, x, mode)
    } else {
        plain(layers, x, mode)
    }
}

/// Applies the layers of `trunk` one after another, and then each of `heads` to the result: `x` `[B, in of the first]` ->
/// `[B, out]` for each head.
///
/// The fused path is one operation for trunk and heads together. It has a gradient for every parameter that is not
/// frozen; zeros for a head that the loss does not use, where the plain path has none: freeze what a phase does not train.
/// Errors: if there is no head (the trunk may be empty), if `x` or a layer's output does not fit the next layer's weight,
/// if a layer is batch-normalised, `mode` takes statistics from the batch, and `x` has fewer than two rows, or if `x`
/// lies on another device.
pub fn branched(trunk: &[Linear], heads: &[Linear], x: &Tensor, mode: Mode) -> Result<Vec<Tensor>> {
    check(trunk, heads, x, mode)?;
    if !is_fused(x) {
        let code = plain(trunk, x, mode)?;
        return heads.iter().map(|head| head.plain(&code, mode)).collect();
    }
    let joined = fused(trunk, heads, x, mode)?;
    if heads.len() == 1 {
        return Ok(vec![joined]);
    }
    let mut start = 0;
    let narrow = |head: &Linear| {
        start += head.width();
        joined.narrow(1, start - head.width(), head.width())
    };
    heads.iter().map(narrow).collect()
}

/// `loss` of what [`sequential`] makes of `x`, against `target`.
///
/// The fused path is one operation for the stack and the loss: candle, which would add a batch of gradients to zeros, sees neither them nor
/// the output.
pub(crate) fn sequential_loss(
    layers: &[Linear],
    x: &Tensor,
    loss: ElementLoss,
    target: &Tensor,
) -> Result<Tensor> {
    let Some((last, trunk)) = layers.split_last() else {
        bail!("expected at least one layer, found none")
    };
    let heads = std::slice::from_ref(last);
    check(trunk, heads, x, Mode::Evaluate)?;
    let expected = (x.dim(0)?, last.width());
    if target.dims2()? != expected {
        bail!(
            "expected a target of the shape {expected:?}, found {:?}",
            target.shape()
        )
    }
    if !is_fused(x) {
        return loss.of(&plain(layers, x, Mode::Evaluate)?, target);
    }
    let chain = Chain::new(trunk, heads, Mode::Evaluate);
    let target = target.detach().contiguous()?;
    apply(x, layers, LossOfChain::new(chain, loss, target))
}

/// The heads' outputs side by side, `[B, Σ out]`.
fn fused(trunk: &[Linear], heads: &[Linear], x: &Tensor, mode: Mode) -> Result<Tensor> {
    let layers = trunk.iter().chain(heads);
    apply(x, layers, Chain::new(trunk, heads, mode))
}

/// What `operation` makes of `x` and of a scalar that it does not look at. candle records it if one of the two is variable, as the scalar is
/// if a layer is.
fn apply<'a>(
    x: &Tensor,
    layers: impl IntoIterator<Item = &'a Linear>,
    operation: impl CustomOp2 + Send + Sync + 'static,
) -> Result<Tensor> {
    let constant = layers.into_iter().all(Linear::is_frozen);
    let witness = Tensor::zeros((), DType::F32, x.device())?;
    let witness = if constant {
        witness
    } else {
        Var::from_tensor(&witness)?.into_inner()
    };
    x.contiguous()?.apply_op2(&witness, operation)
}

fn plain(layers: &[Linear], x: &Tensor, mode: Mode) -> Result<Tensor> {
    layers
        .iter()
        .try_fold(x.clone(), |x, layer| layer.plain(&x, mode))
}

/// Whether everything fits, before a running statistic is moved.
fn check(trunk: &[Linear], heads: &[Linear], x: &Tensor, mode: Mode) -> Result<()> {
    if heads.is_empty() {
        bail!("expected at least one head, found none")
    }
    let (rows, mut width) = x.dims2()?;
    for layer in trunk {
        fits(layer, width)?;
        width = layer.width();
    }
    heads.iter().try_for_each(|head| fits(head, width))?;
    let normalized = trunk.iter().chain(heads).find_map(Linear::batch_norm);
    match normalized {
        Some(norm) if rows < 2 && mode != Mode::Evaluate => bail!(
            "{}: expected a batch of at least two rows to normalise in training, found {rows}: drop so small a batch",
            norm.gain().name()
        ),
        _ => Ok(()),
    }
}

fn fits(layer: &Linear, width: usize) -> Result<()> {
    let (_, inputs) = layer.weight().tensor().dims2()?;
    if width != inputs {
        bail!(
            "{}: expected rows of {inputs} numbers, found {width}",
            layer.weight().name()
        )
    }
    Ok(())
}
