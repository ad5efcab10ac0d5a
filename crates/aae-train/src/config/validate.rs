//! Whether the values of a configuration make sense, each problem as path and message.

use aae_models::prior::PriorConfig;
use aae_models::{ImageShape, LabelUse, ModelConfig, PosteriorConfig};

use super::layers::join;
use super::{Config, LabelNeed, OptimizerConfig, OptimizerKind, VariantKind};
use crate::regular_file::MOST_CONFIG;

/// No layer here needs to be wider; a larger number is a slip, and its products would not fit into memory.
const MAX_WIDTH: usize = 1 << 16;
/// No network here needs to be deeper.
const MAX_DEPTH: usize = 64;

/// Weights of all networks together: a gibibyte, and several with gradients and moments. The paper's largest have 10 million.
const MAX_WEIGHTS: u64 = 1 << 28;

/// Times the most steps of an epoch this still fits into 64 bits.
const MAX_EPOCHS: u64 = 1_000_000_000;

/// Labels are bytes, and one more way stands for a label that is not known.
const MAX_CATEGORIES: usize = 255;

/// Path and message of each problem.
pub(super) type Problems = Vec<(String, String)>;

/// Everything that can be checked without the data.
pub(super) fn problems(config: &Config) -> Problems {
    let mut check = Check::default();
    check.that(
        i64::try_from(config.seed).is_ok(),
        "seed",
        "at most 9223372036854775807",
        config.seed,
    );
    for (path, value) in [
        ("epochs", config.epochs),
        ("batch_size", config.batch_size as u64),
        ("log_every", config.log_every),
        ("checkpoint_every", config.checkpoint_every),
        ("evaluate_every", config.evaluate_every),
        ("max_steps", config.max_steps.unwrap_or(1)),
        (
            "data.limit_train",
            config.data.limit_train.unwrap_or(1) as u64,
        ),
    ] {
        check.that(value >= 1, path, "at least 1", value);
    }
    if let Some(folder) = &config.warm_start {
        let expected = "the folder of a run";
        check.that(!folder.is_empty(), "warm_start", expected, "nothing");
    }
    check.that(
        config.epochs <= MAX_EPOCHS,
        "epochs",
        format!("at most {MAX_EPOCHS}"),
        config.epochs,
    );
    let good_so_far = check.problems.len();
    model(&mut check, &config.model);
    // What is too much for images of one pixel is too much for any; a width that is wrong by itself says it better.
    if check.problems.len() == good_so_far {
        weights(&mut check, config, ONE_PIXEL);
    }
    for error in config.prior.validate(config.model.latent_dim) {
        check
            .problems
            .push((join("prior", error.field), error.message));
    }
    for (field, message) in config.corruption.validate() {
        check.problems.push((join("corruption", field), message));
    }
    regularization(&mut check, config);
    labels(&mut check, config);
    normalised_batches(&mut check, config);
    for (path, phase) in [
        ("optimizer.reconstruction", &config.optimizer.reconstruction),
        ("optimizer.discriminator", &config.optimizer.discriminator),
        ("optimizer.generator", &config.optimizer.generator),
        ("optimizer.classification", &config.optimizer.classification),
    ] {
        optimizer(&mut check, path, phase);
    }
    // A list may be of any length, and whoever goes on with the run reads it from a file.
    let size = config.to_toml().len() as u64;
    let expected = format!("at most {MOST_CONFIG} bytes as `config.toml`");
    check.that(size <= MOST_CONFIG, "", expected, size);
    check.problems
}

const ONE_PIXEL: ImageShape = ImageShape {
    height: 1,
    width: 1,
};

/// All networks together must fit into memory, before any of it is asked for.
fn weights(check: &mut Check, config: &Config, image: ImageShape) {
    let weights = config.most_weights(image);
    let mut expected = format!("at most {MAX_WEIGHTS} weights in the networks of `model`");
    if image != ONE_PIXEL {
        let ImageShape { height, width } = image;
        expected.push_str(&format!(" for images of {height} x {width} pixels"));
    }
    // No single key is to blame.
    check.that(weights <= MAX_WEIGHTS, "", expected, weights);
}

