//! How the step's time grows with threads, batch and width: each varied alone, around what the flags ask for.

use aae_data::Split;

use crate::args::Args;
use crate::failure::Failure;
use crate::flops;
use crate::measure::{Measured, measure};

const BATCHES: [usize; 6] = [32, 64, 128, 256, 512, 1024];
const WIDTHS: [usize; 5] = [256, 512, 1024, 2048, 4096];

/// Steps per round where they are longest: fewer would measure one hiccup.
const FEWEST_STEPS: usize = 3;

/// Measures every row of the table and gives it to `each` as soon as it is there.
pub(crate) fn scaling(
    args: &Args,
    train: &Split,
    mut each: impl FnMut(&Args, &Measured),
) -> Result<(), Failure> {
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
    let pixels = train.dataset().height() * train.dataset().width();
    let work = |args: &Args| Ok::<_, Failure>(flops::of_step(&args.config()?, pixels) as f64);
    let usual = work(args)?;
    for (args, threads) in &rows {
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
