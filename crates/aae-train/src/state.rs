//! The state of a run as named host tensors: networks, and every optimizer's moments and step count.

use std::collections::BTreeMap;

use aae_models::Autoencoder;
use aae_ops::Param;
use candle_core::Tensor;

use crate::planted;
use crate::tensor_file::{HostTensor, TensorMismatch, Tensors, match_tensors};
use crate::variants::Variant;

/// Why a saved state could not be taken over. The networks are as they were before.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The tensors are not those that the networks have.
    #[error(transparent)]
    Mismatch(#[from] TensorMismatch),
    /// An optimizer's step count is missing.
    #[error("the counter {0} is missing")]
    Counter(String),
    /// The device refused.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// Whole numbers by name.
pub type Counters = BTreeMap<String, u64>;

/// Copies the whole state of training to the host.
pub fn capture(variant: &dyn Variant) -> candle_core::Result<(Tensors, Counters)> {
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

/// Gives a variant a captured state.
///
/// Errors: if the tensors differ in any way from those of the variant; all differences are listed and nothing is changed.
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
    for phase in variant.phases() {
        let state = phase.optimizer().state().into_iter();
        expected.extend(
            state.map(|(name, tensor)| (moment_name(phase.name(), &name), tensor.dims().to_vec())),
        );
        let name = steps_name(phase.name());
        if !counters.contains_key(&name) {
            return Err(RestoreError::Counter(name));
        }
    }
    match_tensors(&expected, tensors)?;
    set_params(&params, tensors)?;
    if planted::has("no-moments") {
        return Ok(());
    }
    for phase in variant.phases_mut() {
        let state = phase.optimizer().state();
        let saved = state
            .iter()
            .map(|(name, own)| to_device(&tensors[&moment_name(phase.name(), name)], own))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let steps = counters[&steps_name(phase.name())];
        phase.optimizer_mut().restore(&saved, steps)?;
    }
    Ok(())
}

/// Copies an autoencoder's parameters to the host: what `model.safetensors` holds.
pub fn capture_autoencoder(autoencoder: &Autoencoder) -> candle_core::Result<Tensors> {
    params_to_host(autoencoder.state())
}

/// Gives an autoencoder captured parameters.
///
/// Errors: if they differ in any way from its own; all differences are listed and nothing is changed.
pub fn restore_autoencoder(
    autoencoder: &Autoencoder,
    tensors: &Tensors,
) -> Result<(), RestoreError> {
    let params = autoencoder.state();
    match_tensors(&shapes(&params), tensors)?;
    Ok(set_params(&params, tensors)?)
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

fn set_params(params: &[Param], tensors: &Tensors) -> candle_core::Result<()> {
    params
        .iter()
        .try_for_each(|param| param.set(&to_device(&tensors[param.name()], &param.tensor())?))
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
