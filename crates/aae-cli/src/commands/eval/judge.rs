//! Samples before a judge: what a classifier trained here makes of them.

use aae_data::{Dataset, Split};
use aae_eval::{
    MOST_FEATURES, argmax_rows, error_rate, features_all, frechet_distance, mode_coverage,
};
use aae_models::{Autoencoder, Pass};
use aae_ops::stream::stream;
use anyhow::Context;
use candle_core::Tensor;

use super::Metrics;
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
    if !variant.classifies() || judge.config.infers_clusters() {
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
pub(super) fn judged(model: &Trained, judge: &Trained, test: &Split) -> anyhow::Result<Metrics> {
    check(judge, test.dataset())?;
    let mut rng = stream(model.config.seed, "eval.judged", 0);
    let images = generate(&model.subject(), SAMPLES, &mut rng)?;
    let told = model.subject().labels() > 0 && !model.config.infers_clusters();
    let asked_for = told.then(|| model.subject().in_turn(SAMPLES));
    let found = verdict(&judge.autoencoder, &images, asked_for.as_deref(), test);
    found.context("--judge")
}

/// Judges `images` `[n, pixels]`; `asked_for` `[n]` are the classes that they were to be of, if their maker was told any.
fn verdict(
    classifier: &Autoencoder,
    images: &[f32],
    asked_for: Option<&[u8]>,
    test: &Split,
) -> anyhow::Result<Metrics> {
    let (ways, pixels) = (classifier.categories(), classifier.image().pixels());
    let (mut logits, mut features) = (Vec::new(), Vec::new());
    for (number, batch) in (0..).zip(images.chunks(BATCH * pixels)) {
        let shape = (batch.len() / pixels, pixels);
        let batch = Tensor::from_slice(batch, shape, classifier.device())?;
        let pass = Pass::evaluation(number);
        let found = classifier.encoder().label_logits(&batch, pass)?;
        logits.extend(found.flatten_all()?.to_vec1::<f32>()?);
        let found = classifier.encoder().features(&batch, pass)?;
        features.extend(found.flatten_all()?.to_vec1::<f32>()?);
    }
    let predictions = argmax_rows(&logits, ways)?;
    let coverage = mode_coverage(&predictions, ways)?;
    let of_test = features_all(classifier, test)?;
    let distance = frechet_distance(&of_test, &features, of_test.len() / test.len())?;
    let mut metrics = Metrics::from([
        (ENTROPY.to_owned(), coverage.entropy),
        (RELATIVE_ENTROPY.to_owned(), coverage.relative_entropy),
        (NEVER.to_owned(), coverage.never_drawn.len() as f64),
        (FRECHET.to_owned(), distance),
    ]);
    for (class, share) in coverage.shares.iter().enumerate() {
        metrics.insert(format!("samples_share_{class}"), *share);
    }
    if let Some(asked_for) = asked_for {
        let disagreeing = error_rate(&predictions, asked_for)?.rate;
        metrics.insert(AGREEMENT.to_owned(), 1.0 - disagreeing);
    }
    Ok(metrics)
}

pub(super) fn rows(metrics: &Metrics) -> Vec<(&'static str, String)> {
    let get = |name| metrics.get(name).copied();
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

#[cfg(test)]
mod tests {
    use aae_eval::label_logits_all;
    use aae_models::PosteriorConfig;

    use super::*;
    use crate::trained::tiny;

    #[test]
    fn images_are_judged_by_the_classes_and_the_features_that_the_classifier_sees() {
        let classifier = tiny::untrained("nn-all").autoencoder;
        let pixels = (0..80 * 6).map(|i| (i * 7919 % 251) as u8).collect();
        let test = tiny::split(pixels, vec![0; 80]);
        let part = test.take(40);
        let mut images = Vec::new();
        part.gather(&(0..40).collect::<Vec<_>>(), &mut images);
        let judged =
            |asked_for: &[u8]| verdict(&classifier, &images, Some(asked_for), &test).unwrap();
        let logits = label_logits_all(&classifier, &part).unwrap();
        let mut asked_for = argmax_rows(&logits, 10).unwrap();
        let metrics = judged(&asked_for);
        assert_eq!(metrics[AGREEMENT], 1.0);
        let features = |split| features_all(&classifier, split).unwrap();
        let distance = frechet_distance(&features(&test), &features(&part), 8).unwrap();
        assert_eq!(metrics[FRECHET], distance);
        // A quarter was to be of another class.
        let others = asked_for[..10].iter_mut();
        others.for_each(|class| *class = (*class + 1) % 10);
        assert_eq!(judged(&asked_for)[AGREEMENT], 0.75);
    }

    #[test]
    fn a_reduction_is_told_classes_and_sees_them_if_it_had_labels() {
        let (of_classes, of_clusters) = ("reduction-2d-100", "reduction-2d-unsupervised");
        let test = tiny::split((0..80 * 6).map(|i| (i % 251) as u8).collect(), vec![0; 80]);
        let [classes, clusters] = [of_classes, of_clusters].map(tiny::untrained);
        assert!(check(&classes, test.dataset()).is_ok());
        assert!(check(&clusters, test.dataset()).is_err());
        for (model, told) in [(&classes, true), (&clusters, false)] {
            let metrics = judged(model, &classes, &test).unwrap();
            assert_eq!(metrics.contains_key(AGREEMENT), told, "{}", model.name);
        }
    }

    #[test]
    fn each_batch_of_samples_has_the_noise_that_a_batch_of_test_images_has() {
        let Trained {
            mut config,
            autoencoder,
            ..
        } = tiny::untrained("nn-all");
        config.model.posterior = PosteriorConfig::Universal { noise_dim: 3 };
        let (image, label) = (autoencoder.image(), autoencoder.label_use());
        let classifier = Autoencoder::new(&config.model, image, label, 0, autoencoder.device());
        let classifier = classifier.unwrap();
        let n = 2 * BATCH;
        let pixels = (0..n * 6).map(|i| (i * 7919 % 251) as u8).collect();
        let test = tiny::split(pixels, vec![0; n]);
        let mut images = Vec::new();
        test.gather(&(0..n as u32).collect::<Vec<_>>(), &mut images);
        let logits = label_logits_all(&classifier, &test).unwrap();
        let asked_for = argmax_rows(&logits, 10).unwrap();
        let metrics = verdict(&classifier, &images, Some(&asked_for), &test).unwrap();
        assert_eq!(metrics[AGREEMENT], 1.0);
        let features = features_all(&classifier, &test).unwrap();
        let distance = frechet_distance(&features, &features, 8).unwrap();
        assert_eq!(metrics[FRECHET], distance);
    }
}
