//! The losses of the paper's phases, on logits.

use aae_ops::loss::{self, ElementLoss};
use candle_core::{Result, Tensor};

use crate::ReconstructionLoss;

/// The reconstruction loss of `sigmoid(logits)` against `images`.
///
/// Shapes: `logits`, `images` `[B, pixels]`, images in `[0, 1]` -> scalar; reduction and unit as [`ReconstructionLoss`]
/// says. Errors: if the shapes differ.
pub fn reconstruction(
    kind: ReconstructionLoss,
    logits: &Tensor,
    images: &Tensor,
) -> Result<Tensor> {
    reconstruction_per_element(kind, images)?.of(logits, images)
}

/// The same loss for each element, with the factor that a batch of `images` `[B, pixels]` gives it.
pub(crate) fn reconstruction_per_element(
    kind: ReconstructionLoss,
    images: &Tensor,
) -> Result<ElementLoss> {
    let (batch, pixels) = images.dims2()?;
    let per_image = 1.0 / batch.max(1) as f64;
    Ok(match kind {
        ReconstructionLoss::MeanSquaredError => {
            ElementLoss::sigmoid_squared_error(per_image / pixels as f64)
        }
        ReconstructionLoss::HalfSquaredError => ElementLoss::sigmoid_squared_error(0.5 * per_image),
        ReconstructionLoss::BinaryCrossEntropy => ElementLoss::bce_with_logits(per_image),
    })
}

/// Discriminator loss `-[ln D(z) + ln(1 - D(z'))]` from logits, mean over the batch, in nats; 2 ln 2 at equilibrium.
///
/// Shapes: `logits` `[2B, 1]`, the `B` judgements of prior samples first and those of codes after them -> scalar.
/// One product serves both halves: without batch statistics a row's judgement does not depend on its neighbours.
/// Errors: if the number of rows is odd.
/// Source: Makhzani et al. 2015, §2, arXiv:1511.05644.
pub fn discriminator(logits: &Tensor) -> Result<Tensor> {
    let (rows, columns) = logits.dims2()?;
    if rows % 2 != 0 {
        candle_core::bail!(
            "expected as many judgements of prior samples as of codes, found {rows} in all"
        )
    }
    let half = rows / 2;
    let target = (0..rows * columns)
        .map(|i| if i < half * columns { 1f32 } else { 0.0 })
        .collect();
    let target = Tensor::from_vec(target, (rows, columns), logits.device())?;
    loss::bce_with_logits(logits, &target, 1.0 / half.max(1) as f64)
}

/// Generator loss `-ln D(z')` from logits, mean over the batch, in nats; ln 2 at equilibrium.
///
/// Shapes: `logits` `[B, 1]` -> scalar. Errors: if `logits` is a scalar.
/// Source: Makhzani et al. 2015, §2, in the non-saturating form of Goodfellow et al. 2014, §3.
pub fn generator(logits: &Tensor) -> Result<Tensor> {
    let target = logits.detach().ones_like()?;
    loss::bce_with_logits(logits, &target, 1.0 / logits.dim(0)?.max(1) as f64)
}

/// Classification loss: cross-entropy of `softmax(logits)` against labels, mean over the batch, in nats.
///
/// Shapes: `logits` and one-hot `labels` `[B, classes]` -> scalar. Errors: if the shapes differ.
/// Source: Makhzani et al. 2015, §5.
pub fn classification(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    loss::softmax_cross_entropy(logits, labels, 1.0 / logits.dim(0)?.max(1) as f64)
}

/// Penalty on cluster heads that lie closer together than `threshold`: `Σ_{i≠j} max(0, threshold - ‖headᵢ - headⱼ‖)`.
///
/// Shapes: `heads` `[K, dim]` -> scalar, in the units of the codes; each pair counts twice, as in the paper's sum.
/// Errors: if `heads` is not a matrix.
/// Source: Makhzani et al. 2015, §7.
pub fn head_distance(heads: &Tensor, threshold: f64) -> Result<Tensor> {
    let (ways, _) = heads.dims2()?;
    let same = Tensor::eye(ways, heads.dtype(), heads.device())?;
    let differences = heads.unsqueeze(1)?.broadcast_sub(&heads.unsqueeze(0)?)?;
    // A head is one apart from itself here: the root has no slope at zero, and the pair is left out below. Two that lie on each other
    // are a millionth apart, for the same reason.
    let squares = (differences.sqr()?.sum(2)? + TINY)?;
    let distances = (squares + &same)?.sqrt()?;
    let short = distances.affine(-1.0, threshold)?.relu()?;
    (short * same.affine(-1.0, 1.0)?)?.sum_all()
}

