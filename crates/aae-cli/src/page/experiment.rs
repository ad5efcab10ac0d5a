//! The page of an experiment: every figure over its seeds, and the pictures of each.

use std::cmp::Reverse;
use std::path::Path;

use aae_train::regular_file;
use aae_train::run_dir::RunDir;

use super::PageError;
use super::epochs::charts;
use super::files::{self, Album, Picture, caption};
use super::html::Html;
use super::parts::{self, Fact};
use super::run::Run;
use crate::briefing;
use crate::experiment::results::{Moment, Results};
use crate::experiment::{ExperimentError, RESULTS, docs, seed_folder, seeds, table};
use crate::quantity::{Unit, in_order, quantity};
use crate::text::{self, plural};

/// Most seeds whose pictures are shown.
const MOST_SEEDS: usize = 20;

/// The page of an experiment that has ended.
///
/// Errors: if its `results.json` cannot be read or is not one.
pub(crate) fn of_experiment(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let path = folder.join(RESULTS);
    let bytes = files::read(&path, regular_file::MOST_SUMMARY)?
        .ok_or_else(|| PageError::new(&path, std::io::ErrorKind::NotFound.into()))?;
    let results = Results::parse(&path, &bytes)?;
    let mut body = head(&results, &path)?;
    let moments = results.main_moments();
    if let Some(last) = moments.last() {
        body.element("h2", &format!("Key figures of the {} images", last.split));
        if results.seeds.len() > 1 {
            body.element(
                "p",
                "Mean over the seeds ± the standard error of that mean.",
            );
        }
        let names = last.figures.keys().map(String::as_str);
        let show = |name: &str, unit: Unit| Some(last.figures.get(name)?.show(unit));
        body.append(parts::cards(&parts::key_cards(names, show)));
    }
    let runs = runs(folder, &results);
    let lines: Vec<_> = runs
        .iter()
        .map(|(seed, run)| (format!("seed {seed}"), run.evaluations.as_slice()))
        .collect();
    if let Some(charts) = charts(&lines) {
        body.markup("<h2>Over the epochs</h2>\n").append(charts);
    }
    body.append(pictures(folder, &results));
    body.markup("<h2>Every figure, every seed</h2>\n")
        .append(tables(&results));
    let seed = results.seeds.first().copied().unwrap_or_default();
    let toml = results.config(&path, seed)?.to_toml();
    let toml: Vec<&str> = toml
        .lines()
        .filter(|line| !line.starts_with("seed = "))
        .collect();
    body.append(parts::configuration(&toml.join("\n")));
    body.markup("<h2>Environment</h2>\n")
        .append(environments(&results));
    body.markup("<h2>The same again</h2>\n").append(parts::command(
        "Runs that are finished are kept; elsewhere, or into another folder, everything is trained again:",
        &results.repeat,
    ));
    Ok(parts::page(&results.experiment, body))
}

fn head(results: &Results, path: &Path) -> Result<Html, ExperimentError> {
    let seed = results.seeds.first().copied().unwrap_or_default();
    let config = results.config(path, seed)?;
    let mut facts = vec![
        Fact::new(match results.seeds.as_slice() {
            [one] => format!("seed {one}"),
            all => format!("seeds {}", seeds::describe(all)),
        }),
        Fact::new(table::length(results)),
        parts::batch(&config),
    ];
    facts.extend(
        results
            .minutes_per_seed
            .map(|minutes| Fact::new(format!("{} minutes a seed", text::minutes(minutes)))),
    );
    let revisions = results.git_revisions.iter();
    facts.extend(revisions.map(|name| Fact::new(format!("commit {}", docs::short(name)))));
    let n = plural(results.seeds.len() as u64, "run");
    let sentence = format!(
        "{n} of the preset {}: {}",
        results.preset,
        briefing::what(&config)
    );
    Ok(parts::head(&results.experiment, &sentence, &facts))
}

