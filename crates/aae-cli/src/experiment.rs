//! One configuration trained with several seeds: which folders there are, and what their figures say together.

pub(crate) mod docs;
mod error;
pub(crate) mod estimate;
pub(crate) mod folder;
pub(crate) mod gather;
pub(crate) mod results;
pub(crate) mod seeds;
pub(crate) mod table;

pub(crate) use error::ExperimentError;
pub(crate) use seeds::Seeds;

/// Where experiments are, in the current directory.
pub(crate) const EXPERIMENTS: &str = "experiments";
/// What an experiment has found, in its folder.
pub(crate) const RESULTS: &str = "results.json";

/// The folder of one seed's run, in that of the experiment.
pub(crate) fn seed_folder(seed: u64) -> String {
    format!("s{seed}")
}