/// Square of the least distance between two heads.
const TINY: f64 = 1e-12;

/// The same numbers with `share` of their gradient: what is minimised through them moves their source so much less.
///
/// Shapes: any -> the same. Errors: none of its own.
pub fn scale_gradient(x: &Tensor, share: f64) -> Result<Tensor> {
    let still = x.detach();
    // The difference is zero, and the one way that a gradient takes.
    &still + ((x - &still)? * share)?
}

#[cfg(test)]
mod tests {
    use std::f32::consts::LN_2;

    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn heads_closer_than_the_threshold_are_pushed_apart() {
        let heads = Var::new(&[[0f32, 0.0], [3.0, 4.0], [0.0, 1.0]], &Device::Cpu).unwrap();
        let penalty = head_distance(&heads, 2.0).unwrap();
        // Only the first and the last are closer than 2: 2 · (2 - 1).
        assert_eq!(penalty.to_scalar::<f32>().unwrap(), 2.0);
        let gradients = penalty.backward().unwrap();
        let gradient = gradients.get(&heads).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(gradient, [[0.0, 2.0], [0.0, 0.0], [0.0, -2.0]]);
    }

    #[test]
    fn heads_that_lie_on_each_other_have_a_gradient() {
        let heads = Var::new(&[[1f32, 1.0], [1.0, 1.0], [1.0, 2.0]], &Device::Cpu).unwrap();
        for threshold in [0.0, 2.0] {
            let penalty = head_distance(&heads, threshold).unwrap();
            let gradients = penalty.backward().unwrap();
            let gradient = gradients.get(&heads).unwrap().flatten_all().unwrap();
            let gradient = gradient.to_vec1::<f32>().unwrap();
            assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
        }
    }

    /// Of images decoded to one half, of labels guessed by chance, and of codes that are judged to be real.
    #[test]
    fn losses_have_the_reduction_that_their_documentation_says() {
        let zeros = |shape| Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap();
        let value = |loss: Result<Tensor>| loss.unwrap().to_scalar::<f32>().unwrap();
        let images = Tensor::new(&[[0f32, 1.0, 1.0], [0.0, 0.0, 1.0]], &Device::Cpu).unwrap();
        let reconstruction = |kind| value(reconstruction(kind, &zeros((2, 3)), &images));
        let labels = Tensor::new(&[[0f32, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]], &Device::Cpu);
        // >>> logits = torch.full((2, 1), 2.0)
        // >>> F.binary_cross_entropy_with_logits(logits, torch.ones(2, 1))
        // tensor(0.1269)  # ln(1 + e^-2) = 0.126928
        let judged_real = Tensor::new(&[[2f32], [2.0]], &Device::Cpu).unwrap();
        for (found, expected) in [
            (reconstruction(ReconstructionLoss::MeanSquaredError), 0.25),
            (reconstruction(ReconstructionLoss::HalfSquaredError), 0.375),
            (
                reconstruction(ReconstructionLoss::BinaryCrossEntropy),
                3.0 * LN_2,
            ),
            (
                value(classification(&zeros((2, 4)), &labels.unwrap())),
                2.0 * LN_2,
            ),
            (value(generator(&judged_real)), 0.126_928),
        ] {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
    }

    #[test]
    fn an_empty_batch_has_no_loss() {
        let empty = Tensor::zeros((0, 1), candle_core::DType::F32, &Device::Cpu).unwrap();
        let kind = ReconstructionLoss::MeanSquaredError;
        for loss in [
            reconstruction(kind, &empty, &empty),
            discriminator(&empty),
            generator(&empty),
            classification(&empty, &empty),
        ] {
            assert_eq!(loss.unwrap().to_scalar::<f32>().unwrap(), 0.0);
        }
    }

    #[test]
    fn scaling_the_gradient_leaves_the_numbers() {
        let x = Var::new(&[0.1f32, 0.7, 1e-30], &Device::Cpu).unwrap();
        let scaled = scale_gradient(&x, 0.25).unwrap();
        let numbers = |x: &Tensor| x.to_vec1::<f32>().unwrap();
        assert_eq!(numbers(&scaled), numbers(&x));
        let gradients = scaled.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        let whole = numbers(&(x.as_tensor() * 2.0).unwrap());
        let quarter: Vec<f32> = whole.iter().map(|g| g * 0.25).collect();
        assert_eq!(numbers(gradients.get(&x).unwrap()), quarter);
    }
}
