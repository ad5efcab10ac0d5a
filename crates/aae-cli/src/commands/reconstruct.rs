//! `reconstruct`: test images above what the model makes of them.

use std::path::PathBuf;

use aae_data::Split;
use clap::Args;

use crate::args::ModelArgs;
use crate::exit::UsageError;
use crate::trained::{self, Asked, Trained};
use crate::{output, pictures};

/// Draw test images above their reconstructions
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  {program} reconstruct
  {program} reconstruct runs/aae-s0 --n 50 --out pairs.png
  {program} reconstruct runs/denoising-s0 --corrupted")]
pub(crate) struct ReconstructArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Number of images, the first of the test set
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=2000))]
    n: u32,
    /// Corrupt the images as in training, and draw what the encoder sees as well
    #[arg(long)]
    corrupted: bool,
    /// Where to write the picture [default: in the run's folder samples/]
    #[arg(long, value_name = "FILE.png", value_parser = output::png)]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &ReconstructArgs) -> anyhow::Result<()> {
    let place = args.model.place.open()?;
    let path = place.run(|device| {
        let model = trained::load(
            args.model.run.as_deref(),
            Asked::Decoder,
            &args.model.data,
            device,
        )?;
        model.check_decoder()?;
        let data = model.read_data(&args.model.data)?;
        let test = Split::all(&data.test.into()).take(args.n as usize);
        let positions: Vec<u32> = (0..test.len() as u32).collect();
        let subject = model.subject();
        let rows = if args.corrupted { 3 } else { 2 };
        let columns = pictures::columns(positions.len() * rows);
        let (name, drawing) = if args.corrupted {
            check_corruption(&model)?;
            let drawing = pictures::restored(&subject, &test, &positions, columns)?;
            ("denoised.png", drawing)
        } else {
            let drawing = pictures::reconstructed(&subject, &test, &positions, columns)?;
            ("reconstructions.png", drawing)
        };
        let path = model.output(args.out.as_deref(), name)?;
        pictures::write(&path, drawing)?;
        Ok(path)
    })?;
    output::wrote(&path)
}

/// Errors: if the model was trained on clean images.
fn check_corruption(model: &Trained) -> Result<(), UsageError> {
    match model.config.corruption.corrupts() {
        false => Err(UsageError(format!(
            "--corrupted: {}: expected a model whose images were corrupted in training, found corruption.kind = \"none\"; \
             train one with --preset denoising",
            model.name
        ))),
        true => Ok(()),
    }
}