/// A table for each moment, the last one first; in each, first what all seeds say together.
fn tables(results: &Results) -> Html {
    let mut html = Html::new();
    let mut moments: Vec<&Moment> = results.evaluations.iter().collect();
    // Stable: the test images stay before the held-out ones.
    moments.sort_by_key(|moment| Reverse(moment.step));
    for moment in moments {
        let when = table::moment_name(results, moment);
        html.element("h3", &format!("{} images after {when}", moment.split));
        let several = results.seeds.len() > 1;
        let mut head = vec!["figure".to_owned()];
        if several {
            head.push("mean ± standard error".to_owned());
        }
        head.extend(results.seeds.iter().map(|seed| format!("seed {seed}")));
        let rows: Vec<Vec<String>> = in_order(moment.figures.keys().map(String::as_str))
            .into_iter()
            .filter_map(|name| {
                let (quantity, found) = (quantity(name), moment.figures.get(name)?);
                let unit = quantity.unit;
                let mut row = vec![match unit.suffix().trim_start() {
                    "" => quantity.label,
                    suffix => format!("{} ({suffix})", quantity.label),
                }];
                if several {
                    row.push(found.number(unit));
                }
                row.extend(found.values.iter().map(|value| {
                    value.map_or_else(|| "-".to_owned(), |value| found.one(value, unit))
                }));
                Some(row)
            })
            .collect();
        html.append(parts::table(&head, &rows, several.then_some(1)));
    }
    html
}

/// The runs that are still in the folder, with their seeds; what is wrong with one is warned of.
fn runs(folder: &Path, results: &Results) -> Vec<(u64, Run)> {
    let mut runs = Vec::new();
    for seed in &results.seeds {
        let path = folder.join(seed_folder(*seed));
        let run = RunDir::open(&path).map_err(anyhow::Error::from);
        match run.and_then(|run| Run::read(&run)) {
            Ok(run) => runs.push((*seed, run)),
            Err(error) => tracing::warn!("seed {seed} is left out of the charts: {error:#}"),
        }
    }
    runs
}

/// The same picture of each seed side by side.
fn pictures(folder: &Path, results: &Results) -> Html {
    let mut album = Album::new();
    let mut kinds: Vec<(String, Vec<(String, Picture)>)> = Vec::new();
    for seed in results.seeds.iter().take(MOST_SEEDS) {
        let path = folder.join(seed_folder(*seed)).join("figures");
        for picture in album.pictures(&path) {
            let shown = (format!("seed {seed}"), picture);
            let kind = kinds.iter_mut().find(|(name, _)| *name == shown.1.name);
            match kind {
                Some((_, pictures)) => pictures.push(shown),
                None => kinds.push((shown.1.name.clone(), vec![shown])),
            }
        }
    }
    let mut html = Html::new();
    if !kinds.is_empty() {
        html.markup("<h2>Pictures</h2>\n");
    }
    for (name, pictures) in kinds {
        let title = caption(&name);
        html.element("h3", &title);
        html.append(parts::pictures(&pictures, Some(&title)));
    }
    html
}

fn environments(results: &Results) -> Html {
    let head = [
        "run",
        "minutes",
        "started",
        "processor",
        "threads",
        "device",
        "version",
        "revision",
    ];
    let rows: Vec<Vec<String>> = results
        .runs
        .iter()
        .map(|run| {
            let minutes = run.minutes.map_or_else(|| "-".to_owned(), text::minutes);
            let mut row = vec![format!("seed {}", run.seed), minutes];
            let unknown = || "-".to_owned();
            row.extend(match &run.environment {
                None => vec![unknown(); head.len() - 2],
                Some(found) => vec![
                    found.started.clone(),
                    found.cpu.clone().unwrap_or_else(unknown),
                    found.threads.to_string(),
                    found.device.clone(),
                    format!("{}, {}", found.version, found.rustc),
                    found
                        .git_revision
                        .as_deref()
                        .map_or_else(unknown, docs::short),
                ],
            });
            row
        })
        .collect();
    parts::table(&head.map(str::to_owned), &rows, None)
}
