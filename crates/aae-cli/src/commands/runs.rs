//! `runs`: the runs there are, with their key figures.

use std::path::{Path, PathBuf};

use aae_train::config::VariantKind;
use aae_train::metrics::{EvaluationLine, Line, read};
use aae_train::run_dir::{self, RunDir};
use clap::Args;

use crate::evaluate::{CLASSIFICATION_ERROR, CLUSTERING_ERROR, DISTANCE};
use crate::output;
use crate::program;
use crate::summary::Summary;
use crate::text::{align, count, figure, hundredths, percent};
use crate::trained::RUNS;

/// List the runs with their key figures
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  {program} runs\n  {program} runs /data/runs")]
pub(crate) struct RunsArgs {
    /// The folder that the runs are in
    #[arg(default_value = RUNS)]
    folder: PathBuf,
}

/// In two lines, so that a terminal of 80 columns shows runs that are called by their presets.
const HEAD: [[&str; 7]; 2] = [
    ["RUN", "TRAINS", "STEP", "STATE", "PIXEL", "", "TO"],
    ["", "", "", "", "ERROR", "WRONG", "PRIOR"],
];

pub(crate) fn run(args: &RunsArgs) -> anyhow::Result<()> {
    let runs = run_dir::list(&args.folder)?;
    if runs.is_empty() {
        let (folder, program) = (args.folder.display(), program::name());
        return output::print(&format!(
            "no runs in {folder}; make one with: {program} train\n"
        ));
    }
    let mut rows = HEAD.map(|line| line.map(str::to_owned).to_vec()).to_vec();
    let newest = run_dir::newest(&args.folder, |_| true)?.name();
    rows.extend(runs.iter().map(row));
    output::print(&format!("{}\nnewest: {newest}\n", align(&rows)))
}

fn row(run: &RunDir) -> Vec<String> {
    let trains = run
        .read_config()
        .map_or("?", |config| short(config.variant));
    let (step, evaluation) = progress(&run.metrics());
    // A run that goes on is soon beyond the summary that its interruption left.
    let summary = Summary::read(&run.summary()).filter(|summary| step <= Some(summary.step));
    let step = summary.as_ref().map(|summary| summary.step).or(step);
    let state = summary.map_or("not ended", |summary| summary.outcome.name());
    let missing = || "-".to_owned();
    let found = |name: &str| {
        let line = evaluation.as_ref()?;
        line.metrics.get(name).copied().filter(|x| x.is_finite())
    };
    vec![
        run.name(),
        trains.to_owned(),
        step.map_or_else(missing, count),
        state.to_owned(),
        evaluation
            .as_ref()
            .map(|line| line.reconstruction_error)
            .filter(|error| error.is_finite())
            .map_or_else(missing, figure),
        found(CLASSIFICATION_ERROR)
            .or_else(|| found(CLUSTERING_ERROR))
            .map_or_else(missing, percent),
        found(DISTANCE).map_or_else(missing, hundredths),
    ]
}

/// A variant in at most ten letters.
fn short(variant: VariantKind) -> &'static str {
    match variant {
        VariantKind::LabelRegularized => "label-reg.",
        VariantKind::SemiSupervised => "semi-sup.",
        VariantKind::DimensionalityReduction => "reduction",
        _ => variant.name(),
    }
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
