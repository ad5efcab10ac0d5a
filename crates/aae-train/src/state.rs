//! The state of a run as named host tensors: networks, and every optimizer's moments and step count.

use std::collections::{BTreeMap, BTreeSet};

use aae_models::Autoencoder;
use aae_ops::Param;
use candle_core::Tensor;

use crate::exit;
use crate::planted;
use crate::tensor_file::{Difference, HostTensor, TensorMismatch, Tensors, match_tensors};
use crate::variants::Variant;

/// Why a saved state could not be taken over. The networks are as they were before.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The tensors are not those that the networks have.
    #[error(transparent)]
    Mismatch(#[from] TensorMismatch),
    /// The device refused.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl RestoreError {
    /// 65 for a state that does not fit, 70 if the device refused.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Mismatch(error) => error.exit_code(),
            Self::Candle(_) => exit::BUG,
        }
    }
}

/// Whole numbers by name.
pub type Counters = BTreeMap<String, u64>;

/// Copies the whole state of training to the host. Errors: if the device refuses.
pub fn capture(variant: &mut dyn Variant) -> candle_core::Result<(Tensors, Counters)> {
    let mut tensors = params_to_host(
        variant
            .networks()
            .into_iter()
            .flat_map(|(_, params)| params),
    )?;
    let mut counters = Counters::new();
    for phase in variant.phases() {
        for (name, tensor) in phase.optimizer().state() {
            tensors.insert(moment_name(phase.name(), &name), to_host(&tensor)?);
        }
        counters.insert(steps_name(phase.name()), phase.optimizer().steps_taken());
    }
    Ok((tensors, counters))
}

/// Gives a variant a state that was [`capture`]d from one like it.
///
/// Errors: if the tensors or counters differ in any way from those of the variant; all differences are listed and nothing is
/// changed.
pub fn restore(
    variant: &mut dyn Variant,
    tensors: &Tensors,
    counters: &Counters,
) -> Result<(), RestoreError> {
    let params: Vec<Param> = variant
        .networks()
        .into_iter()
        .flat_map(|(_, params)| params)
        .collect();
    let mut expected = shapes(&params);
    let mut expected_counters = BTreeSet::new();
    for phase in variant.phases() {
        let state = phase.optimizer().state().into_iter();
        expected.extend(
            state.map(|(name, tensor)| (moment_name(phase.name(), &name), tensor.dims().to_vec())),
        );
        expected_counters.insert(steps_name(phase.name()));
    }
    let mut differences = match match_tensors(&expected, tensors) {
        Ok(()) => Vec::new(),
        Err(mismatch) => mismatch.differences,
    };
    let missing = expected_counters
        .iter()
        .filter(|name| !counters.contains_key(*name));
    differences.extend(missing.map(|name| Difference::MissingCounter { name: name.clone() }));
    let extra = counters
        .keys()
        .filter(|name| !expected_counters.contains(*name));
    differences.extend(extra.map(|name| Difference::ExtraCounter { name: name.clone() }));
    if !differences.is_empty() {
        return Err(TensorMismatch { differences }.into());
    }

    // What the device could refuse comes first, so that nothing is changed by halves.
    let params_there = to_device_like(&params, tensors)?;
    let mut moments_there = Vec::new();
    for phase in variant.phases() {
        let state = phase.optimizer().state();
        let saved = state
            .iter()
            .map(|(name, own)| to_device(&tensors[&moment_name(phase.name(), name)], own))
            .collect::<candle_core::Result<Vec<_>>>()?;
        moments_there.push(saved);
    }
    set_params(&params, &params_there)?;
    if planted::has("no-moments") {
        return Ok(());
    }
    for (phase, saved) in variant.phases().into_iter().zip(&moments_there) {
        let steps = counters[&steps_name(phase.name())];
        phase.optimizer_mut().restore(saved, steps)?;
    }
    Ok(())
}

/// Copies an autoencoder's parameters to the host: what `model.safetensors` holds.
pub(crate) fn capture_autoencoder(autoencoder: &Autoencoder) -> candle_core::Result<Tensors> {
    params_to_host(autoencoder.state())
}

/// Gives an autoencoder captured parameters.
///
/// Errors: if they differ in any way from its own; all differences are listed and nothing is changed.
pub(crate) fn restore_autoencoder(
    autoencoder: &Autoencoder,
    tensors: &Tensors,
) -> Result<(), RestoreError> {
    let params = autoencoder.state();
    match_tensors(&shapes(&params), tensors)?;
    Ok(set_params(&params, &to_device_like(&params, tensors)?)?)
}

fn moment_name(phase: &str, moment: &str) -> String {
    format!("optimizer.{phase}.{moment}")
}

fn steps_name(phase: &str) -> String {
    format!("optimizer.{phase}.steps")
}

fn shapes(params: &[Param]) -> Vec<(String, Vec<usize>)> {
    params
        .iter()
        .map(|param| (param.name().to_owned(), param.tensor().dims().to_vec()))
        .collect()
}

fn params_to_host(params: impl IntoIterator<Item = Param>) -> candle_core::Result<Tensors> {
    params
        .into_iter()
        .map(|param| Ok((param.name().to_owned(), to_host(&param.tensor())?)))
        .collect()
}

/// The saved values of these parameters, on their device.
fn to_device_like(params: &[Param], tensors: &Tensors) -> candle_core::Result<Vec<Tensor>> {
    params
        .iter()
        .map(|param| to_device(&tensors[param.name()], &param.tensor()))
        .collect()
}

fn set_params(params: &[Param], values: &[Tensor]) -> candle_core::Result<()> {
    params
        .iter()
        .zip(values)
        .try_for_each(|(param, value)| param.set(value))
}

fn to_host(tensor: &Tensor) -> candle_core::Result<HostTensor> {
    Ok(HostTensor {
        shape: tensor.dims().to_vec(),
        data: tensor.flatten_all()?.to_vec1()?,
    })
}

fn to_device(host: &HostTensor, like: &Tensor) -> candle_core::Result<Tensor> {
    Tensor::from_slice(&host.data, host.shape.as_slice(), like.device())
}
