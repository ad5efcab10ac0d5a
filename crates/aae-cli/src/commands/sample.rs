//! `sample`: images made by the decoder alone.

use std::path::PathBuf;

use aae_data::Split;
use aae_models::LabelUse;
use aae_ops::stream::stream;
use clap::Args;

use crate::args::ModelArgs;
use crate::exit::UsageError;
use crate::output;
use crate::pictures::{self, Drawing, Grid};
use crate::trained::{self, Asked, Trained};

/// Make images: from random draws of the prior, from a grid of codes, or from codes of your choice
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # 100 random images of the newest run
  {program} sample
  {program} sample runs/aae-s0 --n 25 --seed 7 --out digits.png
  # The plane of the first two code numbers
  {program} sample --grid=-10..10 --steps 20
  # The images of two codes
  {program} sample --z 0,0 --z 5,-2.5
  # Of a model with labels: random threes
  {program} sample --label 3
  # One random style a row, in every label
  {program} sample --styles 10
  # The styles of two test images, in every label
  {program} sample --style-of 12 --style-of 40")]
pub(crate) struct SampleArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Number of random images
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    n: u32,
    /// Seed of the random draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Decode a grid of codes from LOW to HIGH in the first two dimensions
    #[arg(long, value_name = "LOW..HIGH", allow_hyphen_values = true, value_parser = range, conflicts_with_all = ["n", "seed"])]
    grid: Option<(f64, f64)>,
    /// Images along each side of the grid
    #[arg(long, value_name = "N", default_value_t = 20, requires = "grid", value_parser = clap::value_parser!(u16).range(1..=100))]
    steps: u16,
    /// Decode this code: as many numbers as the model's code has; may be repeated
    #[arg(long, value_name = "Z,Z,...", allow_hyphen_values = true, value_parser = code, conflicts_with_all = ["n", "seed", "grid"])]
    z: Vec<Code>,
    /// Only this label, of a model that has labels or clusters [default: each in turn; of codes of your choice 0]
    #[arg(long, value_name = "LABEL")]
    label: Option<u8>,
    /// Draw so many random styles, one a row, each in every label
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100), conflicts_with_all = ["n", "grid", "z", "label"])]
    styles: Option<u16>,
    /// Take the style of the test image of this number (from 0), and draw it in every label; may be repeated
    #[arg(long, value_name = "INDEX", conflicts_with_all = ["n", "seed", "grid", "z", "label", "styles"])]
    style_of: Vec<u32>,
    /// Where to write the picture [default: in the run's folder samples/]
    #[arg(long, value_name = "FILE.png", value_parser = output::png)]
    out: Option<PathBuf>,
}

/// One latent code.
#[derive(Clone, Debug, PartialEq)]
struct Code(Vec<f32>);

pub(crate) fn run(args: &SampleArgs) -> anyhow::Result<()> {
    let place = args.model.place.open()?;
    let path = place.run(|device| {
        let asked = match label_flag(args) {
            Some(_) if asks_for_samples(args) => Asked::LabelledSamples,
            Some(_) => Asked::Labels,
            None => Asked::Decoder,
        };
        let model = trained::load(args.model.run.as_deref(), asked, &args.model.data, device)?;
        model.check_decoder()?;
        check_label(args, &model)?;
        let (name, drawing) = drawing(args, &model)?;
        let path = model.output(args.out.as_deref(), &name)?;
        pictures::write(&path, drawing)?;
        Ok(path)
    })?;
    output::wrote(&path)
}

/// The flag that asks for labels, if one does.
fn label_flag(args: &SampleArgs) -> Option<&'static str> {
    match (&args.label, &args.styles, args.style_of.is_empty()) {
        (Some(_), ..) => Some("--label"),
        (_, Some(_), _) => Some("--styles"),
        (.., false) => Some("--style-of"),
        _ => None,
    }
}

/// Whether random samples of one label are asked for: where the decoder is told nothing, the label can still have its place in
/// the prior.
fn asks_for_samples(args: &SampleArgs) -> bool {
    args.label.is_some() && args.grid.is_none() && args.z.is_empty()
}

