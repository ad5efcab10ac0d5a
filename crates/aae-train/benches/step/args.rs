//! The benchmark's flags, and the configurations that they ask for.

use aae_train::config::{Config, Override};
use aae_train::presets::{DEFAULT, presets};

use crate::failure::Failure;

const TORCH_MODES: [&str; 4] = ["eager", "fused", "compile", "bf16"];

/// What the flags say.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    /// Which experiment: by its own name, or by its variant's.
    pub(crate) preset: Option<String>,
    pub(crate) variant: Option<String>,
    /// Absent: the default, which differs between one measurement and a table.
    pub(crate) threads: Option<usize>,
    pub(crate) batch: Option<usize>,
    pub(crate) width: Option<usize>,
    pub(crate) precision: Option<String>,
    pub(crate) steps: usize,
    pub(crate) rounds: usize,
    pub(crate) torch: Option<String>,
    /// Absent: fused optimizers, in the precision of ours.
    pub(crate) torch_mode: Option<String>,
    pub(crate) scaling: bool,
    /// A row for each variant.
    pub(crate) variants: bool,
    pub(crate) json: bool,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            preset: None,
            variant: None,
            threads: None,
            batch: None,
            width: None,
            precision: None,
            steps: 20,
            rounds: 5,
            torch: None,
            torch_mode: None,
            scaling: false,
            variants: false,
            json: false,
        }
    }
}

impl Args {
    /// Reads the words after the program's name. Errors: a word that is no flag, or a value that makes no sense.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut args = Self::default();
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .ok_or_else(|| Failure::usage(format!("{word} needs a value")))
            };
            let number = |text: String| match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(wrong(&word, "a number above 0", &text)),
            };
            match word.as_str() {
                "--preset" => args.preset = Some(value()?),
                "--variant" => args.variant = Some(value()?),
                "--threads" => {
                    let threads = value()?;
                    args.threads = match threads.parse::<u16>() {
                        Ok(threads) if threads > 0 => Some(threads.into()),
                        _ => return Err(wrong(&word, "a number from 1 to 65535", &threads)),
                    };
                }
                "--batch" => args.batch = Some(number(value()?)?),
                "--width" => args.width = Some(number(value()?)?),
                "--steps" => args.steps = number(value()?)?,
                "--rounds" => args.rounds = number(value()?)?,
                "--precision" => args.precision = Some(value()?),
                "--torch" => args.torch = Some(value()?),
                "--torch-mode" => {
                    let mode = value()?;
                    if !TORCH_MODES.contains(&mode.as_str()) {
                        let expected = format!("one of {}", TORCH_MODES.join(", "));
                        return Err(wrong(&word, &expected, &mode));
                    }
                    args.torch_mode = Some(mode);
                }
                "--scaling" => args.scaling = true,
                "--variants" => args.variants = true,
                "--json" => args.json = true,
                // What `cargo bench` adds to every benchmark's words.
                "--bench" => {}
                _ => return Err(Failure::usage(format!("unknown argument `{word}`"))),
            }
        }
        if args.preset.is_some() && args.variant.is_some() {
            let message = "--preset and --variant exclude each other: give one of them";
            return Err(Failure::usage(message));
        }
        let named = args.preset.is_some() || args.variant.is_some();
        if args.variants && (args.scaling || named || args.torch.is_some()) {
            let message = "--variants measures every variant, and excludes --scaling, --preset, --variant and --torch";
            return Err(Failure::usage(message));
        }
        if args.torch_mode.is_some() && args.torch.is_none() {
            let message = "--torch-mode says what PyTorch does: give --torch PYTHON as well";
            return Err(Failure::usage(message));
        }
        Ok(args)
    }

    /// Threads of one measurement.
    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or(2)
    }

    /// What PyTorch is asked to do: the named mode, or the one that is most like ours.
    pub(crate) fn torch_mode(&self) -> &str {
        match (&self.torch_mode, self.precision.as_deref()) {
            (Some(mode), _) => mode,
            (None, Some("bf16")) => "bf16",
            (None, _) => "fused",
        }
    }

    /// The preset that is measured: the named one, or the first of the named variant.
    pub(crate) fn preset_name(&self) -> Result<String, Failure> {
        let Some(variant) = &self.variant else {
            return Ok(self.preset.clone().unwrap_or_else(|| DEFAULT.into()));
        };
        let known = first_presets()?;
        match known.iter().find(|(name, _)| name == variant) {
            Some((_, preset)) => Ok((*preset).to_owned()),
            None => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                Err(wrong("--variant", &names.join(", "), variant))
            }
        }
    }

    /// The configuration whose step is measured.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let preset = self.preset_name()?;
        let base = Config::resolve(&preset, None, &[])?;
        let mut overrides = Vec::new();
        if let Some(batch) = self.batch {
            overrides.push(Override::flag("--batch", "batch_size", batch as i64));
        }
        if let Some(width) = self.width {
            let networks = [
                ("model.encoder.hidden", base.model.encoder.hidden.len()),
                ("model.decoder.hidden", base.model.decoder.hidden.len()),
                (
                    "model.discriminator.hidden",
                    base.model.discriminator.hidden.len(),
                ),
            ];
            overrides.extend(
                networks.map(|(path, layers)| {
                    Override::flag("--width", path, vec![width as i64; layers])
                }),
            );
        }
        if let Some(precision) = self.precision.as_deref() {
            overrides.push(Override::flag("--precision", "precision", precision));
        }
        Ok(Config::resolve(&preset, None, &overrides)?)
    }
}

/// Every variant, and its first preset.
pub(crate) fn first_presets() -> Result<Vec<(&'static str, &'static str)>, Failure> {
    let mut first: Vec<(&str, &str)> = Vec::new();
    for preset in presets() {
        let variant = Config::resolve(preset.name, None, &[])?.variant.name();
        if first.iter().all(|(known, _)| *known != variant) {
            first.push((variant, preset.name));
        }
    }
    Ok(first)
}

fn wrong(flag: &str, expected: &str, found: &str) -> Failure {
    Failure::usage(format!("{flag}: expected {expected}, found `{found}`"))
}
