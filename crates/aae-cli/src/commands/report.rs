//! `report`: a run or an experiment as one HTML page.

use std::path::{Path, PathBuf};

use aae_train::durable;
use aae_train::run_dir::{self, RunDir, RunDirError};
use clap::Args;

use crate::exit::UsageError;
use crate::experiment::{EXPERIMENTS, RESULTS};
use crate::trained::RUNS;
use crate::{output, page};

/// Write a run or an experiment as one HTML page: figures, pictures, configuration, how to repeat it
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The newest run, into its folder
  {program} report
  {program} report runs/aae-s0 --out aae.html
  # All seeds of an experiment
  {program} report experiments/aae

The page needs no other file and no network.")]
pub(crate) struct ReportArgs {
    /// A run folder, an experiment's folder, or the name of one in runs/ or experiments/ [default: the newest in runs/]
    #[arg(value_name = "RUN")]
    of: Option<PathBuf>,
    /// Where to write the page [default: report.html in the folder]
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let folder = match &args.of {
        Some(named) => find(named),
        None => run_dir::newest(Path::new(RUNS), |_| true)?
            .path()
            .to_path_buf(),
    };
    let html = match folder.join(RESULTS).exists() {
        true => page::of_experiment(&folder)?,
        false => match RunDir::open(&folder) {
            Ok(run) => page::of_run(&run)?,
            Err(RunDirError::NotARun { .. }) => return Err(nothing_in(&folder).into()),
            Err(error) => return Err(error.into()),
        },
    };
    let default = || folder.join("report.html");
    let path = output::place(&args.out.clone().unwrap_or_else(default))?;
    durable::write(&path, &html)?;
    output::wrote(&path)
}

/// The folder of that path, or else of that name among the runs or the experiments.
fn find(named: &Path) -> PathBuf {
    let places = ["", RUNS, EXPERIMENTS].map(|place| Path::new(place).join(named));
    let there = places.into_iter().find(|path| path.exists());
    there.unwrap_or_else(|| named.to_path_buf())
}

fn nothing_in(folder: &Path) -> UsageError {
    let path = folder.display();
    UsageError(match folder.exists() {
        false => format!(
            "{path}: not found: expected a run folder or an experiment's folder; `runs` lists the runs there are"
        ),
        true => format!(
            "{path}: expected a run folder, with config.toml, or an experiment's, with {RESULTS}, found neither; \
             {RESULTS} is written when all seeds are done"
        ),
    })
}
