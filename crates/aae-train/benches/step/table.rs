//! Tables of measurements: how the step's time grows with threads, batch and width, and the step of every variant.

use aae_data::Split;

use crate::args::{Args, first_presets};
use crate::failure::Failure;
use crate::flops;
use crate::measure::{Measured, measure};

const BATCHES: [usize; 6] = [32, 64, 128, 256, 512, 1024];
const WIDTHS: [usize; 5] = [256, 512, 1024, 2048, 4096];

/// Steps per round where they are longest: fewer would measure one hiccup.
const FEWEST_STEPS: usize = 3;

/// What the table's rows are measured by: arguments and threads.
type Row = (Args, usize);

/// Threads, batch and width, each varied alone around what the flags ask for.
pub(crate) fn scaling(args: &Args) -> Vec<Row> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = args.threads.unwrap_or(cores);
    let mut rows: Vec<(Args, usize)> = threads(most).map(|n| (args.clone(), n)).collect();
    rows.extend(BATCHES.map(|batch| {
        let batch = Some(batch);
        let args = Args {
            batch,
            ..args.clone()
        };
        (args, most)
    }));
    rows.extend(WIDTHS.map(|width| {
        let width = Some(width);
        let args = Args {
            width,
            ..args.clone()
        };
        (args, most)
    }));
    rows
}

/// The first preset of every variant.
pub(crate) fn variants(args: &Args) -> Result<Vec<Row>, Failure> {
    let of_preset = |(_, preset): (_, &str)| {
        let preset = Some(preset.to_owned());
        let threads = args.threads();
        (
            Args {
                preset,
                ..args.clone()
            },
            threads,
        )
    };
    Ok(first_presets()?.into_iter().map(of_preset).collect())
}

/// Measures every row and gives it to `each` as soon as it is there. Steps per round become fewer as a step becomes longer.
pub(crate) fn table(
    args: &Args,
    rows: &[Row],
    train: &Split,
    mut each: impl FnMut(&Args, &Measured),
) -> Result<(), Failure> {
    let pixels = train.dataset().height() * train.dataset().width();
    let work = |args: &Args| Ok::<_, Failure>(flops::of_step(&args.config()?, pixels) as f64);
    let usual = work(args)?;
    for (args, threads) in rows {
        let steps = (args.steps as f64 * usual / work(args)?) as usize;
        let steps = steps.clamp(FEWEST_STEPS.min(args.steps), args.steps);
        each(args, &measure(args, *threads, steps, train)?);
    }
    Ok(())
}

/// 1, 2, 4, … and `most`.
fn threads(most: usize) -> impl Iterator<Item = usize> {
    let powers = std::iter::successors(Some(1), |n| Some(2 * n));
    powers
        .take_while(move |n| *n < most)
        .chain(std::iter::once(most))
}
