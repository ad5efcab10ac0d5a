//! The page of one run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use aae_train::config::Config;
use aae_train::environment::Environment;
use aae_train::metrics::{self, EvaluationLine, Line};
use aae_train::run_dir::RunDir;

use super::chart::{self, chart};
use super::files::{self, Album, MIB};
use super::html::Html;
use super::parts::{self, Card, Fact};
use crate::briefing;
use crate::evaluate::{prior_moments, series};
use crate::experiment::gather::{figures, seconds};
use crate::quantity::{floor, in_order, is_floor, quantity};
use crate::summary::{Outcome, Summary};
use crate::text::{count, duration, plural, vector};
use crate::trained::shown_name;

/// Most figures in the table of evaluations.
const MOST_COLUMNS: usize = 40;
/// Most rows of it.
const MOST_ROWS: usize = 120;
/// Codes of more dimensions have no card of their means and deviations.
const MOST_DIMENSIONS: usize = 3;

/// All that a page says of a run.
pub(super) struct Run {
    pub(super) name: String,
    config: Config,
    toml: String,
    /// In the order of the file.
    pub(super) evaluations: Vec<EvaluationLine>,
    /// Of the last line, if there is one.
    step: Option<u64>,
    summary: Option<Summary>,
    /// Over all interruptions.
    seconds: Option<f64>,
    environment: Option<Environment>,
}

/// The page of a run, finished or not.
///
/// Errors: if a file of the run cannot be read, or is not one that training wrote.
pub(crate) fn of_run(run: &RunDir) -> anyhow::Result<Vec<u8>> {
    let page = Run::read(run)?;
    let mut body = page.head();
    let last = last_of_main_split(&page.evaluations);
    if let Some(last) = last {
        body.element("h2", &format!("Key figures of the {} images", last.split));
        body.append(parts::cards(&page.cards(last)));
    }
    let pictures = parts::captioned(Album::new().pictures(&run.figures()));
    if !pictures.is_empty() {
        body.markup("<h2>Pictures</h2>\n");
        body.append(parts::pictures(&pictures, None));
    }
    if last.is_some() {
        body.markup("<h2>Over the epochs</h2>\n")
            .append(page.charts());
        body.append(page.evaluations_table());
    }
    body.append(parts::configuration(&page.toml));
    if let Some(environment) = &page.environment {
        body.markup("<h2>Environment</h2>\n");
        body.append(parts::definitions(&parts::environment(environment)));
    }
    body.markup("<h2>The same again</h2>\n")
        .append(page.commands(run.path()));
    Ok(parts::page(&page.name, body))
}

impl Run {
    pub(super) fn read(run: &RunDir) -> anyhow::Result<Self> {
        let config = run.read_config()?;
        let lines = match run.metrics().exists() {
            true => metrics::read(&run.metrics())?,
            false => Vec::new(),
        };
        let step = lines.last().map(Line::step);
        let seconds = seconds(&lines, &run.summary());
        let evaluations = lines.into_iter().filter_map(|line| match line {
            Line::Evaluation(line) => Some(line),
            Line::Train(_) => None,
        });
        let summary: Option<Summary> = files::read(&run.summary(), 4 * MIB)?
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let path = run.environment();
        let environment = files::read(&path, MIB)?.and_then(|bytes| {
            let parsed = serde_json::from_slice(&bytes);
            parsed
                .map_err(|error| tracing::warn!("{}: left out: {error}", path.display()))
                .ok()
        });
        Ok(Self {
            name: shown_name(run),
            toml: config.to_toml(),
            config,
            evaluations: evaluations.collect(),
            step,
            // A run that goes on is soon beyond the summary that its interruption left.
            summary: summary.filter(|summary| step <= Some(summary.step)),
            seconds,
            environment,
        })
    }

