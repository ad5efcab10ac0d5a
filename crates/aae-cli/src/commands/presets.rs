//! `presets`: the experiments that `train --preset` knows.

use std::fmt::Write;

use aae_train::presets::{preset, presets};
use clap::Args;

use crate::exit::UsageError;
use crate::output;

/// List the presets, or show one as a configuration file
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  {program} presets
  # A file to change and train with --config
  {program} presets aae-mixture > my.toml")]
pub(crate) struct PresetsArgs {
    /// Print this preset's TOML
    name: Option<String>,
}

pub(crate) fn run(args: &PresetsArgs) -> anyhow::Result<()> {
    if let Some(name) = &args.name {
        let preset = preset(name).map_err(|error| UsageError(error.message))?;
        return output::print(preset.toml);
    }
    let width = presets()
        .iter()
        .map(|preset| preset.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for preset in presets() {
        let _ = writeln!(text, "{:<width$}  {}", preset.name, preset.summary);
    }
    output::print(&text)
}

#[cfg(test)]
#[test]
fn the_list_fits_into_a_terminal() {
    let names = presets().iter().map(|preset| preset.name.chars().count());
    let room = 80 - 2 - names.max().unwrap_or(0);
    for preset in presets() {
        assert!(preset.summary.chars().count() <= room, "{}", preset.summary);
    }
}
