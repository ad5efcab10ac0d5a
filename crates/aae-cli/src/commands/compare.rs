//! `compare`: the same test images, and what each of several runs makes of them.

use std::path::{Path, PathBuf};

use aae_data::Split;
use aae_models::Autoencoder;
use anyhow::Context;
use clap::Args;

use crate::args::DataArgs;
use crate::data::{self, Found};
use crate::device::DeviceArgs;
use crate::trained::{self, Asked, Trained};
use crate::{output, pictures};

/// Draw test images above what each of several runs makes of them
#[derive(Args, Debug)]
#[command(after_help = "Example:
  {program} compare runs/ae-s0 runs/aae-s0 --n 20 --out compare.png")]
pub(crate) struct CompareArgs {
    /// Run folders, names of runs in runs/, or model.safetensors files
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Number of images, the first of the test set
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=2000))]
    n: u32,
    /// Where to write the picture [default: compare.png beside the first run]
    #[arg(long, value_name = "FILE.png", value_parser = output::png)]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: DeviceArgs,
    #[command(flatten)]
    data: DataArgs,
}

pub(crate) fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let place = args.place.open()?;
    let path = place.run(|device| {
        let mut models = Vec::new();
        for run in &args.runs {
            models.push(trained::load(
                Some(run),
                Asked::Decoder,
                &args.data,
                device,
            )?);
        }
        let first = models.first().and_then(|model| model.folder.as_deref());
        let Found { data, .. } = data::of_run(args.data.data.as_deref(), first)?;
        for model in &models {
            model.check_decoder()?;
            let of_its_size = model.check_images(&data.test);
            of_its_size.with_context(|| model.name.clone())?;
        }
        let test = Split::all(&data.test.into()).take(args.n as usize);
        let positions: Vec<u32> = (0..test.len() as u32).collect();
        let named: Vec<(String, &Autoencoder)> = models
            .iter()
            .map(|model| (model.name.clone(), &model.autoencoder))
            .collect();
        let title = "The same images, made again by each run";
        let columns = pictures::columns(positions.len() * (1 + named.len()));
        let drawing = pictures::comparison(title, "", &test, &positions, columns, &named)?;
        let path = output::place(&args.out.clone().unwrap_or_else(|| beside(&models)))?;
        pictures::write(&path, drawing)?;
        Ok(path)
    })?;
    output::wrote(&path)
}

fn beside(models: &[Trained]) -> PathBuf {
    let first = models.iter().find_map(|model| model.folder.as_deref());
    let parent = first
        .and_then(Path::parent)
        .unwrap_or_else(|| Path::new(""));
    parent.join("compare.png")
}