    fn head(&self) -> Html {
        let mut facts = vec![match self.summary.as_ref().map(|summary| summary.outcome) {
            Some(Outcome::Finished) => Fact {
                text: "finished".to_owned(),
                tag: "li class=good",
            },
            Some(Outcome::Diverged) => Fact {
                text: "diverged".to_owned(),
                tag: "li class=bad",
            },
            Some(Outcome::Stopped) => Fact::new("stopped before its end"),
            None => Fact::new("not ended"),
        }];
        let step = self
            .summary
            .as_ref()
            .map(|summary| summary.step)
            .or(self.step);
        facts.extend(step.map(|step| Fact::new(plural(step, "step"))));
        facts.push(Fact::new(plural(self.config.epochs, "epoch")));
        facts.push(parts::batch(&self.config));
        facts.push(Fact::new(format!("seed {}", self.config.seed)));
        if let Some(summary) = &self.summary {
            let seconds = self.seconds.unwrap_or(summary.seconds);
            let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
            facts.push(Fact::new(duration(time)));
            let all: usize = summary
                .parameters
                .values()
                .fold(0, |sum, n| sum.saturating_add(*n));
            facts.push(Fact::new(format!("{} parameters", count(all as u64))));
        }
        let what = briefing::what(&self.config);
        let mut characters = what.chars();
        let first = characters.next().map(|c| c.to_uppercase().to_string());
        let sentence = first.unwrap_or_default() + characters.as_str();
        parts::head(&self.name, &sentence, &facts)
    }

    fn cards(&self, last: &EvaluationLine) -> Vec<Card> {
        let found = figures(last);
        let mut cards: Vec<Card> = in_order(found.keys().copied())
            .into_iter()
            .filter_map(|name| {
                let quantity = quantity(name);
                let floor = found.get(floor(name).as_str());
                quantity.key.then(|| Card {
                    value: quantity.unit.show(found[name]),
                    beside: floor.map(|floor| {
                        format!(
                            "beside {} between draws and draws",
                            quantity.unit.show(*floor)
                        )
                    }),
                    meaning: quantity.meaning.to_owned(),
                    label: quantity.label,
                })
            })
            .collect();
        let (mean, std) = (series(&last.metrics, "mean"), series(&last.metrics, "std"));
        let dim = self.config.model.latent_dim;
        if mean.len() == dim && std.len() == dim && dim <= MOST_DIMENSIONS {
            let (of_mean, of_std) = prior_moments(&self.config.prior, dim, self.config.seed);
            let moments = [
                (
                    "mean of the codes",
                    mean,
                    of_mean,
                    "Where the codes lie, in each dimension.",
                ),
                (
                    "deviation of the codes",
                    std,
                    of_std,
                    "How far the codes spread, in each dimension.",
                ),
            ];
            cards.extend(moments.map(|(label, of_codes, of_prior, meaning)| Card {
                label: label.to_owned(),
                value: vector(&of_codes),
                beside: Some(format!("beside {} of the prior", vector(&of_prior))),
                meaning: meaning.to_owned(),
            }));
        }
        cards
    }

    fn charts(&self) -> Html {
        charts(&[(String::new(), self.evaluations.as_slice())])
    }

    /// A row for each evaluation, of very many some and the last; below them what draws of the prior show among themselves.
    fn evaluations_table(&self) -> Html {
        let all = self.evaluations.iter();
        let names: BTreeSet<&str> = all
            .clone()
            .flat_map(|line| figures(line).into_keys())
            .collect();
        let mut names = in_order(names.into_iter().filter(|name| !is_floor(name)));
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
        if rows.len() < self.evaluations.len() {
            let all = self.evaluations.len();
            html.element("p", &format!("{} of {all} evaluations.", rows.len()));
        }
        if let Some(line) = last_of_main_split(&self.evaluations) {
            let found = figures(line);
            let floors = names
                .iter()
                .map(|name| found.get(floor(name).as_str()).copied());
            if floors.clone().flatten().next().is_some() {
                let cells = floors.zip(&names);
                let cells = cells.map(|(value, name)| {
                    value.map_or_else(String::new, |value| show(name, Some(value)))
                });
                rows.push(labelled(["draws and draws", "", ""], cells.collect()));
            }
        }
        html.append(parts::table(&head, &rows, None));
        html
    }

