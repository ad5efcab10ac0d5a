//! A parameter and its own gradient.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Result, Tensor, Var, bail};
use rayon::prelude::*;

use crate::deferred::Deferred;
use crate::path::is_fused;
use crate::pieces::Pieces;
use crate::slices::{self, CHUNK};
use crate::vectorized;

/// A trainable tensor that owns its gradient.
///
/// Fused operations leave gradients here and the optimizer takes them from here, so that candle's `backward` never allocates or
/// adds the large ones. That of a weight is computed when it is used: by an optimizer a few rows at a time, which are never
/// written to memory, and into the buffer by whoever reads it. A clone is the same parameter, and so is a
/// [`frozen`](Self::frozen) view, but operations on that leave no gradient.
#[derive(Clone, Debug)]
pub struct Param {
    inner: Arc<Inner>,
    frozen: bool,
}

#[derive(Debug)]
struct Inner {
    name: String,
    value: Var,
    gradient: Mutex<Gradient>,
}

/// The buffer lives as long as the parameter.
#[derive(Debug, Default)]
struct Gradient {
    buffer: Option<Tensor>,
    state: State,
}

/// Where the gradient is.
#[derive(Debug, Default)]
enum State {
    /// There is none; the buffer may have the remains of the last.
    #[default]
    Absent,
    /// In the buffer.
    Filled,
    /// Still to be computed.
    Deferred(Deferred),
}

