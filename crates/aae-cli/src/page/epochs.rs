//! What is told of the epochs: a chart of each key figure over them, and the table of all evaluations.

use std::collections::{BTreeMap, BTreeSet};

use aae_train::metrics::EvaluationLine;

use super::chart::{self, chart};
use super::html::Html;
use super::parts;
use crate::experiment::gather::figures;
use crate::quantity::{floor, for_table, in_order, is_floor, quantity};
use crate::text::count;

/// Most figures in the table of evaluations.
const MOST_COLUMNS: usize = 40;
/// Most rows of it.
const MOST_ROWS: usize = 120;

/// The last evaluation of the test images, or else of the first split there is.
pub(super) fn last_of_main_split(evaluations: &[EvaluationLine]) -> Option<&EvaluationLine> {
    let of = |split: &str| evaluations.iter().rev().find(|line| line.split == split);
    of("test").or_else(|| of(&evaluations.first()?.split))
}

/// A chart for each key figure of the main split, with a line for each run, which are named; nothing if no figure has two points.
pub(super) fn charts(runs: &[(String, &[EvaluationLine])]) -> Option<Html> {
    let last = runs
        .iter()
        .find_map(|(_, lines)| last_of_main_split(lines))?;
    let names = figures(last).into_keys().filter(|name| quantity(name).key);
    let mut charts = Vec::new();
    for name in in_order(names) {
        let quantity = quantity(name);
        let lines: Vec<chart::Line> = runs
            .iter()
            .map(|(run, lines)| chart::Line {
                name: run.clone(),
                points: points(lines, &last.split, name),
            })
            .collect();
        let floors: Vec<f64> = runs
            .iter()
            .filter_map(|(_, lines)| last_of_main_split(lines))
            .filter_map(|line| figures(line).get(floor(name).as_str()).copied())
            .collect();
        let floor = (!floors.is_empty()).then(|| floors.iter().sum::<f64>() / floors.len() as f64);
        let dashed = if floor.is_some() {
            "; dashed: between two sets of draws"
        } else {
            ""
        };
        let title = format!("{}{}{dashed}", quantity.label, quantity.unit.suffix());
        charts.extend(chart(&title, &lines, floor, quantity.unit));
    }
    if charts.is_empty() {
        return None;
    }
    let mut html = Html::new();
    html.markup("<div class=charts>\n");
    charts.into_iter().for_each(|chart| {
        html.append(chart);
    });
    html.markup("</div>\n");
    Some(html)
}

/// By whole epochs; of two evaluations in one, as where a run ends within it, that after the whole one.
fn points(lines: &[EvaluationLine], split: &str, name: &str) -> Vec<(f64, f64)> {
    let of_split = lines.iter().filter(|line| line.split == split);
    let mut by_epoch = BTreeMap::new();
    for line in of_split {
        if let Some(value) = figures(line).get(name) {
            by_epoch.entry(line.epoch).or_insert(*value);
        }
    }
    by_epoch
        .into_iter()
        .map(|(epoch, value)| (epoch as f64, value))
        .collect()
}

/// A row for each evaluation, of very many some and the last; below them what draws of the prior show among themselves.
pub(super) fn table(evaluations: &[EvaluationLine]) -> Html {
    let all = evaluations.iter();
    let names: BTreeSet<&str> = all
        .clone()
        .flat_map(|line| figures(line).into_keys())
        .collect();
    let mut names = for_table(names.into_iter().filter(|name| !is_floor(name)));
    names.truncate(MOST_COLUMNS);
    let splits: BTreeSet<&str> = all.clone().map(|line| line.split.as_str()).collect();
    let labelled = |first: [&str; 3], cells: Vec<String>| {
        let kept = if splits.len() > 1 { 3 } else { 2 };
        let first = first[..kept].iter().map(|cell| (*cell).to_owned());
        first.chain(cells).collect::<Vec<String>>()
    };
    let head = labelled(
        ["epoch", "step", "images"],
        names.iter().map(|name| quantity(name).label).collect(),
    );
    // All splits of a step, or none.
    let steps: BTreeSet<u64> = all.clone().map(|line| line.step).collect();
    let every = all.len().div_ceil(MOST_ROWS).max(1);
    let kept: BTreeSet<u64> = steps
        .iter()
        .copied()
        .step_by(every)
        .chain(steps.last().copied())
        .collect();
    let mut rows = Vec::new();
    for line in all.filter(|line| kept.contains(&line.step)) {
        let found = figures(line);
        let cell = |name: &&str| show(name, found.get(name).copied());
        let (epoch, step) = (line.epoch.to_string(), count(line.step));
        rows.push(labelled(
            [&epoch, &step, &line.split],
            names.iter().map(cell).collect(),
        ));
    }
    let mut html = Html::new();
    if rows.len() < evaluations.len() {
        let all = evaluations.len();
        html.element("p", &format!("{} of {all} evaluations.", rows.len()));
    }
    if let Some(line) = last_of_main_split(evaluations) {
        let found = figures(line);
        let floors = names
            .iter()
            .map(|name| found.get(floor(name).as_str()).copied());
        if floors.clone().flatten().next().is_some() {
            let cells = floors.zip(&names);
            let cells = cells.map(|(value, name)| {
                value.map_or_else(String::new, |value| show(name, Some(value)))
            });
            rows.push(labelled(["two sets of draws", "", ""], cells.collect()));
        }
    }
    html.append(parts::table(&head, &rows, None));
    html
}

/// A figure with its unit, or a dash.
fn show(name: &str, value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| quantity(name).unit.show(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: u64, split: &str) -> EvaluationLine {
        EvaluationLine {
            step,
            epoch: step,
            split: split.to_owned(),
            reconstruction_error: 0.5,
            metrics: BTreeMap::new(),
        }
    }

    #[test]
    fn many_dimensions_have_no_columns() {
        let head = |dimensions: usize| {
            let mut line = line(1, "test");
            line.metrics = (0..dimensions)
                .map(|index| (format!("std_{index}"), 1.0))
                .chain((0..dimensions).map(|index| (format!("mean_{index}"), 0.0)))
                .collect();
            String::from_utf8(table(&[line]).into_bytes()).unwrap()
        };
        assert!(head(2).contains("deviation of code 1"));
        assert!(!head(10).contains("of code"));
    }

    #[test]
    fn of_many_evaluations_whole_steps_are_shown() {
        let evaluations: Vec<EvaluationLine> = (1..=100)
            .flat_map(|step| ["validation", "test"].map(|split| line(step, split)))
            .collect();
        let table = String::from_utf8(table(&evaluations).into_bytes()).unwrap();
        let rows = |split: &str| table.matches(&format!("<td>{split}<")).count();
        assert_eq!((rows("test"), rows("validation")), (51, 51), "{table}");
        assert!(table.contains("102 of 200 evaluations."));
    }
}