/// A batch of one image has no variance to be normalised by.
fn normalised_batches(check: &mut Check, config: &Config) {
    if !config.model.encoder.batch_norm {
        return;
    }
    let expected = "at least 2: model.encoder.batch_norm normalises over the batch";
    let size = config.batch_size;
    // Of no images at all it has been said already.
    check.that(size != 1, "batch_size", expected, size);
    let labelled = config.data.labelled.unwrap_or(0);
    let alone = config.variant.classifies() && labelled == 1;
    check.that(!alone, "data.labelled", expected, labelled);
}

fn regularization(check: &mut Check, config: &Config) {
    let variant = config.variant;
    let from_0 = "a finite number from 0 on";
    let noise = config.regularization.discriminator_input_noise;
    let path = "regularization.discriminator_input_noise";
    check.that(noise.is_finite() && noise >= 0.0, path, from_0, noise);
    if !variant.is_adversarial() {
        let expected = format!("0: variant `{}` has no discriminator", variant.name());
        check.that(noise == 0.0, path, expected, noise);
    }
    if let Some(half_life) = config.regularization.discriminator_noise_half_life {
        let path = "regularization.discriminator_noise_half_life";
        check.that(half_life > 0, path, "at least 1 step", half_life);
        let expected = "no such key where discriminator_input_noise is 0";
        check.that(noise != 0.0, path, expected, half_life);
    }
    let distance = config.regularization.head_distance;
    let path = "regularization.head_distance";
    check.that(
        distance.is_finite() && distance >= 0.0,
        path,
        from_0,
        distance,
    );
    if variant.label_use() != LabelUse::Heads {
        let expected = format!("0: variant `{}` has no cluster heads", variant.name());
        check.that(distance == 0.0, path, expected, distance);
    }
    let label = config.regularization.label_in_discriminator;
    let path = "regularization.label_in_discriminator";
    let expected = "no such key: it belongs to variant `supervised`";
    let good = !label || variant == VariantKind::Supervised;
    check.that(good, path, expected, label);
}

/// What labels are, and how many may be seen, must suit the variant.
fn labels(check: &mut Check, config: &Config) {
    let (variant, name) = (config.variant, config.variant.name());
    let (ways, path) = (config.model.categories, "model.categories");
    match variant {
        VariantKind::Ae | VariantKind::Aae => {
            let expected = format!("0: variant `{name}` has no label");
            check.that(ways == 0, path, expected, ways);
        }
        _ => {
            let expected = format!("2 to {MAX_CATEGORIES} ways of the label");
            check.that((2..=MAX_CATEGORIES).contains(&ways), path, expected, ways);
        }
    }
    if variant == VariantKind::LabelRegularized {
        let components = config.prior.components();
        let expected = format!("a prior of at least {ways} components, one for each class");
        let found = components.map_or("one without components".into(), |n| n.to_string());
        let good = components.is_some_and(|components| components >= ways);
        let path = match config.prior {
            PriorConfig::GaussianMixture { .. } => "prior.components",
            _ => "prior.kind",
        };
        check.that(good, path, expected, found);
    }
    if let Some(share) = config.loss.label_gradient {
        let path = "loss.label_gradient";
        check.that((0.0..=1.0).contains(&share), path, "0 to 1", share);
        let expected = "no such key: this variant decodes no label that it infers";
        let good = variant.label_use().is_inferred() && variant.has_decoder();
        check.that(good, path, expected, share);
    }
    let Some(labelled) = config.data.labelled else {
        return;
    };
    let (good, expected) = match variant.label_need() {
        LabelNeed::Never => (false, "no such key: this variant sees no label"),
        LabelNeed::May => (true, ""),
        LabelNeed::Some => (labelled >= 1, "at least 1, or no such key for all labels"),
        LabelNeed::All => (
            false,
            "no such key: this variant needs the label of every image",
        ),
    };
    check.that(good, "data.labelled", expected, labelled);
}