impl Param {
    /// A parameter that starts as a copy of `value`. `name` is its key in checkpoints: `encoder.hidden.0.weight`.
    ///
    /// Errors: if the device refuses.
    pub fn new(name: impl Into<String>, value: &Tensor) -> Result<Self> {
        let inner = Inner {
            name: name.into(),
            // Detached, for a variable would be taken over instead of copied.
            value: Var::from_tensor(&value.detach())?,
            gradient: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
            frozen: false,
        })
    }

    /// The name that it was given.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The numbers as they are now: a view that changes with the parameter. A frozen view's are detached.
    pub fn tensor(&self) -> Tensor {
        if self.frozen {
            self.inner.value.detach()
        } else {
            self.inner.value.as_tensor().clone()
        }
    }

    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.inner.value.elem_count()
    }

    /// Whether it has no numbers at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Replaces the numbers. Errors: if shape, dtype or device differ, or if `value` is a view of this very parameter.
    pub fn set(&self, value: &Tensor) -> Result<()> {
        if value.shape() != self.inner.value.shape() || value.dtype() != self.inner.value.dtype() {
            bail!(
                "parameter {}: expected {:?} {:?}, found {:?} {:?}",
                self.name(),
                self.inner.value.shape(),
                self.inner.value.dtype(),
                value.shape(),
                value.dtype()
            )
        }
        self.inner.value.set(&value.contiguous()?)
    }

    /// The same parameter as a constant: operations that use the view compute no gradient for it.
    pub fn frozen(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            frozen: true,
        }
    }

    /// Whether this is a frozen view.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// A copy of the gradient that the last [`backward`] left, if any. Errors: if the device refuses.
    pub fn gradient(&self) -> Result<Option<Tensor>> {
        self.read_gradient(Tensor::copy)
    }

    /// Forgets the gradient. A buffer that it was in stays allocated, and is overwritten by the next one.
    pub fn zero_gradient(&self) {
        self.lock().state = State::Absent;
    }

    /// Calls `f(buffer, accumulate)`, which writes a gradient over the buffer or adds one to it.
    pub(crate) fn write_gradient(
        &self,
        f: impl FnOnce(&mut [f32], bool) -> Result<()>,
    ) -> Result<()> {
        let gradient = &mut *self.lock();
        self.compute(gradient)?;
        self.write(gradient, f)
    }

    /// Leaves a gradient to be computed when it is used, or adds it to one that is there already.
    pub(crate) fn defer_gradient(&self, deferred: Deferred) -> Result<()> {
        let gradient = &mut *self.lock();
        if let State::Absent = gradient.state {
            gradient.state = State::Deferred(deferred);
            return Ok(());
        }
        self.compute(gradient)?;
        self.write_deferred(gradient, &deferred)
    }

    /// Calls `f` with the gradient's buffer if there is a gradient.
    pub(crate) fn read_gradient<T>(
        &self,
        f: impl FnOnce(&Tensor) -> Result<T>,
    ) -> Result<Option<T>> {
        let gradient = &mut *self.lock();
        self.compute(gradient)?;
        match (&gradient.buffer, &gradient.state) {
            (Some(buffer), State::Filled) => f(buffer).map(Some),
            _ => Ok(None),
        }
    }

    /// Calls one of the two with the gradient if there is one: `fused` with its numbers, or `plain` where an operation on it has to be
    /// composed of candle's.
    pub(crate) fn use_gradient(
        &self,
        fused: impl FnOnce(&dyn Pieces) -> Result<()>,
        plain: impl FnOnce(&Tensor) -> Result<()>,
    ) -> Result<()> {
        if is_fused(&self.inner.value)
            && let State::Deferred(deferred) = &self.lock().state
        {
            return deferred.in_pieces(fused);
        }
        self.read_gradient(|gradient| match is_fused(gradient) {
            true => slices::read(gradient, |numbers| fused(&numbers)),
            false => plain(gradient),
        })?;
        Ok(())
    }

    /// Writes a gradient that is still to be computed into the buffer.
    fn compute(&self, gradient: &mut Gradient) -> Result<()> {
        if let State::Deferred(_) = gradient.state
            && let State::Deferred(deferred) = std::mem::take(&mut gradient.state)
        {
            self.write_deferred(gradient, &deferred)?;
        }
        Ok(())
    }

    fn write_deferred(&self, gradient: &mut Gradient, deferred: &Deferred) -> Result<()> {
        self.write(gradient, |buffer, accumulate| {
            deferred.write(buffer, accumulate);
            Ok(())
        })
    }

    fn write(
        &self,
        gradient: &mut Gradient,
        f: impl FnOnce(&mut [f32], bool) -> Result<()>,
    ) -> Result<()> {
        let accumulate = matches!(gradient.state, State::Filled);
        let buffer = match gradient.buffer.take() {
            Some(buffer) => buffer,
            None => self.inner.value.zeros_like()?,
        };
        let written = slices::write(&buffer, |numbers| f(numbers, accumulate));
        gradient.buffer = Some(buffer);
        gradient.state = match written {
            Ok(()) => State::Filled,
            Err(_) => State::Absent,
        };
        written
    }

    fn accumulate(&self, found: Tensor) -> Result<()> {
        let gradient = &mut *self.lock();
        self.compute(gradient)?;
        let before = std::mem::take(&mut gradient.state);
        gradient.buffer = Some(match (gradient.buffer.take(), before) {
            (Some(buffer), State::Filled) => (buffer + found)?,
            _ => found.contiguous()?,
        });
        gradient.state = State::Filled;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Gradient> {
        self.inner
            .gradient
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the gradients of `params`.
pub fn zero_gradients(params: &[Param]) {
    params.iter().for_each(Param::zero_gradient);
}

/// Computes the gradients of the scalar `loss` and leaves those of `params` with them; those that they had before are
/// forgotten.
///
/// Gradients of parameters that are not among `params` may be written too, if `loss` reaches them unfrozen: freeze what
/// a phase does not train.
///
/// Errors: if `loss` is not one number, or if a backward pass fails.
pub fn backward(loss: &Tensor, params: &[Param]) -> Result<()> {
    if loss.elem_count() != 1 {
        bail!("expected a scalar loss, found the shape {:?}", loss.shape())
    }
    zero_gradients(params);
    let mut plain = loss.backward()?;
    for param in params {
        if let Some(found) = plain.remove(&param.inner.value) {
            // Candle's gradient of an operand may remember the other one, and an optimizer's moments would then every step's.
            param.accumulate(found.detach())?;
        }
    }
    Ok(())
}

/// The Euclidean norm over the gradients of all `params` together; a parameter without a gradient counts as zero. Errors: if the device refuses.
pub fn gradient_norm(params: &[Param]) -> Result<f64> {
    let mut sum = 0.0;
    for param in params {
        let squares = param.read_gradient(|gradient| {
            if is_fused(gradient) {
                slices::read(gradient, |numbers| Ok(sum_of_squares(numbers)))
            } else {
                plain_sum_of_squares(gradient)
            }
        })?;
        sum += squares.unwrap_or(0.0);
    }
    Ok(sum.sqrt())
}

/// Not every device has doubles, and the square of a number above 1.8e19 is none in single precision: so the largest becomes 1.
fn plain_sum_of_squares(gradient: &Tensor) -> Result<f64> {
    let number = |tensor: &Tensor| tensor.to_dtype(DType::F32)?.to_scalar::<f32>();
    let largest = gradient.abs()?.max_all()?;
    let scale = f64::from(number(&largest)?);
    if scale == 0.0 || scale.is_infinite() {
        return Ok(scale);
    }
    let squares = gradient.broadcast_div(&largest)?.sqr()?.sum_all()?;
    Ok(f64::from(number(&squares)?) * scale * scale)
}

fn sum_of_squares(numbers: &[f32]) -> f64 {
    let chunk = |chunk: &[f32]| {
        vectorized!(|| {
            let mut lanes = [0f64; 16];
            let (blocks, rest) = chunk.as_chunks::<16>();
            for block in blocks {
                for (lane, x) in lanes.iter_mut().zip(block) {
                    *lane += f64::from(*x) * f64::from(*x);
                }
            }
            lanes.iter().sum::<f64>()
                + rest
                    .iter()
                    .map(|x| f64::from(*x) * f64::from(*x))
                    .sum::<f64>()
        })
    };
    let partial: Vec<f64> = numbers.par_chunks(CHUNK).map(chunk).collect();
    partial.iter().sum()
}
