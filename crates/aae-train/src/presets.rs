//! The experiments that the program knows by name, each a complete configuration in `presets/<name>.toml`.
//!
//! The head of each file says which section of the paper it follows, the command, and what to expect.

use crate::config::ConfigError;
use crate::config::error::suggestion;

/// A named experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// What `--preset` calls it.
    pub name: &'static str,
    /// One line on what it is.
    pub summary: &'static str,
    /// The complete configuration.
    pub toml: &'static str,
}

/// The name of the preset that is meant when none is named.
pub const DEFAULT: &str = "aae";

const PRESETS: &[Preset] = &[
    Preset {
        name: DEFAULT,
        summary: "adversarial autoencoder, 2-D code, prior N(0, 5²): the default",
        toml: include_str!("../presets/aae.toml"),
    },
    Preset {
        name: "ae",
        summary: "plain autoencoder, for contrast: nothing shapes its codes",
        toml: include_str!("../presets/ae.toml"),
    },
    Preset {
        name: "aae-uniform",
        summary: "2-D code, prior uniform on a square",
        toml: include_str!("../presets/aae-uniform.toml"),
    },
    Preset {
        name: "aae-gamma",
        summary: "2-D code, prior gamma: codes above 0 only",
        toml: include_str!("../presets/aae-gamma.toml"),
    },
    Preset {
        name: "aae-mixture",
        summary: "2-D code, prior a ring of ten Gaussians",
        toml: include_str!("../presets/aae-mixture.toml"),
    },
    Preset {
        name: "aae-swiss-roll",
        summary: "2-D code, prior a Swiss roll",
        toml: include_str!("../presets/aae-swiss-roll.toml"),
    },
    Preset {
        name: "aae-8d",
        summary: "8-D code, prior N(0, 5²): sharper digits",
        toml: include_str!("../presets/aae-8d.toml"),
    },
    Preset {
        name: "labelled-mixture",
        summary: "2-D code, each digit its own Gaussian of the ring: 10,000 labels",
        toml: include_str!("../presets/labelled-mixture.toml"),
    },
    Preset {
        name: "labelled-swiss-roll",
        summary: "2-D code, each digit its own stretch of the Swiss roll: 10,000 labels",
        toml: include_str!("../presets/labelled-swiss-roll.toml"),
    },
    Preset {
        name: "supervised",
        summary: "15-D style; the decoder is told the digit",
        toml: include_str!("../presets/supervised.toml"),
    },
    Preset {
        name: "semi-supervised-100",
        summary: "the encoder infers the digit: 100 labels",
        toml: include_str!("../presets/semi-supervised-100.toml"),
    },
    Preset {
        name: "semi-supervised-1000",
        summary: "the encoder infers the digit: 1,000 labels",
        toml: include_str!("../presets/semi-supervised-1000.toml"),
    },
    Preset {
        name: "semi-supervised-all",
        summary: "the encoder infers the digit: all labels",
        toml: include_str!("../presets/semi-supervised-all.toml"),
    },
    Preset {
        name: "clustering-16",
        summary: "16 clusters, no label",
        toml: include_str!("../presets/clustering-16.toml"),
    },
    Preset {
        name: "clustering-30",
        summary: "30 clusters, no label",
        toml: include_str!("../presets/clustering-30.toml"),
    },
    Preset {
        name: "reduction-2d-100",
        summary: "2-D cluster heads and styles: 100 labels",
        toml: include_str!("../presets/reduction-2d-100.toml"),
    },
    Preset {
        name: "reduction-2d-1000",
        summary: "2-D cluster heads and styles: 1,000 labels",
        toml: include_str!("../presets/reduction-2d-1000.toml"),
    },
    Preset {
        name: "reduction-2d-unsupervised",
        summary: "2-D cluster heads and styles: 20 clusters, no label",
        toml: include_str!("../presets/reduction-2d-unsupervised.toml"),
    },
    Preset {
        name: "reduction-10d-100",
        summary: "10-D cluster heads and styles: 100 labels",
        toml: include_str!("../presets/reduction-10d-100.toml"),
    },
    Preset {
        name: "posterior-gaussian",
        summary: "2-D code, Gaussian posterior",
        toml: include_str!("../presets/posterior-gaussian.toml"),
    },
    Preset {
        name: "posterior-universal",
        summary: "2-D code, universal approximator posterior",
        toml: include_str!("../presets/posterior-universal.toml"),
    },
    Preset {
        name: "denoising",
        summary: "8-D code, from images of which half is hidden",
        toml: include_str!("../presets/denoising.toml"),
    },
    Preset {
        name: "nn-100",
        summary: "baseline: a classifier trained on 100 labels alone",
        toml: include_str!("../presets/nn-100.toml"),
    },
    Preset {
        name: "nn-1000",
        summary: "baseline: a classifier trained on 1,000 labels alone",
        toml: include_str!("../presets/nn-1000.toml"),
    },
    Preset {
        name: "nn-all",
        summary: "baseline: a classifier trained on all labels",
        toml: include_str!("../presets/nn-all.toml"),
    },
];

/// All presets, the default first.
pub fn presets() -> &'static [Preset] {
    PRESETS
}

/// The preset that is meant when none is named.
pub(crate) fn default() -> &'static Preset {
    &PRESETS[0]
}

/// The preset of that name.
///
/// Errors: if there is none; the message names the nearest, or all.
pub fn preset(name: &str) -> Result<&'static Preset, ConfigError> {
    PRESETS
        .iter()
        .find(|preset| preset.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            ConfigError {
                path: String::new(),
                origin: "--preset".to_owned(),
                message: format!("unknown preset `{name}`{}", suggestion(name, &names)),
                excerpt: None,
            }
        })
}
