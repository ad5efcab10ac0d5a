//! The figures of an evaluation in words: what each is called, what it means, its unit, and which matter most.
//!
//! A figure that is not known here is shown under its own name, so that a new metric needs no line in this file.

use crate::text::{count, figure, hundredths};

/// What there is to say of a figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantity {
    /// In a table.
    pub(crate) label: String,
    /// In a line with others.
    pub(crate) short: String,
    /// A sentence, or nothing.
    pub(crate) meaning: &'static str,
    pub(crate) unit: Unit,
    /// Whether a reader wants it first; the others are there to understand these.
    pub(crate) key: bool,
    /// Its place among the others.
    rank: u8,
}

/// How a figure is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Plain,
    /// A number of things.
    Count,
    /// A share in `[0, 1]`, shown in per cent.
    Share,
    Nats,
}

impl Unit {
    /// What a figure is multiplied with before it is shown.
    pub(crate) fn scale(self) -> f64 {
        match self {
            Self::Share => 100.0,
            Self::Plain | Self::Count | Self::Nats => 1.0,
        }
    }

    /// A figure with its unit: in four digits; whole if it counts; a share to the one in ten thousand that there are test images of.
    pub(crate) fn show(self, value: f64) -> String {
        self.number(value) + self.suffix()
    }

    /// As [`show`](Self::show), without the unit.
    pub(crate) fn number(self, value: f64) -> String {
        // What a file calls a count or a share need not be one.
        let is_whole = value.fract() == 0.0 && (0.0..1e15).contains(&value);
        match self {
            Self::Count if is_whole => count(value as u64),
            Self::Share if (0.0..=1.0).contains(&value) => hundredths(value * self.scale()),
            _ => figure(value * self.scale()),
        }
    }

    /// What stands behind the number.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Plain | Self::Count => "",
            Self::Share => " %",
            Self::Nats => " nats",
        }
    }
}

/// Name, label, short label, unit, whether it is a key figure, meaning; in the order in which they are shown.
const KNOWN: [(&str, &str, &str, Unit, bool, &str); 26] = [
    (
        "classification_error",
        "classification error",
        "test error",
        Unit::Share,
        true,
        "Share of the images that are given the wrong class.",
    ),
    (
        "classification_error_low",
        "classification error, at least",
        "at least",
        Unit::Share,
        false,
        "Lower end of the interval that the number of images allows.",
    ),
    (
        "classification_error_high",
        "classification error, at most",
        "at most",
        Unit::Share,
        false,
        "Upper end of the interval that the number of images allows.",
    ),
    (
        "component_accuracy",
        "codes in their class's component",
        "own component",
        Unit::Share,
        true,
        "Share of the codes that lie nearest to a draw from their own class's component of the prior.",
    ),
    (
        "clustering_error",
        "clustering error",
        "clustering error",
        Unit::Share,
        true,
        "Share of the images whose cluster stands for another class than theirs.",
    ),
    (
        "clustering_error_majority",
        "clustering error, by majority",
        "by majority",
        Unit::Share,
        true,
        "As the clustering error, with each cluster standing for the class of most of its held-out images, or training images if none are held out.",
    ),
    (
        "clusters_dead",
        "clusters without images",
        "dead clusters",
        Unit::Count,
        false,
        "Clusters that no image was put into.",
    ),
    (
        "normalized_mutual_information",
        "normalized mutual information",
        "mutual information",
        Unit::Plain,
        false,
        "Between clusters and classes: 1 if each tells the other, 0 if they tell nothing.",
    ),
    (
        "adjusted_rand_index",
        "adjusted Rand index",
        "adjusted Rand index",
        Unit::Plain,
        false,
        "Agreement of clusters and classes on pairs of images: 1 is perfect, about 0 is chance.",
    ),
    (
        "log_likelihood",
        "log-likelihood",
        "log-likelihood",
        Unit::Nats,
        true,
        "Mean log-likelihood of an image under Gaussians around samples of the model; higher is better, and more samples give more.",
    ),
    (
        "log_likelihood_standard_error",
        "log-likelihood, standard error",
        "standard error",
        Unit::Nats,
        false,
        "Of the mean over the images.",
    ),
    (
        "parzen_window",
        "Parzen window",
        "window",
        Unit::Plain,
        false,
        "Standard deviation of the Gaussians that the log-likelihood puts around samples, chosen on held-out or training images.",
    ),
    (
        "parzen_samples",
        "samples for the log-likelihood",
        "samples",
        Unit::Count,
        false,
        "Samples of the model that the log-likelihood puts Gaussians around.",
    ),
    (
        "probe_linear_accuracy",
        "class found in the codes, linear",
        "linear probe",
        Unit::Share,
        true,
        "Share of the test codes whose class a linear classifier finds, trained on the training images' codes.",
    ),
    (
        "probe_network_accuracy",
        "class found in the codes, network",
        "network probe",
        Unit::Share,
        true,
        "The same by a small network.",
    ),
    (
        "probe_10_nearest_accuracy",
        "class found in the codes, 10 nearest",
        "10 nearest",
        Unit::Share,
        true,
        "The same by the ten nearest training codes.",
    ),
    (
        "samples_label_agreement",
        "samples of the label asked for",
        "asked-for label",
        Unit::Share,
        true,
        "Share of 10,000 samples in which the judge sees the label that was asked for.",
    ),
    (
        "samples_class_entropy_relative",
        "evenness of the samples' classes",
        "evenness",
        Unit::Share,
        false,
        "Entropy of the classes that the judge sees in samples, beside that of classes equally often.",
    ),
    (
        "samples_class_entropy",
        "entropy of the samples' classes",
        "class entropy",
        Unit::Nats,
        false,
        "Of the classes that the judge sees in samples: 0 if all are of one.",
    ),
    (
        "samples_classes_never_drawn",
        "classes never drawn",
        "never drawn",
        Unit::Count,
        false,
        "Classes that the judge sees in no sample.",
    ),
    (
        "samples_classifier_frechet_distance",
        "Fréchet distance of the samples",
        "Fréchet",
        Unit::Plain,
        false,
        "Between test images and samples, on the last hidden layer of the judge.",
    ),
    (
        "reconstruction_error",
        "reconstruction error",
        "reconstruction",
        Unit::Plain,
        true,
        "Mean squared error of a pixel between an image and what the autoencoder makes of it; 0 is perfect.",
    ),
    (
        "denoising_error",
        "denoising error",
        "from corrupted images",
        Unit::Plain,
        true,
        "The reconstruction error where the encoder sees images corrupted as in training: against the clean ones.",
    ),
    (
        "sliced_wasserstein",
        "distance to the prior",
        "distance",
        Unit::Plain,
        true,
        "Sliced Wasserstein distance between the codes and draws of the prior: how far, on average over directions, the codes' \
         shadows must be moved to lie as the prior's do; the more dimensions, the shorter a shift's shadow.",
    ),
    (
        "sliced_wasserstein_2",
        "distance to the prior (2-Wasserstein)",
        "2-distance",
        Unit::Plain,
        false,
        "As the distance to the prior, but far codes weigh more.",
    ),
    (
        "mmd_squared",
        "MMD² to the prior",
        "MMD²",
        Unit::Plain,
        false,
        "Squared maximum mean discrepancy between the codes and draws of the prior; about 0 if they cannot be told apart.",
    ),
];

