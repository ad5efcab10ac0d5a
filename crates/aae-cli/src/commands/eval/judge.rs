//! Samples before a judge: what a classifier trained here makes of them.

use aae_data::{Dataset, Split};
use aae_eval::{
    MOST_FEATURES, argmax_rows, error_rate, features_all, frechet_distance, mode_coverage,
};
use aae_models::Pass;
use aae_ops::stream::stream;
use anyhow::Context;
use candle_core::Tensor;

use super::Figures;
use crate::exit::UsageError;
use crate::pictures::generate;
use crate::trained::Trained;

const ENTROPY: &str = "samples_class_entropy";
const RELATIVE_ENTROPY: &str = "samples_class_entropy_relative";
const NEVER: &str = "samples_classes_never_drawn";
const FRECHET: &str = "samples_classifier_frechet_distance";
const AGREEMENT: &str = "samples_label_agreement";

/// Samples that are judged.
const SAMPLES: usize = 10_000;
const BATCH: usize = 500;

/// Errors: if this run infers no classes, was made for other images than `test`, or has features that are too large to compare.
pub(super) fn check(judge: &Trained, test: &Dataset) -> anyhow::Result<()> {
    let (name, variant) = (&judge.name, judge.config.variant);
    if !(variant.ways_are_classes() && variant.classifies()) {
        return Err(UsageError(format!(
            "--judge: {name}: expected a run that infers classes, such as one of the preset nn-all, found {}",
            variant.name()
        ))
        .into());
    }
    let features = judge.config.model.encoder.hidden.last().copied();
    if let Some(features) = features.filter(|features| *features > MOST_FEATURES) {
        return Err(UsageError(format!(
            "--judge: {name}: expected a last hidden layer of at most {MOST_FEATURES} units, found {features}"
        ))
        .into());
    }
    judge
        .check_images(test)
        .with_context(|| format!("--judge: {name}"))
}

/// Judges random samples of `model`: how evenly the classes come, how far their features lie from those of the test images,
/// and, where the decoder is told a class, how often the judge sees that class.
pub(super) fn judged(model: &Trained, judge: &Trained, test: &Split) -> anyhow::Result<Figures> {
    let classifier = &judge.autoencoder;
    check(judge, test.dataset())?;
    let mut rng = stream(model.config.seed, "eval.judged", 0);
    let images = generate(&model.subject(), SAMPLES, &mut rng)?;
    let (ways, pixels) = (classifier.categories(), classifier.image().pixels());
    let (mut logits, mut features) = (Vec::new(), Vec::new());
    for batch in images.chunks(BATCH * pixels) {
        let shape = (batch.len() / pixels, pixels);
        let batch = Tensor::from_slice(batch, shape, classifier.device())?;
        let found = classifier
            .encoder()
            .label_logits(&batch, Pass::EVALUATION)?;
        logits.extend(found.flatten_all()?.to_vec1::<f32>()?);
        let found = classifier.encoder().features(&batch)?;
        features.extend(found.flatten_all()?.to_vec1::<f32>()?);
    }
    let predictions = argmax_rows(&logits, ways)?;
    let coverage = mode_coverage(&predictions, ways)?;
    let of_test = features_all(classifier, test)?;
    let distance = frechet_distance(&of_test, &features, of_test.len() / test.len())?;
    let mut figures = Figures::from([
        (ENTROPY.to_owned(), coverage.entropy),
        (RELATIVE_ENTROPY.to_owned(), coverage.relative_entropy),
        (NEVER.to_owned(), coverage.never_drawn.len() as f64),
        (FRECHET.to_owned(), distance),
    ]);
    for (class, share) in coverage.shares.iter().enumerate() {
        figures.insert(format!("samples_share_{class}"), *share);
    }
    if model.config.variant.ways_are_classes() && model.subject().labels() > 0 {
        let asked_for = model.subject().in_turn(SAMPLES);
        let disagreeing = error_rate(&predictions, &asked_for)?.rate;
        figures.insert(AGREEMENT.to_owned(), 1.0 - disagreeing);
    }
    Ok(figures)
}

pub(super) fn rows(figures: &Figures) -> Vec<(&'static str, String)> {
    let get = |name| figures.get(name).copied();
    let mut rows = Vec::new();
    if let (Some(relative), Some(never)) = (get(RELATIVE_ENTROPY), get(NEVER)) {
        rows.push((
            "samples",
            format!(
                "classes as even as {:.1} % of the most even; {never} never drawn",
                100.0 * relative
            ),
        ));
    }
    if let Some(distance) = get(FRECHET) {
        rows.push((
            "",
            format!("{distance:.2} from the test images (Fréchet, on the judge's features)"),
        ));
    }
    if let Some(agreement) = get(AGREEMENT) {
        rows.push((
            "",
            format!(
                "the judge sees the label asked for in {:.1} %",
                100.0 * agreement
            ),
        ));
    }
    rows
}
