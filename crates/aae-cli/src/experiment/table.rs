//! The results of an experiment for the terminal.

use std::fmt::Write as _;

use super::results::{Moment, Results};
use super::seeds;
use crate::quantity::{for_table, quantity};
use crate::text::{self, align, count, plural};

/// What was trained, and the figures at each moment; of several seeds also the lowest and highest at the end. Two moments fit into a
/// terminal of 80 columns.
pub(crate) fn table(results: &Results) -> String {
    let mut lines = format!("{}: {}\n", results.experiment, trained(results));
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

/// `seeds 0..4, 26 epochs, 12.3 minutes a seed`.
pub(crate) fn trained(results: &Results) -> String {
    let seeds = match results.seeds.as_slice() {
        [one] => format!("seed {one}"),
        seeds => format!("seeds {}", seeds::describe(seeds)),
    };
    let minutes = results
        .minutes_per_seed
        .map_or_else(String::new, |minutes| {
            format!(", {} minutes a seed", text::minutes(minutes))
        });
    format!("{seeds}, {}{minutes}", length(results))
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
    for name in for_table(names.map(String::as_str)) {
        let quantity = quantity(name);
        let mut estimates = moments.iter().map(|moment| moment.figures.get(name));
        let mut row = vec![quantity.short.clone()];
        row.extend(estimates.clone().map(|estimate| {
            estimate.map_or_else(|| "-".to_owned(), |found| found.show(quantity.unit))
        }));
        let last = estimates.next_back().flatten();
        if several {
            let values = || {
                let values = last.iter().flat_map(|found| &found.values);
                values.flatten().copied()
            };
            let show = |value: Option<f64>| match (last, value) {
                (Some(found), Some(value)) => found.one(value, quantity.unit),
                _ => "-".to_owned(),
            };
            row.push(show(values().reduce(f64::min)));
            row.push(show(values().reduce(f64::max)));
        }
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::estimate::Estimate;
    use super::*;

    #[test]
    fn two_moments_fit_into_a_terminal() {
        let figure = |name: &str| {
            let values = [0.030_81, 0.030_92, 0.031_03].map(Some).to_vec();
            (name.to_owned(), Estimate::of(values))
        };
        let known = [
            "classification_error",
            "clustering_error_majority",
            "denoising_error",
            "normalized_mutual_information",
            "sliced_wasserstein_2",
            "sliced_wasserstein_2_floor",
        ];
        let mut figures: BTreeMap<String, Estimate> = known.map(figure).into();
        figures.extend((0..10).map(|index| figure(&format!("mean_{index}"))));
        let moment = |epoch| Moment {
            epoch,
            step: epoch,
            split: "validation".to_owned(),
            figures: figures.clone(),
        };
        let results = Results {
            format_version: 1,
            experiment: "experiment".to_owned(),
            preset: "preset".to_owned(),
            command: Vec::new(),
            repeat: Vec::new(),
            git_revisions: Vec::new(),
            config: serde_json::Map::new(),
            config_hash: String::new(),
            seeds: vec![0, 1, 2],
            epochs: 60,
            steps: 60,
            steps_per_epoch: 1,
            minutes_per_seed: None,
            evaluations: vec![moment(50), moment(60)],
            runs: Vec::new(),
        };
        let table = table(&results);
        for line in table.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(!table.contains("mean 0"), "{table}");
    }
}
