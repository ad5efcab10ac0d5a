//! The page of one run.

use std::path::Path;
use std::time::Duration;

use aae_eval::prior_moments;
use aae_train::config::Config;
use aae_train::environment::Environment;
use aae_train::metrics::{self, EvaluationLine, Line};
use aae_train::run_dir::RunDir;

use super::epochs::{self, last_of_main_split};
use super::files::{self, Album, MIB, caption};
use super::html::Html;
use super::parts::{self, Card, Fact};
use crate::briefing;
use crate::data;
use crate::evaluate::series;
use crate::experiment::gather::{figures, seconds};
use crate::quantity::MOST_DIMENSIONS;
use crate::summary::{Outcome, Summary};
use crate::text::{count, duration, plural, vector};
use crate::trained::shown_name;

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
    let pictures = Album::new().pictures(&run.figures()).into_iter();
    let pictures: Vec<_> = pictures
        .map(|picture| (caption(&picture.name), picture))
        .collect();
    if !pictures.is_empty() {
        body.markup("<h2>Pictures</h2>\n");
        body.append(parts::pictures(&pictures, None));
    }
    if last.is_some() {
        let lines = page.evaluations.as_slice();
        body.markup("<h2>Over the epochs</h2>\n");
        if let Some(charts) = epochs::charts(&[(String::new(), lines)]) {
            body.append(charts);
        }
        body.append(epochs::table(lines));
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
        let summary: Option<Summary> = files::read(&run.summary(), 4 * MIB)?
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let seconds = summary
            .as_ref()
            .and_then(|summary| seconds(&lines, summary.seconds));
        let evaluations = lines.into_iter().filter_map(|line| match line {
            Line::Evaluation(line) => Some(line),
            Line::Train(_) => None,
        });
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
        // A run that ends with a step is seldom at the end of its last epoch.
        if self.config.max_steps.is_none() {
            facts.push(Fact::new(plural(self.config.epochs, "epoch")));
        }
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
        let mut cards = parts::key_cards(found.keys().copied(), |name, unit| {
            Some(unit.show(*found.get(name)?))
        });
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
        let config = format!("{folder}/config.toml");
        let mut again = words(&["train", "--config", &config, "--name", "again"]);
        let environment = self.environment.as_ref();
        again.extend(data::words(environment.and_then(|e| e.data.as_deref())));
        html.append(parts::command(&what, &again));
        html.append(parts::command(
            "Every figure measured again:",
            &words(&["eval", &folder]),
        ));
        html
    }
}
