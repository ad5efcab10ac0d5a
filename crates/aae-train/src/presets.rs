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
            }
        })
}
