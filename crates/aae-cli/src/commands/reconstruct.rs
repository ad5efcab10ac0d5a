//! `reconstruct`: test images above what the model makes of them.

use std::path::PathBuf;

use aae_data::Split;
use clap::Args;

use crate::args::ModelArgs;
use crate::trained::{self, Asked};
use crate::{output, pictures};

/// Draw test images above their reconstructions
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  {program} reconstruct
  {program} reconstruct runs/aae-s0 --n 50 --out pairs.png")]
pub(crate) struct ReconstructArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Number of images, the first of the test set
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=2000))]
    n: u32,
    /// Where to write the picture [default: in the run's folder samples/]
    #[arg(long, value_name = "FILE.png", value_parser = output::png)]
    out: Option<PathBuf>,
}

/// Images beside each other.
pub(crate) const COLUMNS: usize = 10;

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
        let drawing = pictures::comparison(
            "Test images and their reconstructions",
            subject.caption,
            &test,
            &positions,
            COLUMNS,
            &[("reconstruction".to_owned(), subject.autoencoder)],
        )?;
        let path = model.output(args.out.as_deref(), "reconstructions.png")?;
        pictures::write(&path, drawing)?;
        Ok(path)
    })?;
    output::wrote(&path)
}
