//! Going on with a run: whether anything is left to do, whether its images are the ones at hand, and from which checkpoint.

use aae_train::checkpoint::{
    Checkpoint, CheckpointError, CheckpointMeta, Newest, load_newest, load_newest_that, newest_step,
};
use aae_train::config::{Config, Difference};
use aae_train::environment::Environment;
use aae_train::model_file::ModelFile;
use aae_train::run_dir::RunDir;

use super::{Prepared, keep, open_log, record_labels};
use crate::exit::{OtherData, OtherMachine};
use crate::logging::LogFile;
use crate::summary::{Outcome, Summary, last_evaluations};

/// The summary of a run that has taken all its steps, whose model is sound and of this configuration, and whose metrics say what that is
/// worth. Its checkpoints may have been removed, to save space: then lost metrics are no reason to train it again, over its model.
///
/// Errors: as [`check_data`].
pub(crate) fn finished(run: &RunDir, prepared: &Prepared) -> Result<Option<Summary>, OtherData> {
    check_data(run, prepared)?;
    let done = |summary: &Summary| {
        summary.outcome == Outcome::Finished && summary.step == summary.total_steps
    };
    let summary = Summary::read(&run.summary()).filter(done);
    let is_sound =
        || ModelFile::read(&run.model()).is_ok_and(|model| model.meta.config == prepared.config);
    let is_kept = |step| newest_step(run).is_ok_and(|newest| newest == Some(step));
    let is_whole = |summary: &Summary| {
        let step = summary.step;
        (is_evaluated(run, prepared, step) || !is_kept(step)) && is_sound()
    };
    Ok(summary.filter(is_whole))
}

/// Whether the metrics can be read, and hold the evaluation after this step of each split.
fn is_evaluated(run: &RunDir, prepared: &Prepared, step: u64) -> bool {
    let Ok(last) = last_evaluations(&run.metrics()) else {
        return false;
    };
    let has = |split: &str| last.get(split).is_some_and(|line| line.step == step);
    has("test") && (prepared.splits.validation.is_none() || has("validation"))
}

/// Errors: if the run was begun on other images than those at hand, as far as it says on which.
pub(super) fn check_data(run: &RunDir, prepared: &Prepared) -> Result<(), OtherData> {
    let begun = Environment::read(&run.environment());
    let begun = begun.map(|begun| (begun.data_fingerprint, begun.test_fingerprint));
    let (training, test) = begun.unwrap_or_default();
    let of_checkpoint = || load_newest(run).ok().map(|newest| newest.checkpoint.meta);
    let training = training.or_else(|| of_checkpoint().map(|meta| meta.data_fingerprint));
    let here = &prepared.environment;
    for (which, begun, here) in [
        ("training", training, &here.data_fingerprint),
        ("test", test, &here.test_fingerprint),
    ] {
        if let (Some(expected), Some(found)) = (begun, here)
            && expected != *found
        {
            return Err(OtherData {
                run: run.path().to_path_buf(),
                which,
                expected,
                found: found.clone(),
            });
        }
    }
    Ok(())
}

/// The checkpoint that a locked run goes on from, if it has lived to write one or begins with one.
pub(crate) fn go_on(
    prepared: &Prepared,
    run: &RunDir,
    log: &LogFile,
) -> anyhow::Result<Option<Checkpoint>> {
    let newest = checkpoint_of(run, &prepared.config)?;
    open_log(log, run);
    warn_of_differences(run, prepared);
    // A process that is killed while it fills the folder leaves one of the two, or neither.
    if !run.labelled().exists() {
        record_labels(prepared, run)?;
    }
    let Some(newest) = newest else {
        if Environment::read(&run.environment()).is_none() {
            prepared.environment.write(&run.environment())?;
        }
        return keep(run, prepared.warm_start()?);
    };
    newest
        .warnings
        .iter()
        .for_each(|warning| tracing::warn!("{warning}"));
    if !newest.warnings.is_empty() {
        tracing::warn!("{}: going on from here instead", newest.path.display());
    }
    Ok(Some(newest.checkpoint))
}

/// Says what may keep a resumed run from ending with the same bytes.
pub(super) fn warn_of_differences(run: &RunDir, prepared: &Prepared) {
    let Some(differences) = differences(run, prepared) else {
        tracing::warn!(
            "{}: cannot be read; expected what the run was begun with, so nobody knows whether it was this machine and program, and these images",
            run.environment().display()
        );
        return;
    };
    for difference in differences {
        tracing::warn!(
            "this run may not end with the same bytes as if it had not been interrupted: it was begun with {difference}"
        );
    }
}

/// What has changed since the run was begun that may change its bytes, if that is known.
fn differences(run: &RunDir, prepared: &Prepared) -> Option<Vec<String>> {
    let begun = Environment::read(&run.environment())?;
    Some(begun.differences(&prepared.environment))
}

/// Errors: if anything has changed that may change the run's bytes, or if that is not known.
pub(super) fn must_be_alike(run: &RunDir, prepared: &Prepared) -> Result<(), OtherMachine> {
    let found = differences(run, prepared).unwrap_or_else(|| {
        let file = run.environment();
        vec![format!("an {} that cannot be read", file.display())]
    });
    match found.is_empty() {
        true => Ok(()),
        false => Err(OtherMachine {
            run: run.path().to_path_buf(),
            found: found.join("; "),
        }),
    }
}

/// The newest checkpoint that is whole and of this configuration, if the run has lived to write one.
pub(super) fn checkpoint_of(
    run: &RunDir,
    config: &Config,
) -> Result<Option<Newest>, CheckpointError> {
    let suits = |meta: &CheckpointMeta| match config.differences(&meta.config).first() {
        None => Ok(()),
        Some(Difference { key, here, there }) => Err(format!(
            "of another configuration: {key}: expected {here}, as {} has it, found {there}",
            run.config().display()
        )),
    };
    match load_newest_that(run, suits) {
        Ok(newest) => Ok(Some(newest)),
        Err(CheckpointError::NoCheckpoint { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
