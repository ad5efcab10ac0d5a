//! What is seen while training runs: a bar on a terminal, elsewhere a line every few seconds.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use aae_train::metrics::{EvaluationLine, TrainLine};
use aae_train::observer::{Observer, Start, StepReport};
use console::{Term, truncate_str};
use indicatif::ProgressStyle;
use tracing::Span;
use tracing_indicatif::span_ext::IndicatifSpanExt;

use crate::briefing::{self, Beginning};
use crate::evaluate::{
    CLASSIFICATION_ERROR, CLUSTERING_ERROR, COMPONENT_ACCURACY, DISTANCE, DISTANCE_FLOOR,
};
use crate::text::{count, duration, figure, hundredths, percent};

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Tells a person how training goes.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    /// What is already known of the beginning; the numbers come with the start.
    pub(crate) beginning: Beginning<'a>,
    /// Parameters per network, once training has started.
    pub(crate) parameters: Vec<(String, usize)>,
    pub(crate) total_steps: u64,
    epochs: u64,
    bar: Option<Span>,
    last_line: Option<Instant>,
    began: Instant,
    began_at: u64,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(beginning: Beginning<'a>) -> Self {
        Self {
            beginning,
            parameters: Vec::new(),
            total_steps: 0,
            epochs: 0,
            bar: None,
            last_line: None,
            began: Instant::now(),
            began_at: 0,
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&mut self) {
        self.bar = None;
    }

    /// Time left, from the mean time of a step so far.
    fn left(&self, step: u64) -> Duration {
        let done = step.saturating_sub(self.began_at).max(1);
        let left = self.total_steps.saturating_sub(step);
        let seconds = self.began.elapsed().as_secs_f64() * left as f64 / done as f64;
        // More epochs than there is time for are no error.
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// The epoch that has just ended, or the step if training ends within one.
    fn moment(&self, line: &EvaluationLine) -> String {
        match line
            .step
            .is_multiple_of(self.beginning.steps_per_epoch.max(1))
        {
            true => format!("epoch {}/{}", line.epoch, self.epochs),
            false => format!("step {}", count(line.step)),
        }
    }

    fn step_line(&self, line: &TrainLine) -> String {
        let (epochs, total) = (self.epochs, count(self.total_steps));
        format!(
            "epoch {}/{epochs}, step {}/{total}: {}, {}, {} left",
            line.epoch,
            count(line.step),
            losses(line),
            speed(line),
            duration(self.left(line.step))
        )
    }
}

impl Observer for Progress<'_> {
    fn on_start(&mut self, start: &Start<'_>) {
        self.parameters = start.parameters.to_vec();
        self.total_steps = start.total_steps;
        self.epochs = start.total_steps.div_ceil(start.steps_per_epoch.max(1));
        (self.began, self.began_at) = (Instant::now(), start.step);
        briefing::say(&briefing::beginning(&Beginning {
            parameters: start.parameters,
            steps_per_epoch: start.steps_per_epoch,
            total_steps: start.total_steps,
            step: start.step,
            ..self.beginning
        }));
        if start.step < start.total_steps && std::io::stderr().is_terminal() {
            self.bar = Some(bar(start));
        }
    }

    fn on_step(&mut self, report: &StepReport<'_>) {
        if let Some(bar) = &self.bar {
            bar.pb_set_position(report.step);
            if let Some(line) = report.line {
                let left = duration(self.left(line.step));
                let text = format!(
                    "epoch {}/{}, {}, {left} left\n{}",
                    line.epoch,
                    self.epochs,
                    speed(line),
                    losses(line)
                );
                let (_, columns) = Term::stderr().size();
                bar.pb_set_message(&within(&text, columns.into()));
            }
            return;
        }
        if let Some(line) = report.line
            && self
                .last_line
                .is_none_or(|last| last.elapsed() >= LINE_EVERY)
        {
            self.last_line = Some(Instant::now());
            tracing::info!("{}", self.step_line(line));
        }
    }

    fn on_evaluation(&mut self, line: &EvaluationLine) {
        tracing::info!("{}, {}", self.moment(line), worth(line));
    }

    fn on_checkpoint(&mut self, path: &Path, _step: u64) {
        tracing::debug!("saved {}", path.display());
    }

    fn on_warning(&mut self, message: &str) {
        tracing::warn!("{message}");
    }
}

