//! `eval`: every figure of a trained model, on the test images.

use aae_data::Split;
use aae_eval::nearest_neighbour_accuracy;
use aae_train::metrics::EvaluationLine;
use clap::Args;
use serde::Serialize;

use crate::args::ModelArgs;
use crate::evaluate::{MMD, MMD_FLOOR, Measured, measure};
use crate::trained::{self, Trained};
use crate::{data, output, report, text};

/// Measure a model on the test images: reconstruction, and how well the codes match the prior
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  {program} eval
  {program} eval runs/aae-s0 --json")]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    /// Run or file.
    model: String,
    /// Steps trained.
    step: u64,
    images: usize,
    reconstruction_error: f64,
    #[serde(flatten)]
    figures: std::collections::BTreeMap<String, f64>,
}

/// Share of test codes whose nearest other code has the same label.
const NEAREST: &str = "nearest_neighbour_accuracy";

pub(crate) fn run(args: &EvalArgs) -> anyhow::Result<()> {
    let place = args.model.place.open()?;
    let text = place.run(|device| {
        let model = trained::load(args.model.run.as_deref(), &args.model.data, device)?;
        let (_, data) = data::read(args.model.data.data.as_deref())?;
        model.check_images(&data.test)?;
        let test = Split::all(&data.test.into());
        let report = evaluate(&model, &test)?;
        match args.json {
            true => Ok(serde_json::to_string_pretty(&report)? + "\n"),
            false => Ok(table(&model, report)),
        }
    })?;
    output::print(&text)
}

fn evaluate(model: &Trained, test: &Split) -> anyhow::Result<Report> {
    let Measured {
        reconstruction_error,
        mut figures,
        codes,
    } = measure(&model.autoencoder, test, model.prior(), model.config.seed)?;
    if test.len() >= 2 {
        let dim = model.autoencoder.latent_dim();
        let accuracy = nearest_neighbour_accuracy(&codes, dim, &test.labels())?;
        figures.insert(NEAREST.to_owned(), accuracy);
    }
    Ok(Report {
        model: model.name.clone(),
        step: model.step,
        images: test.len(),
        reconstruction_error,
        figures,
    })
}

fn table(model: &Trained, report: Report) -> String {
    let get = |name: &str| report.figures.get(name).copied();
    let mut more = Vec::new();
    if let (Some(mmd), Some(floor)) = (get(MMD), get(MMD_FLOOR)) {
        let (mmd, floor) = (text::figure(mmd), text::figure(floor));
        more.push(("  MMD²", format!("{mmd} beside {floor}")));
    }
    if let Some(accuracy) = get(NEAREST) {
        let percent = 100.0 * accuracy;
        more.push((
            "neighbours",
            format!("{percent:.1} % of codes have one of their own class nearest"),
        ));
    }
    let mut rows = vec![
        (
            "model",
            format!("{}, {}", report.model, text::plural(report.step, "step")),
        ),
        ("images", text::count(report.images as u64)),
    ];
    let line = EvaluationLine {
        step: report.step,
        epoch: 0,
        split: "test".to_owned(),
        reconstruction_error: report.reconstruction_error,
        figures: report.figures,
    };
    let (dim, seed) = (model.autoencoder.latent_dim(), model.config.seed);
    rows.extend(report::evaluation(&line, model.prior(), dim, seed));
    rows.extend(more);
    report::table(&rows)
}