    fn commands(&self, folder: &Path) -> Html {
        let folder = folder.display().to_string();
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let mut html = Html::new();
        if let Some(environment) = &self.environment {
            let words = environment.command_line.get(1..).unwrap_or_default();
            html.append(parts::command("It was started with:", words));
        }
        let from = match self.config.warm_start_folder() {
            Some(run) => format!(
                ", the same images and the run it began with ({})",
                run.display()
            ),
            None => " and the same images".to_owned(),
        };
        let what = format!(
            "The same bytes again, from its configuration{from}, on any number of threads:"
        );
        html.append(parts::command(
            &what,
            &words(&[
                "train",
                "--config",
                &format!("{folder}/config.toml"),
                "--name",
                "again",
            ]),
        ));
        html.append(parts::command(
            "Every figure measured again:",
            &words(&["eval", &folder]),
        ));
        html
    }
}

/// A figure with its unit, or a dash.
fn show(name: &str, value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| quantity(name).unit.show(value))
}

/// The last evaluation of the test images, or else of the first split there is.
pub(super) fn last_of_main_split(evaluations: &[EvaluationLine]) -> Option<&EvaluationLine> {
    let of = |split: &str| evaluations.iter().rev().find(|line| line.split == split);
    of("test").or_else(|| of(&evaluations.first()?.split))
}

/// A chart for each key figure of the main split, with a line for each run, which are named.
pub(super) fn charts(runs: &[(String, &[EvaluationLine])]) -> Html {
    let Some(last) = runs.iter().find_map(|(_, lines)| last_of_main_split(lines)) else {
        return Html::new();
    };
    let names = figures(last).into_keys().filter(|name| quantity(name).key);
    let mut html = Html::new();
    html.markup("<div class=charts>\n");
    for name in in_order(names) {
        let quantity = quantity(name);
        let scale = quantity.unit.scale();
        let lines: Vec<chart::Line> = runs
            .iter()
            .map(|(run, lines)| chart::Line {
                name: run.clone(),
                points: points(lines, &last.split, name, scale),
            })
            .collect();
        let floors: Vec<f64> = runs
            .iter()
            .filter_map(|(_, lines)| last_of_main_split(lines))
            .filter_map(|line| figures(line).get(floor(name).as_str()).copied())
            .collect();
        let floor =
            (!floors.is_empty()).then(|| scale * floors.iter().sum::<f64>() / floors.len() as f64);
        let dashed = if floor.is_some() {
            "; dashed: draws and draws"
        } else {
            ""
        };
        let title = format!("{}{}{dashed}", quantity.label, quantity.unit.suffix());
        if let Some(chart) = chart(&title, &lines, floor) {
            html.append(chart);
        }
    }
    html.markup("</div>\n");
    html
}

/// By whole epochs; of two evaluations in one, as where a run ends within it, that after the whole one.
fn points(lines: &[EvaluationLine], split: &str, name: &str, scale: f64) -> Vec<(f64, f64)> {
    let of_split = lines.iter().filter(|line| line.split == split);
    let mut by_epoch = BTreeMap::new();
    for line in of_split {
        if let Some(value) = figures(line).get(name) {
            by_epoch.entry(line.epoch).or_insert(value * scale);
        }
    }
    by_epoch
        .into_iter()
        .map(|(epoch, value)| (epoch as f64, value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_evaluations_whole_steps_are_shown() {
        let line = |step: u64, split: &str| EvaluationLine {
            step,
            epoch: step,
            split: split.to_owned(),
            reconstruction_error: 0.5,
            metrics: BTreeMap::new(),
        };
        let config = Config::resolve("aae", None, &[]).unwrap();
        let page = Run {
            name: "run".to_owned(),
            toml: config.to_toml(),
            config,
            evaluations: (1..=100)
                .flat_map(|step| ["validation", "test"].map(|split| line(step, split)))
                .collect(),
            step: Some(100),
            summary: None,
            seconds: None,
            environment: None,
        };
        let table = String::from_utf8(page.evaluations_table().into_bytes()).unwrap();
        let rows = |split: &str| table.matches(&format!("<td>{split}<")).count();
        assert_eq!((rows("test"), rows("validation")), (51, 51), "{table}");
        assert!(table.contains("102 of 200 evaluations."));
    }
}
