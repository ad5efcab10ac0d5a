//! `eval`: every figure of a trained model, on the test images; what takes long only when asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use aae_data::Split;
use aae_eval::{EvalError, nearest_neighbour_accuracy, psnr, represent_all, ssim};
use aae_models::{ImageShape, LabelUse};
use aae_train::data::Splits;
use aae_train::metrics::EvaluationLine;
use clap::Args;
use serde::Serialize;

mod extra;
mod judge;
mod likelihood;
mod probes;

use crate::args::{DataArgs, ModelArgs};
use crate::evaluate::{MMD, MMD_FLOOR, Measured, evaluation, measure};
use crate::trained::{self, Asked, Trained};
use crate::{output, text};

pub(crate) use extra::{Extra, ExtraArgs};
pub(crate) use likelihood::DEFAULT_SAMPLES;

/// Metrics by name.
pub(crate) type Metrics = BTreeMap<String, f64>;

/// Measure a model on the test images: reconstruction, match of the codes with the prior, inferred labels
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  {program} eval
  {program} eval runs/aae-s0 --json
  # How much of the class a classifier finds in the codes
  {program} eval runs/aae-s0 --probes
  # Parzen log-likelihood from 10,000 samples
  {program} eval runs/aae-8d-s0 --likelihood
  # Samples judged by a classifier
  {program} eval runs/supervised-s0 --judge runs/nn-all-s0")]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Estimate the log-likelihood of the test images by a Parzen window on so many samples; it holds up to 10,000 of them, and as many
    /// images, whole: gigabytes, if these are large
    #[arg(long, value_name = "SAMPLES", num_args = 0..=1, default_missing_value = "10000", value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    likelihood: Option<u64>,
    /// The Parzen window's standard deviation [default: the best of a grid, on held-out images or, without any, training images, and 10,000 samples]
    #[arg(long, value_name = "SIGMA", requires = "likelihood", value_parser = likelihood::window)]
    window: Option<f64>,
    #[command(flatten)]
    extra: ExtraArgs,
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
    reconstruction_error: Option<f64>,
    #[serde(flatten)]
    metrics: Metrics,
}

/// Share of test codes whose nearest other code has the same label.
const NEAREST: &str = "nearest_neighbour_accuracy";
/// Peak signal-to-noise ratio of the reconstructions, in decibels.
const PSNR: &str = "psnr";
/// Structural similarity of the reconstructions.
const SSIM: &str = "ssim";

pub(crate) fn run(args: &EvalArgs) -> anyhow::Result<()> {
    let place = args.model.place.open()?;
    let text = place.run(|device| {
        let extra = Extra {
            args: &args.extra,
            likelihood: args.likelihood,
            window: args.window,
        };
        let asked = match extra.flag() {
            Some(_) => Asked::Decoder,
            None => Asked::Anything,
        };
        let data = &args.model.data;
        let model = trained::load(args.model.run.as_deref(), asked, data, device)?;
        if extra.flag().is_some() {
            model.check_decoder()?;
        }
        let (test, splits) = images(&model, data)?;
        // Before minutes of measuring.
        extra.check(test.dataset(), &splits, data, device)?;
        let mut report = evaluate(&model, &test, &splits)?;
        let found = extra.measure(&model, &splits, &test, data, device)?;
        report.metrics.extend(found);
        match args.json {
            true => Ok(serde_json::to_string_pretty(&report)? + "\n"),
            false => Ok(table(&model, report)),
        }
    })?;
    output::print(&text)
}

/// The test images, and the others as the model's training split them.
fn images(model: &Trained, data: &DataArgs) -> anyhow::Result<(Split, Splits)> {
    let data = model.read_data(data)?;
    let splits = Splits::new(&model.config, &Arc::new(data.train))?;
    Ok((Split::all(&data.test.into()), splits))
}

fn evaluate(model: &Trained, test: &Split, splits: &Splits) -> anyhow::Result<Report> {
    let (mut originals, mut made) = (Vec::new(), Vec::new());
    let Measured {
        reconstruction_error,
        mut metrics,
        codes,
    } = measure(
        &model.autoencoder,
        test,
        splits,
        &model.config,
        |images, reconstructions| {
            originals.extend_from_slice(images);
            made.extend_from_slice(reconstructions);
        },
    )?;
    if model.config.variant.has_decoder() && test.len() >= 2 {
        let dim = model.autoencoder.latent_dim();
        // With cluster heads the style alone would say little of the class.
        let codes = match model.autoencoder.label_use() {
            LabelUse::Heads => represent_all(&model.autoencoder, test)?,
            _ => codes,
        };
        let accuracy = nearest_neighbour_accuracy(&codes, dim, &test.labels())?;
        metrics.insert(NEAREST.to_owned(), accuracy);
        metrics.extend(quality(model.autoencoder.image(), &originals, &made)?);
    }
    Ok(Report {
        model: model.name.clone(),
        step: model.step,
        images: test.len(),
        reconstruction_error: reconstruction_error
            .is_finite()
            .then_some(reconstruction_error),
        metrics,
    })
}

/// How alike test images and their reconstructions look; without the second figure for images smaller than its window.
fn quality(image: ImageShape, originals: &[f32], made: &[f32]) -> Result<Metrics, EvalError> {
    let mut metrics = Metrics::from([(PSNR.to_owned(), psnr(originals, made, image.pixels())?)]);
    if let Ok(similarity) = ssim(originals, made, image.height, image.width) {
        metrics.insert(SSIM.to_owned(), similarity);
    }
    Ok(metrics)
}

fn table(model: &Trained, report: Report) -> String {
    let get = |name: &str| report.metrics.get(name).copied();
    let mut more = Vec::new();
    if let (Some(mmd), Some(floor)) = (get(MMD), get(MMD_FLOOR)) {
        let (mmd, floor) = (text::figure(mmd), text::figure(floor));
        more.push(("  MMD²", format!("{mmd} beside {floor}")));
    }
    if let Some(psnr) = get(PSNR) {
        let ssim = get(SSIM).map_or_else(String::new, |ssim| {
            format!(", structural similarity {ssim:.3}")
        });
        more.push(("images", format!("{psnr:.2} dB signal to noise{ssim}")));
    }
    if let Some(accuracy) = get(NEAREST) {
        let percent = 100.0 * accuracy;
        more.push((
            "neighbours",
            format!("{percent:.1} % of codes have one of their own class nearest"),
        ));
    }
    more.extend(probes::rows(&report.metrics));
    more.extend(likelihood::rows(&report.metrics));
    more.extend(judge::rows(&report.metrics));
    let mut rows = vec![
        (
            "model",
            format!("{}, {}", report.model, text::plural(report.step, "step")),
        ),
        (
            "measured on",
            text::plural(report.images as u64, "test image"),
        ),
    ];
    let line = EvaluationLine {
        step: report.step,
        epoch: 0,
        split: "test".to_owned(),
        reconstruction_error: report.reconstruction_error.unwrap_or(f64::NAN),
        metrics: report.metrics,
    };
    let (dim, seed) = (model.autoencoder.latent_dim(), model.config.seed);
    rows.extend(evaluation(&line, &model.config.prior, dim, seed));
    rows.extend(more);
    text::table(&rows)
}
