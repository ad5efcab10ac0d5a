//! `runs`: the runs there are, with their key figures.

use std::path::{Path, PathBuf};

use aae_models::prior::PriorConfig;
use aae_train::config::Config;
use aae_train::metrics::{EvaluationLine, Line, read};
use aae_train::run_dir::{self, RunDir};
use clap::Args;

use crate::evaluate::DISTANCE;
use crate::output;
use crate::program;
use crate::summary::Summary;
use crate::text::{align, count, figure, hundredths};
use crate::trained::RUNS;

/// List the runs with their key figures
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  {program} runs\n  {program} runs /data/runs")]
pub(crate) struct RunsArgs {
    /// The folder that the runs are in
    #[arg(default_value = RUNS)]
    folder: PathBuf,
}

const HEAD: [&str; 6] = ["RUN", "TRAINS", "STEP", "STATE", "TEST ERROR", "TO PRIOR"];

pub(crate) fn run(args: &RunsArgs) -> anyhow::Result<()> {
    let runs = run_dir::list(&args.folder)?;
    if runs.is_empty() {
        let (folder, program) = (args.folder.display(), program::name());
        return output::print(&format!(
            "no runs in {folder}; make one with: {program} train\n"
        ));
    }
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    let newest = run_dir::newest(&args.folder, |_| true)?.name();
    rows.extend(runs.iter().map(|run| row(run, run.name() == newest)));
    output::print(&align(&rows))
}

fn row(run: &RunDir, is_newest: bool) -> Vec<String> {
    let trains = run
        .read_config()
        .map_or("?".to_owned(), |config| describe(&config));
    let (step, evaluation) = progress(&run.metrics());
    // A run that goes on is soon beyond the summary that its interruption left.
    let summary = Summary::read(&run.summary()).filter(|summary| step <= Some(summary.step));
    let step = summary.as_ref().map(|summary| summary.step).or(step);
    let state = summary.map_or("not ended", |summary| summary.outcome.name());
    let missing = || "-".to_owned();
    let distance = evaluation
        .as_ref()
        .and_then(|line| line.metrics.get(DISTANCE).copied());
    vec![
        run.name() + if is_newest { " (newest)" } else { "" },
        trains,
        step.map_or_else(missing, count),
        state.to_owned(),
        evaluation
            .as_ref()
            .map(|line| line.reconstruction_error)
            .filter(|error| error.is_finite())
            .map_or_else(missing, figure),
        distance.map_or_else(missing, hundredths),
    ]
}

/// Variant, dimensions and prior, shorter than the prior's own words.
fn describe(config: &Config) -> String {
    let dim = config.model.latent_dim;
    let prior = match config.prior {
        PriorConfig::Gaussian { .. } => config.prior.describe(),
        PriorConfig::Uniform { .. } => "uniform".to_owned(),
        PriorConfig::Gamma { .. } => "gamma".to_owned(),
        PriorConfig::Laplace { .. } => "Laplace".to_owned(),
        PriorConfig::GaussianMixture { .. } => "mixture".to_owned(),
        PriorConfig::SwissRoll { .. } => "Swiss roll".to_owned(),
    };
    let name = config.variant.name().replace('_', "-");
    let mut words = vec![name, format!("{dim}-D")];
    if config.variant.is_adversarial() {
        words.push(prior);
    }
    match config.data.labelled {
        Some(labels) if labels > 0 => words.push(format!("{labels} labels")),
        _ => {}
    }
    words.join(" ")
}

/// The last step in a metrics file and its last evaluation of the test images; nothing if it cannot be read.
fn progress(metrics: &Path) -> (Option<u64>, Option<EvaluationLine>) {
    let Ok(lines) = read(metrics) else {
        return (None, None);
    };
    let step = lines.last().map(Line::step);
    let evaluation = lines.into_iter().rev().find_map(|line| match line {
        Line::Evaluation(line) if line.split == "test" => Some(line),
        _ => None,
    });
    (step, evaluation)
}
