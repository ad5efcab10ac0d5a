//! What a resumed run finds missing in `metrics.jsonl`: every line that was due up to its checkpoint, and is not there.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::Config;
use crate::metrics::{Cut, Line};

/// A kind of lines, and when they are due: every so many steps, and after the last.
pub(super) struct Due {
    kind: Kind,
    every: u64,
    total: u64,
}

enum Kind {
    Losses,
    /// Of this split.
    Evaluation(&'static str),
}

/// The lines that training writes.
pub(super) fn due(
    config: &Config,
    steps_per_epoch: u64,
    total: u64,
    splits: &[&'static str],
) -> Vec<Due> {
    let losses = (Kind::Losses, config.log_every);
    let evaluations = config.evaluate_every.saturating_mul(steps_per_epoch);
    let of_split = |split: &&'static str| (Kind::Evaluation(split), evaluations);
    let kinds = std::iter::once(losses).chain(splits.iter().map(of_split));
    kinds
        .map(|(kind, every)| Due { kind, every, total })
        .collect()
}

/// What is to be said of a metrics file that was cut back to `step`: damage, lost lines, and steps that are trained again.
pub(super) fn warnings(
    path: &Path,
    cut: &Cut,
    step: u64,
    checkpoint_every: u64,
    due: &[Due],
) -> Vec<String> {
    let path = path.display();
    let mut warnings = Vec::new();
    // A process that is killed while it saves the next checkpoint leaves lines up to that one's step, and no further.
    if cut.reached > step.saturating_add(checkpoint_every) {
        warnings.push(format!(
            "{path}: reaches step {}, but no good checkpoint after step {step} was found: the steps between are trained again",
            cut.reached
        ));
    }
    if let Some(copy) = &cut.copy {
        warnings.push(format!(
            "{path}: line {} cannot be read, and it and what follows was removed; the whole file is kept as {}",
            cut.kept.len() + 1,
            copy.display()
        ));
    }
    for due in due {
        let Some(Lost { lines, of, first }) = due.lost(&cut.kept, step) else {
            continue;
        };
        let what = match due.kind {
            Kind::Losses => "lines of losses".to_owned(),
            Kind::Evaluation(split) => format!("evaluations of {split} images"),
        };
        warnings.push(format!(
            "{path}: lost: {lines} of the {of} {what} up to step {step}, the first that of step {first}; the training itself is whole"
        ));
    }
    warnings
}

/// Lines that are not there.
struct Lost {
    lines: u64,
    /// As many were due.
    of: u64,
    first: u64,
}

impl Due {
    fn is_at(&self, step: u64) -> bool {
        step > 0 && (step.is_multiple_of(self.every) || step == self.total)
    }

    fn is_of_this_kind(&self, line: &Line) -> bool {
        match (&self.kind, line) {
            (Kind::Losses, Line::Train(_)) => true,
            (Kind::Evaluation(split), Line::Evaluation(line)) => line.split == *split,
            _ => false,
        }
    }

    /// Which of `lines` are missing up to `step`.
    ///
    /// It counts the lines that are there, not the steps: a checkpoint may claim any number of those.
    fn lost(&self, lines: &[Line], step: u64) -> Option<Lost> {
        let found: BTreeSet<u64> = lines
            .iter()
            .filter(|line| self.is_of_this_kind(line))
            .map(Line::step)
            .filter(|at| *at <= step && self.is_at(*at))
            .collect();
        let last = step == self.total && !step.is_multiple_of(self.every);
        let of = step / self.every + u64::from(last);
        let lines = of.saturating_sub(found.len() as u64);
        if lines == 0 {
            return None;
        }
        let mut due = (1..).map(|k: u64| k.saturating_mul(self.every).min(step));
        let first = due.find(|at| !found.contains(at))?;
        Some(Lost { lines, of, first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::EvaluationLine;

    fn lost(every: u64, total: u64, step: u64, found: &[u64]) -> Option<(u64, u64, u64)> {
        let line = |step: &u64| {
            Line::Evaluation(EvaluationLine {
                step: *step,
                epoch: 0,
                split: "test".to_owned(),
                reconstruction_error: 0.5,
                metrics: Default::default(),
            })
        };
        let lines: Vec<Line> = found.iter().map(line).collect();
        let of = |kind| Due { kind, every, total }.lost(&lines, step);
        // A line of one kind does not stand for one of another.
        let of_losses = of(Kind::Losses).map_or(0, |lost| lost.lines);
        let due = step / every + u64::from(step == total && !step.is_multiple_of(every));
        assert_eq!(of_losses, due);
        let Lost { lines, of, first } = of(Kind::Evaluation("test"))?;
        Some((lines, of, first))
    }
    #[test]
    fn every_line_that_was_due_is_counted() {
        assert_eq!(lost(10, 40, 40, &[10, 20, 30, 40]), None);
        assert_eq!(lost(10, 40, 40, &[]), Some((4, 4, 10)));
        assert_eq!(lost(10, 40, 35, &[10, 30]), Some((1, 3, 20)));
        // Neither what is due at no time, nor a line that is there twice, nor one of a later step stands for another.
        assert_eq!(lost(10, 40, 30, &[10, 10, 15, 30, 40]), Some((1, 3, 20)));
        assert_eq!(lost(10, 40, 9, &[]), None);
    }

    #[test]
    fn the_last_step_has_a_line_wherever_it_falls() {
        assert_eq!(lost(50, 40, 40, &[40]), None);
        assert_eq!(lost(50, 40, 40, &[]), Some((1, 1, 40)));
        assert_eq!(lost(15, 40, 40, &[15, 30]), Some((1, 3, 40)));
        assert_eq!(lost(50, 40, 39, &[]), None);
    }

    #[test]
    fn a_step_beyond_counting_is_answered_at_once() {
        let most = u64::MAX;
        assert_eq!(lost(1, most, most, &[1]), Some((most - 1, most, 2)));
        assert_eq!(lost(most, most, most, &[]), Some((1, 1, most)));
    }
}