/// What depends on the number of training images and classes.
pub(super) fn problems_with_data(
    config: &Config,
    training_images: usize,
    classes: usize,
    image: ImageShape,
) -> Problems {
    let mut check = Check::default();
    weights(&mut check, config, image);
    let held_out = config.data.validation;
    let expected = format!("fewer than the {training_images} training images");
    check.that(
        held_out < training_images,
        "data.validation",
        expected,
        held_out,
    );
    let left = training_images.saturating_sub(held_out);
    let left = config
        .data
        .limit_train
        .map_or(left, |limit| left.min(limit));
    if held_out < training_images {
        let expected = format!("at most the {left} images trained on");
        check.that(
            config.batch_size <= left,
            "batch_size",
            expected,
            config.batch_size,
        );
        let labelled = config.data.labelled.unwrap_or(0);
        let expected = format!("at most the {left} images trained on");
        check.that(labelled <= left, "data.labelled", expected, labelled);
    }
    let known = config.data.labelled != Some(0);
    if config.variant.ways_are_classes() || (config.variant.classifies() && known) {
        let (ways, path) = (config.model.categories, "model.categories");
        // No number of ways would do: to ask for that of the data would send from one error to the next.
        let possible = (2..=MAX_CATEGORIES).contains(&classes);
        let expected =
            format!("data of 2 to {MAX_CATEGORIES} classes, or a variant without labels");
        check.that(possible, path, expected, classes);
        let expected = format!("{classes}, the number of classes of the data");
        check.that(!possible || ways == classes, path, expected, ways);
    }
    check.problems
}

fn model(check: &mut Check, model: &ModelConfig) {
    check.width("model.latent_dim", model.latent_dim);
    if let PosteriorConfig::Universal { noise_dim } = model.posterior {
        check.width("model.posterior.noise_dim", noise_dim);
    }
    network(check, "model.encoder", &model.encoder.hidden);
    network(check, "model.decoder", &model.decoder.hidden);
    network(check, "model.discriminator", &model.discriminator.hidden);
}

fn network(check: &mut Check, path: &str, hidden: &[usize]) {
    let path = join(path, "hidden");
    let depth = hidden.len();
    check.that(
        (1..=MAX_DEPTH).contains(&depth),
        &path,
        format!("1 to {MAX_DEPTH} layers"),
        depth,
    );
    for (index, width) in hidden.iter().enumerate() {
        check.width(&format!("{path}[{index}]"), *width);
    }
}

fn optimizer(check: &mut Check, path: &str, optimizer: &OptimizerConfig) {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    // As an `f32` more is infinite. Less is 0: a rate that moves nothing, but an epsilon that nothing can be divided by.
    let rate = |value: f64| value > 0.0 && value <= f64::from(f32::MAX);
    let single = |value: f64| (f64::from(f32::MIN_POSITIVE)..=f64::from(f32::MAX)).contains(&value);
    let share = |value: f64| (0.0..1.0).contains(&value);
    let OptimizerConfig {
        lr,
        beta1,
        beta2,
        epsilon,
        momentum,
        weight_decay,
        ..
    } = *optimizer;
    let above_0 = "a finite number above 0";
    let in_single = "a number from 1.2e-38 to 3.4e38, the range of single precision";
    let below_1 = "a number from 0 to below 1";
    let at_most = "a number above 0, and at most 3.4e38";
    check.that(rate(lr), &join(path, "lr"), at_most, lr);
    check.that(share(beta1), &join(path, "beta1"), below_1, beta1);
    check.that(share(beta2), &join(path, "beta2"), below_1, beta2);
    check.that(single(epsilon), &join(path, "epsilon"), in_single, epsilon);
    check.that(share(momentum), &join(path, "momentum"), below_1, momentum);
    if optimizer.kind == OptimizerKind::Adam && share(momentum) {
        let expected = "0: kind `adam` has no momentum of this name, its `beta1` is that";
        check.that(momentum == 0.0, &join(path, "momentum"), expected, momentum);
    }
    let decays = weight_decay.is_finite() && weight_decay >= 0.0;
    check.that(
        decays,
        &join(path, "weight_decay"),
        "a finite number from 0 on",
        weight_decay,
    );
    let clip_norm = optimizer.clip_norm.unwrap_or(1.0);
    check.that(
        positive(clip_norm),
        &join(path, "clip_norm"),
        above_0,
        clip_norm,
    );
    for (field, message) in optimizer.schedule.validate() {
        check
            .problems
            .push((format!("{path}.schedule.{field}"), message));
    }
}

/// Collects problems.
#[derive(Default)]
struct Check {
    problems: Problems,
}

impl Check {
    fn that(
        &mut self,
        good: bool,
        path: &str,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) {
        if !good {
            self.problems.push((
                path.to_owned(),
                format!("expected {expected}, found {found}"),
            ));
        }
    }

    fn width(&mut self, path: &str, width: usize) {
        self.that(
            (1..=MAX_WIDTH).contains(&width),
            path,
            format!("1 to {MAX_WIDTH}"),
            width,
        );
    }
}