/// Errors: if labels are asked for that the model does not have.
fn check_label(args: &SampleArgs, model: &Trained) -> Result<(), UsageError> {
    let Some(flag) = label_flag(args) else {
        return Ok(());
    };
    let told = model.autoencoder.label_use() != LabelUse::Absent;
    let ways = model.subject().labels();
    if ways == 0 || !(told || asks_for_samples(args)) {
        return Err(UsageError(format!(
            "{flag}: expected a model whose decoder has labels, found {}; train one with --preset supervised",
            model.config.variant.name()
        )));
    }
    match args.label {
        Some(label) if usize::from(label) >= ways => Err(UsageError(format!(
            "--label: expected a label below {ways}, found {label}"
        ))),
        _ => Ok(()),
    }
}

/// The picture, and what its file is called.
fn drawing(args: &SampleArgs, model: &Trained) -> anyhow::Result<(String, Drawing)> {
    let subject = model.subject();
    let of_label = args
        .label
        .map_or_else(String::new, |label| format!("-label{label}"));
    if let Some((low, high)) = args.grid {
        let grid = Grid {
            low,
            high,
            steps: args.steps.into(),
        };
        let drawing = pictures::plane(&subject, grid, args.label)?;
        return Ok((format!("grid{low}to{high}{of_label}.png"), drawing));
    }
    if !args.z.is_empty() {
        let dim = model.autoencoder.latent_dim();
        if let Some(Code(wrong)) = args.z.iter().find(|code| code.0.len() != dim) {
            let message = format!(
                "--z: expected {dim} numbers, as the model's code has, found {}",
                wrong.len()
            );
            return Err(UsageError(message).into());
        }
        let codes: Vec<f32> = args
            .z
            .iter()
            .flat_map(|code| code.0.iter().copied())
            .collect();
        let drawing = pictures::points(&subject, &codes, args.label)?;
        return Ok(("codes.png".to_owned(), drawing));
    }
    let seed = args.seed;
    if !args.style_of.is_empty() {
        let data = model.read_data(&args.model.data)?;
        let test = Split::all(&data.test.into());
        if let Some(wrong) = args
            .style_of
            .iter()
            .find(|index| **index as usize >= test.len())
        {
            let message = format!(
                "--style-of: expected a number below {}, as there are test images, found {wrong}",
                test.len()
            );
            return Err(UsageError(message).into());
        }
        let drawing = pictures::styles_of(&subject, &test, &args.style_of)?;
        return Ok(("style-of.png".to_owned(), drawing));
    }
    let mut rng = stream(seed, "sample", 0);
    if let Some(styles) = args.styles {
        let drawing = pictures::random_styles(&subject, styles.into(), &mut rng)?;
        return Ok((format!("styles-seed{seed}.png"), drawing));
    }
    let drawing = pictures::samples(&subject, args.n as usize, args.label, &mut rng)?;
    Ok((format!("random{of_label}-seed{seed}.png"), drawing))
}

/// Beyond this a network sees nothing new, and sums of squares leave `f32`.
const LARGEST: f64 = 1e6;

fn number(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if number.abs() <= LARGEST => Ok(number),
        _ => Err(format!(
            "expected a number from -{LARGEST} to {LARGEST}, found `{text}`"
        )),
    }
}

fn range(text: &str) -> Result<(f64, f64), String> {
    let (low, high) = text
        .split_once("..")
        .ok_or_else(|| format!("expected LOW..HIGH such as -10..10, found `{text}`"))?;
    let (low, high) = (number(low)?, number(high)?);
    match low < high {
        true => Ok((low, high)),
        false => Err(format!("expected the lower end first, found {low}..{high}")),
    }
}

fn code(text: &str) -> Result<Code, String> {
    let numbers = text
        .split(',')
        .map(|text| number(text).map(|number| number as f32));
    numbers.collect::<Result<_, _>>().map(Code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_finite_ends_in_order() {
        assert_eq!(range("-10..10"), Ok((-10.0, 10.0)));
        assert_eq!(range("-.5..2e1"), Ok((-0.5, 20.0)));
        for wrong in [
            "", "..", "3", "1..", "1..1", "2..1", "nan..1", "0..inf", "0...1x", "0..1e300",
        ] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_code_is_a_list_of_finite_numbers() {
        assert_eq!(code("0, -2.5"), Ok(Code(vec![0.0, -2.5])));
        for wrong in ["", "1,", "1;2", "NaN,0", "inf", "1e40"] {
            assert!(code(wrong).is_err(), "{wrong}");
        }
    }
}
