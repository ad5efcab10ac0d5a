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
    /// The figure that the paper has for it, if any (docs/experiments.md says where each comes from).
    pub paper: Option<&'static str>,
    /// The complete configuration.
    pub toml: &'static str,
}

/// The name of the preset that is meant when none is named.
pub const DEFAULT: &str = "aae";

const PRESETS: &[Preset] = &[
    Preset {
        name: DEFAULT,
        summary: "2-D code, prior N(0, 5²): the default",
        paper: None,
        toml: include_str!("../presets/aae.toml"),
    },
    Preset {
        name: "ae",
        summary: "2-D code without a prior: nothing shapes it",
        paper: None,
        toml: include_str!("../presets/ae.toml"),
    },
    Preset {
        name: "aae-uniform",
        summary: "2-D code, prior uniform on a square",
        paper: None,
        toml: include_str!("../presets/aae-uniform.toml"),
    },
    Preset {
        name: "aae-gamma",
        summary: "2-D code, prior gamma: codes above 0 only",
        paper: None,
        toml: include_str!("../presets/aae-gamma.toml"),
    },
    Preset {
        name: "aae-mixture",
        summary: "2-D code, prior a ring of ten Gaussians",
        paper: None,
        toml: include_str!("../presets/aae-mixture.toml"),
    },
    Preset {
        name: "aae-swiss-roll",
        summary: "2-D code, prior a Swiss roll",
        paper: None,
        toml: include_str!("../presets/aae-swiss-roll.toml"),
    },
    Preset {
        name: "aae-8d",
        summary: "8-D code, prior N(0, 5²): sharper digits",
        paper: Some("340 ± 2 nats"),
        toml: include_str!("../presets/aae-8d.toml"),
    },
    Preset {
        name: "labelled-mixture",
        summary: "each digit its own Gaussian of a ring: 10,000 labels",
        paper: None,
        toml: include_str!("../presets/labelled-mixture.toml"),
    },
    Preset {
        name: "labelled-swiss-roll",
        summary: "each digit its own stretch of a roll: 10,000 labels",
        paper: None,
        toml: include_str!("../presets/labelled-swiss-roll.toml"),
    },
    Preset {
        name: "supervised",
        summary: "5-D style; the decoder is told the digit",
        paper: None,
        toml: include_str!("../presets/supervised.toml"),
    },
    Preset {
        name: "semi-supervised-100",
        summary: "the encoder infers the digit: 100 labels",
        paper: Some("test error 3.40 % after 50 epochs, 1.90 ± 0.10 % at best"),
        toml: include_str!("../presets/semi-supervised-100.toml"),
    },
    Preset {
        name: "semi-supervised-1000",
        summary: "the encoder infers the digit: 1,000 labels",
        paper: Some("test error 2.40 % after 50 epochs, 1.60 ± 0.08 % at best"),
        toml: include_str!("../presets/semi-supervised-1000.toml"),
    },
    Preset {
        name: "semi-supervised-all",
        summary: "the encoder infers the digit: all labels",
        paper: Some("test error 1.25 % after 50 epochs, 0.85 ± 0.02 % at best"),
        toml: include_str!("../presets/semi-supervised-all.toml"),
    },
    Preset {
        name: "clustering-16",
        summary: "16 clusters, no label",
        paper: Some("clustering error 9.55 ± 2.05 % after 1,500 epochs"),
        toml: include_str!("../presets/clustering-16.toml"),
    },
    Preset {
        name: "clustering-30",
        summary: "30 clusters, no label",
        paper: Some("clustering error 4.10 ± 1.13 % after 1,500 epochs"),
        toml: include_str!("../presets/clustering-30.toml"),
    },
    Preset {
        name: "reduction-2d-100",
        summary: "2-D cluster heads and styles: 100 labels",
        paper: Some("test error 6.08 %"),
        toml: include_str!("../presets/reduction-2d-100.toml"),
    },
    Preset {
        name: "reduction-2d-1000",
        summary: "2-D cluster heads and styles: 1,000 labels",
        paper: Some("test error 4.20 %"),
        toml: include_str!("../presets/reduction-2d-1000.toml"),
    },
    Preset {
        name: "reduction-2d-unsupervised",
        summary: "2-D cluster heads and styles: 20 clusters, no label",
        paper: Some("clustering error 13.31 %"),
        toml: include_str!("../presets/reduction-2d-unsupervised.toml"),
    },
    Preset {
        name: "reduction-10d-100",
        summary: "10-D cluster heads and styles: 100 labels",
        paper: Some("test error 3.90 %"),
        toml: include_str!("../presets/reduction-10d-100.toml"),
    },
    Preset {
        name: "posterior-gaussian",
        summary: "2-D code, Gaussian posterior",
        paper: None,
        toml: include_str!("../presets/posterior-gaussian.toml"),
    },
    Preset {
        name: "posterior-universal",
        summary: "2-D code, universal approximator posterior",
        paper: None,
        toml: include_str!("../presets/posterior-universal.toml"),
    },
    Preset {
        name: "denoising",
        summary: "8-D code, from images of which half is hidden",
        paper: None,
        toml: include_str!("../presets/denoising.toml"),
    },
    Preset {
        name: "nn-100",
        summary: "baseline: a classifier trained on 100 labels alone",
        paper: Some("test error 25.80 %"),
        toml: include_str!("../presets/nn-100.toml"),
    },
    Preset {
        name: "nn-1000",
        summary: "baseline: a classifier trained on 1,000 labels alone",
        paper: Some("test error 8.73 %"),
        toml: include_str!("../presets/nn-1000.toml"),
    },
    Preset {
        name: "nn-all",
        summary: "baseline: a classifier trained on all labels",
        paper: Some("test error 1.25 %"),
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