/// What the share of one class in the samples is called, before the number of the class.
const CLASS_SHARE: &str = "samples_share_";
/// What follows the name of a figure in the name of its floor: the same between two sets of draws.
const FLOOR: &str = "_floor";
/// Ranks between two figures that are known.
const STEP: u8 = 4;
const MOMENTS: u8 = KNOWN.len() as u8 * STEP;
const UNKNOWN: u8 = MOMENTS + STEP;

/// Most dimensions of codes whose means and deviations are shown one by one.
pub(crate) const MOST_DIMENSIONS: usize = 3;

/// The figure of this name.
pub(crate) fn quantity(name: &str) -> Quantity {
    // A floor has none itself: what a file calls so is unknown.
    if let Some(base) = name.strip_suffix(FLOOR).filter(|base| !is_floor(base)) {
        let of = quantity(base);
        return Quantity {
            label: format!("{}, draws", of.label),
            short: format!("{}, draws", of.short),
            meaning: "The same between draws and other draws of the prior: what a perfect match would show.",
            unit: of.unit,
            key: false,
            rank: of.rank + 1,
        };
    }
    let known = KNOWN.iter().enumerate().find(|(_, known)| known.0 == name);
    if let Some((index, (_, label, short, unit, key, meaning))) = known {
        return Quantity {
            label: (*label).to_owned(),
            short: (*short).to_owned(),
            meaning,
            unit: *unit,
            key: *key,
            rank: index as u8 * STEP,
        };
    }
    for (rank, prefix, words) in [(0, "mean_", "mean"), (1, "std_", "deviation")] {
        if let Some(index) = name.strip_prefix(prefix)
            && index.parse::<u16>().is_ok()
        {
            return Quantity {
                label: format!("{words} of code {index}"),
                short: format!("{words} {index}"),
                meaning: "Over the codes of the images, in one dimension.",
                unit: Unit::Plain,
                key: false,
                rank: MOMENTS + rank,
            };
        }
    }
    let words = name.replace('_', " ");
    Quantity {
        label: words.clone(),
        short: words,
        meaning: "",
        unit: match name.ends_with("_accuracy") {
            true => Unit::Share,
            false => Unit::Plain,
        },
        // A spread, or a share of the samples' classes, comes with another figure and is not one of its own.
        key: !name.contains("standard_error") && !name.starts_with("samples_"),
        rank: UNKNOWN,
    }
}

/// The names in the order in which they are shown: the floor behind its figure, dimensions by their number. Without the share of each
/// class in the samples, of which there are as many as classes: how even they are is a figure of its own.
pub(crate) fn in_order<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let names = names.into_iter();
    let mut names: Vec<&str> = names
        .filter(|name| !name.starts_with(CLASS_SHARE))
        .collect();
    names.sort_by_cached_key(|name| (quantity(name).rank, number(name), *name));
    names.dedup();
    names
}

/// As [`in_order`], without means and deviations of single dimensions where these are so many that a table would be too large.
pub(crate) fn for_table<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names = in_order(names);
    let is_moment = |name: &str| (MOMENTS..UNKNOWN).contains(&quantity(name).rank);
    if names.iter().filter(|name| is_moment(name)).count() > 2 * MOST_DIMENSIONS {
        names.retain(|name| !is_moment(name));
    }
    names
}

fn number(name: &str) -> Option<u16> {
    name.rsplit('_').next()?.parse().ok()
}

/// Whether this is what another figure is shown beside.
pub(crate) fn is_floor(name: &str) -> bool {
    name.ends_with(FLOOR)
}

/// The name of what a figure is shown beside, if that is there.
pub(crate) fn floor(name: &str) -> String {
    format!("{name}{FLOOR}")
}

#[cfg(test)]
mod tests;
