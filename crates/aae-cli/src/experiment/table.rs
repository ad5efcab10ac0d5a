//! The results of an experiment for the terminal.

use std::fmt::Write as _;

use super::results::{Moment, Results};
use super::seeds;
use crate::quantity::{in_order, quantity};
use crate::text::{self, align, count, plural};

/// What was trained, and every figure at each moment; of several seeds also the lowest and highest at the end.
pub(crate) fn table(results: &Results) -> String {
    let mut lines = format!("{}\n", heading(results));
    let mut splits: Vec<&str> = Vec::new();
    for moment in &results.evaluations {
        if !splits.contains(&moment.split.as_str()) {
            splits.push(&moment.split);
        }
    }
    for split in splits {
        let moments: Vec<&Moment> = results
            .evaluations
            .iter()
            .filter(|moment| moment.split == split)
            .collect();
        let _ = write!(lines, "\n{}", align(&rows(results, split, &moments)));
    }
    lines
}

/// `aae: seeds 0..4, 26 epochs, 12.3 minutes a seed`.
pub(crate) fn heading(results: &Results) -> String {
    let seeds = match results.seeds.as_slice() {
        [one] => format!("seed {one}"),
        seeds => format!("seeds {}", seeds::describe(seeds)),
    };
    let minutes = results
        .minutes_per_seed
        .map_or_else(String::new, |minutes| {
            format!(", {} minutes a seed", text::minutes(minutes))
        });
    format!(
        "{}: {seeds}, {}{minutes}",
        results.experiment,
        length(results)
    )
}

/// `26 epochs`, or the steps of runs that do not end with an epoch.
pub(crate) fn length(results: &Results) -> String {
    match results.ends_with_epoch() {
        true => plural(results.epochs, "epoch"),
        false => plural(results.steps, "step"),
    }
}

/// When a moment is: `epoch 18`; the last one of runs that do not end with an epoch: `step 1,234`.
pub(crate) fn moment_name(results: &Results, moment: &Moment) -> String {
    match moment.step == results.steps && !results.ends_with_epoch() {
        true => format!("step {}", count(moment.step)),
        false => format!("epoch {}", moment.epoch),
    }
}

fn rows(results: &Results, split: &str, moments: &[&Moment]) -> Vec<Vec<String>> {
    let several = results.seeds.len() > 1;
    let mut head = vec![format!("{split} images").to_uppercase()];
    head.extend(
        moments
            .iter()
            .map(|moment| moment_name(results, moment).to_uppercase()),
    );
    if several {
        head.extend(["LOWEST".to_owned(), "HIGHEST".to_owned()]);
    }
    let names = moments.iter().flat_map(|moment| moment.figures.keys());
    let mut rows = vec![head];
    for name in in_order(names.map(String::as_str)) {
        let quantity = quantity(name);
        let mut estimates = moments.iter().map(|moment| moment.figures.get(name));
        let mut row = vec![quantity.label.clone()];
        row.extend(estimates.clone().map(|estimate| {
            estimate.map_or_else(|| "-".to_owned(), |found| found.show(quantity.unit))
        }));
        let last = estimates.next_back().flatten();
        if several {
            let values = || {
                let values = last.iter().flat_map(|found| &found.values);
                values.flatten().copied()
            };
            let show = |value: Option<f64>| {
                value.map_or_else(|| "-".to_owned(), |value| quantity.unit.number(value))
            };
            row.push(show(values().reduce(f64::min)));
            row.push(show(values().reduce(f64::max)));
        }
        rows.push(row);
    }
    rows
}