/// The figures of an evaluation that matter while a run trains, in so few words that a terminal of 80 columns shows them whole.
fn worth(line: &EvaluationLine) -> String {
    let get = |name: &str| line.metrics.get(name).copied();
    let mut found = Vec::new();
    for (name, what) in [
        (CLASSIFICATION_ERROR, "wrong"),
        (CLUSTERING_ERROR, "wrong"),
        (COMPONENT_ACCURACY, "own component"),
    ] {
        if let Some(share) = get(name) {
            found.push(format!("{} {what}", percent(share)));
        }
    }
    // A variant without a decoder reconstructs nothing.
    if !line.reconstruction_error.is_nan() {
        found.push(format!("pixel {}", figure(line.reconstruction_error)));
    }
    if let (Some(distance), Some(floor)) = (get(DISTANCE), get(DISTANCE_FLOOR)) {
        found.push(format!(
            "prior {} (draws {})",
            hundredths(distance),
            hundredths(floor)
        ));
    }
    format!("{}: {}", line.split, found.join(", "))
}

/// Every loss, in the order of a step; two discriminators by their codes, so that a terminal of 80 columns shows all losses.
fn losses(line: &TrainLine) -> String {
    const KNOWN: [(&str, &str); 7] = [
        ("reconstruction", "reconstruction"),
        ("discriminator", "discriminator"),
        ("style_discriminator", "style"),
        ("label_discriminator", "label"),
        ("generator", "generator"),
        ("classification", "class"),
        ("head_distance", "heads"),
    ];
    let known = KNOWN
        .iter()
        .filter_map(|(name, short)| Some((*short, line.losses.get(*name)?)));
    let is_known = |name: &str| KNOWN.iter().any(|(known, _)| *known == name);
    let others = line
        .losses
        .iter()
        .map(|(name, loss)| (name.as_str(), loss))
        .filter(|(name, _)| !is_known(name));
    let parts: Vec<String> = known
        .chain(others)
        .map(|(name, loss)| format!("{name} {}", figure(*loss)))
        .collect();
    parts.join(", ")
}

fn speed(line: &TrainLine) -> String {
    format!("{} images/s", count(line.images_per_second.max(0.0) as u64))
}

/// Each line cut to so many columns: a line that a terminal breaks makes the bar jump.
fn within(text: &str, columns: usize) -> String {
    let lines = text.lines().map(|line| truncate_str(line, columns, "…"));
    lines.collect::<Vec<_>>().join("\n")
}

fn bar(start: &Start<'_>) -> Span {
    let span = tracing::info_span!(target: "aae", "training");
    let style = ProgressStyle::with_template("{wide_bar} step {pos}/{len}\n{msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    span.pb_set_style(&style);
    span.pb_set_length(start.total_steps);
    span.pb_set_position(start.step);
    let every = start.config.log_every;
    let first = (start.step / every).saturating_add(1).saturating_mul(every);
    let first = count(first.min(start.total_steps));
    span.pb_set_message(&format!("the first losses come after step {first}\n"));
    span.pb_start();
    span
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_evaluation_is_told_by_what_its_variant_is_judged_by() {
        for (name, split, judged_by) in [
            (CLASSIFICATION_ERROR, "test", "12.50 % wrong"),
            (CLUSTERING_ERROR, "validation", "12.50 % wrong"),
            (COMPONENT_ACCURACY, "test", "12.50 % own component"),
        ] {
            let metrics = [(name, 0.125), (DISTANCE, 0.09), (DISTANCE_FLOOR, 0.02)];
            let line = EvaluationLine {
                step: 1,
                epoch: 1,
                split: split.to_owned(),
                reconstruction_error: 0.25,
                metrics: BTreeMap::from(metrics.map(|(name, value)| (name.to_owned(), value))),
            };
            let text = worth(&line);
            let expected = format!("{split}: {judged_by}, pixel 0.2500, prior 0.09 (draws 0.02)");
            assert_eq!(text, expected);
            // As long as the presets with such a figure train.
            let moment = match name {
                COMPONENT_ACCURACY => "epoch 30/30, ",
                _ => "epoch 300/300, ",
            };
            assert!(moment.len() + text.len() <= 80);
        }
    }

    #[test]
    fn five_losses_fit_into_a_terminal() {
        let losses_of = [
            ("classification", 0.0123),
            ("generator", 1.386),
            ("label_discriminator", 1.386),
            ("reconstruction", 17.25),
            ("style_discriminator", 1.386),
        ];
        let line = TrainLine {
            step: 1,
            epoch: 1,
            losses: BTreeMap::from(losses_of.map(|(name, loss)| (name.to_owned(), loss))),
            lr: BTreeMap::new(),
            images_per_second: 1.0,
            seconds: 1.0,
        };
        let text = losses(&line);
        assert_eq!(
            text,
            "reconstruction 17.25, style 1.386, label 1.386, generator 1.386, class 0.0123"
        );
        assert_eq!(within(&text, 80), text);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let text = "epoch 1/22, 3,000 images/s\nreconstruction 0.0349, discriminator 1.38";
        assert_eq!(within(text, 80), text);
        assert_eq!(
            within(text, 26),
            "epoch 1/22, 3,000 images/s\nreconstruction 0.0349, di…"
        );
    }
}
