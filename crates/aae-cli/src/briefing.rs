//! What `train` says before the first step and after the last: on standard output and in `train.log`.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use aae_models::LabelUse;
use aae_ops::Precision;
use aae_train::config::{Config, VariantKind};
use aae_train::metrics::EvaluationLine;

use crate::evaluate::evaluation;
use crate::logging::REPORT;
use crate::pictures::Grid;
use crate::program;
use crate::text::{count, duration, plural, table};
use crate::trained::RUNS;

/// Says it on standard output, unless `--quiet`, and in the log.
pub(crate) fn say(text: &str) {
    text.lines()
        .for_each(|line| tracing::info!(target: REPORT, "{line}"));
}

/// What is known before training.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning<'a> {
    pub(crate) config: &'a Config,
    /// Where the data was read.
    pub(crate) data: &'a Path,
    pub(crate) training_images: usize,
    /// Of the training images: those whose labels may be seen.
    pub(crate) labelled_images: usize,
    pub(crate) validation_images: usize,
    pub(crate) test_images: usize,
    /// Height and width.
    pub(crate) image: (usize, usize),
    /// The run folder.
    pub(crate) folder: &'a Path,
    pub(crate) device: &'a str,
    pub(crate) threads: usize,
    /// Parameters per network.
    pub(crate) parameters: &'a [(String, usize)],
    pub(crate) steps_per_epoch: u64,
    pub(crate) total_steps: u64,
    /// Steps done before.
    pub(crate) step: u64,
}

/// What will be trained, on what, where to; parameters per network.
pub(crate) fn beginning(begin: &Beginning<'_>) -> String {
    let config = begin.config;
    let what = what(config);
    let mut images = format!("{} training", count(begin.training_images as u64));
    if begin.validation_images > 0 {
        let _ = write!(
            images,
            ", {} validation",
            count(begin.validation_images as u64)
        );
    }
    if begin.labelled_images > 0 {
        let labelled = count(begin.labelled_images as u64);
        images = images.replacen(" training", &format!(" training ({labelled} labelled)"), 1);
    }
    let (height, width) = begin.image;
    let _ = write!(
        images,
        " and {} test images, {height} x {width}",
        count(begin.test_images as u64)
    );
    let networks: Vec<String> = begin
        .parameters
        .iter()
        .map(|(name, numbers)| format!("{} {}", name.replace('_', " "), count(*numbers as u64)))
        .collect();
    let length = format!(
        "{} of {}, {} each; {} in all",
        plural(config.epochs, "epoch"),
        plural(begin.steps_per_epoch, "step"),
        plural(config.batch_size as u64, "image"),
        plural(begin.total_steps, "step"),
    );
    let goes_on = format!("after step {}", count(begin.step));
    let start = config.warm_start_folder();
    let start = start.map(|run| format!("the networks of {}, as far as they fit", run.display()));
    let mut rows = vec![
        ("training", what),
        ("data", images),
        ("", begin.data.display().to_string()),
        ("parameters", networks.join(", ")),
        ("length", length),
        ("begins with", start.unwrap_or_default()),
        ("going on", goes_on),
        (
            "device",
            format!(
                "{}, {}{}, seed {}",
                begin.device,
                plural(begin.threads as u64, "thread"),
                match config.precision {
                    Precision::F32 => "",
                    Precision::Bf16 => ", products in bfloat16",
                },
                config.seed
            ),
        ),
        ("run folder", begin.folder.display().to_string()),
    ];
    rows.retain(|(name, text)| match *name {
        "begins with" => begin.step == 0 && !text.is_empty(),
        "going on" => begin.step > 0,
        _ => true,
    });
    table(&rows) + "\n"
}

/// What is trained, in a line.
pub(crate) fn what(config: &Config) -> String {
    let dim = plural(config.model.latent_dim as u64, "dimension");
    let ways = config.model.categories;
    let codes = format!("codes of {dim} like {}", config.prior.describe());
    match config.variant {
        VariantKind::Ae => format!("autoencoder, codes of {dim}"),
        VariantKind::Aae => format!("adversarial autoencoder, {codes}"),
        VariantKind::LabelRegularized => format!("label-regularized autoencoder, {codes}"),
        VariantKind::Supervised => format!("supervised adversarial autoencoder, {codes}"),
        VariantKind::SemiSupervised => {
            format!("semi-supervised autoencoder, {ways} labels and {codes}")
        }
        VariantKind::Clustering => format!("clustering autoencoder, {ways} clusters and {codes}"),
        VariantKind::DimensionalityReduction => {
            format!("{ways} cluster heads in {dim}, and {codes} around them")
        }
        VariantKind::Classifier => format!("classifier of {ways} classes"),
    }
}

