//! Which training algorithm a run follows, and what follows from that.

use aae_models::LabelUse;
use serde::{Deserialize, Serialize};

/// Which training algorithm a run follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantKind {
    /// A plain autoencoder: the reconstruction phase alone.
    Ae,
    /// The adversarial autoencoder (paper §2).
    Aae,
    /// Labels choose the component of the prior (paper §2.3).
    LabelRegularized,
    /// The decoder is given the label (paper §4).
    Supervised,
    /// The encoder infers the label, helped by a few that are known (paper §5).
    SemiSupervised,
    /// The encoder infers a cluster, helped by nothing (paper §6).
    Clustering,
    /// Clusters as heads in the space of the codes (paper §7).
    DimensionalityReduction,
    /// The encoder and its label head, trained on the known labels alone: the paper's baseline.
    Classifier,
}

/// What a variant does with the labels of the training images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabelNeed {
    /// It never sees one.
    Never,
    /// It may see some: `data.labelled` of them, 0 included.
    May,
    /// It needs some.
    Some,
    /// It needs that of every image.
    All,
}

impl VariantKind {
    /// What the label is to the networks.
    pub fn label_use(self) -> LabelUse {
        match self {
            Self::Ae | Self::Aae | Self::LabelRegularized => LabelUse::Absent,
            Self::Supervised => LabelUse::Given,
            Self::SemiSupervised | Self::Clustering | Self::Classifier => LabelUse::Inferred,
            Self::DimensionalityReduction => LabelUse::Heads,
        }
    }

    /// What it does with the labels of the training images.
    pub(crate) fn label_need(self) -> LabelNeed {
        match self {
            Self::Ae | Self::Aae | Self::Clustering => LabelNeed::Never,
            Self::DimensionalityReduction => LabelNeed::May,
            Self::LabelRegularized | Self::SemiSupervised | Self::Classifier => LabelNeed::Some,
            Self::Supervised => LabelNeed::All,
        }
    }

    /// Whether it looks at the labels of the very images that it reconstructs.
    pub fn sees_own_labels(self) -> bool {
        matches!(self, Self::LabelRegularized | Self::Supervised)
    }

    /// Whether the codes of each class follow a component of the prior, each its own.
    pub fn places_labels(self) -> bool {
        self == Self::LabelRegularized
    }

    /// Whether it learns to infer known labels, from batches of labelled images.
    pub fn classifies(self) -> bool {
        matches!(
            self,
            Self::SemiSupervised | Self::DimensionalityReduction | Self::Classifier
        )
    }

    /// Whether there is a discriminator.
    pub fn is_adversarial(self) -> bool {
        !matches!(self, Self::Ae | Self::Classifier)
    }

    /// Whether it trains a decoder.
    pub fn has_decoder(self) -> bool {
        self != Self::Classifier
    }

    /// Whether the ways of the label are the classes of the data, and not clusters of the variant's own.
    pub fn ways_are_classes(self) -> bool {
        matches!(
            self,
            Self::LabelRegularized | Self::Supervised | Self::SemiSupervised | Self::Classifier
        )
    }

    /// As a config writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ae => "ae",
            Self::Aae => "aae",
            Self::LabelRegularized => "label_regularized",
            Self::Supervised => "supervised",
            Self::SemiSupervised => "semi_supervised",
            Self::Clustering => "clustering",
            Self::DimensionalityReduction => "dimensionality_reduction",
            Self::Classifier => "classifier",
        }
    }
}