/// What is known after the last step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) config: &'a Config,
    pub(crate) data: &'a Path,
    pub(crate) image: (usize, usize),
    pub(crate) folder: &'a Path,
    pub(crate) step: u64,
    /// The step that this process went on from.
    pub(crate) from: u64,
    /// Of this process.
    pub(crate) time: Duration,
    /// Of the test images, if there is one.
    pub(crate) evaluation: Option<&'a EvaluationLine>,
}

/// How good the model is, where its pictures are, and what to do next.
pub(crate) fn ending(end: &Ending<'_>) -> String {
    let folder = end.folder;
    let (time, steps) = (duration(end.time), plural(end.step, "step"));
    let finished = match end.from {
        0 => format!("{steps} in {time}"),
        from => format!("{steps}, those after step {} in {time}", count(from)),
    };
    let mut rows = vec![("finished", finished)];
    if let Some(line) = end.evaluation {
        rows.extend(evaluation(
            line,
            &end.config.prior,
            end.config.model.latent_dim,
            end.config.seed,
        ));
    }
    let pictures = folder.join("figures");
    if std::fs::read_dir(&pictures).is_ok_and(|mut entries| entries.next().is_some()) {
        rows.push(("pictures", pictures.display().to_string()));
    }
    rows.push((
        "model",
        folder.join("model.safetensors").display().to_string(),
    ));
    let (program, run) = (program::name(), run_argument(folder));
    let mut next = Vec::new();
    let label = end.config.variant.label_use();
    if end.config.variant.has_decoder() {
        next.push((format!("sample{run}"), "images from random numbers"));
        next.push(match label {
            LabelUse::Absent => {
                let grid = Grid::around(&end.config.prior, end.image).argument();
                (
                    format!("sample{run} --grid={grid}"),
                    "images of a plane of codes",
                )
            }
            // Heads may lie anywhere, and the pictures have their plane.
            LabelUse::Heads | LabelUse::Given | LabelUse::Inferred => {
                let styles = match end.config.infers_clusters() {
                    true => "a style in every cluster",
                    false => "a style in every label",
                };
                (format!("sample{run} --styles 10"), styles)
            }
        });
    }
    next.push((format!("eval{run}"), "every figure of the model"));
    match end.config.variant {
        VariantKind::Ae => next.push((
            format!("train{}", crate::data::argument(end.data)),
            "the same, but with codes that follow a prior",
        )),
        VariantKind::Aae => next.push((
            format!("train --preset ae{}", crate::data::argument(end.data)),
            "the same, but nothing shapes the codes",
        )),
        _ => {}
    }
    let mut text = format!("\n{}\nWhat next?\n", table(&rows));
    let lengths = next.iter().map(|(command, _)| command.chars().count());
    let width = lengths.max().unwrap_or(0);
    for (command, what) in next {
        let _ = writeln!(text, "  {program} {command:<width$}  {what}");
    }
    text
}

/// How commands are told of a run: not at all if it is among the runs, where the newest is meant.
fn run_argument(folder: &Path) -> String {
    match folder.parent() == Some(Path::new(RUNS)) {
        true => String::new(),
        false => format!(" {}", folder.display()),
    }
}

/// How a stopped run is gone on with.
pub(crate) fn resume_hint(folder: &Path) -> String {
    format!("{} train --resume {}", program::name(), folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_is_where_the_codes_are() {
        for (preset, next) in [
            ("aae", "sample --grid=-10..10 "),
            ("aae-gamma", "sample --grid=0..9.66 "),
            ("reduction-2d-100", "sample --styles 10 "),
            ("clustering-16", "  a style in every cluster\n"),
        ] {
            let text = ending(&Ending {
                config: &Config::resolve(preset, None, &[]).unwrap(),
                data: Path::new("data"),
                image: (28, 28),
                folder: Path::new("runs/run"),
                step: 1,
                from: 0,
                time: Duration::ZERO,
                evaluation: None,
            });
            assert!(text.contains(next), "{text}");
        }
    }
}
