//! What a training took beside its steps: the way to the first of them, evaluations, figures, memory.

use std::fmt;
use std::time::{Duration, Instant};

use aae_train::memory;
use aae_train::observer::{Observer, StepReport};
use serde::{Deserialize, Serialize};

/// The costs of one process's training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Costs {
    /// From before the data was read until the first step was done; none if no step was left.
    pub(crate) first_step_seconds: Option<f64>,
    /// Time in evaluations.
    pub(crate) evaluation_seconds: f64,
    /// Time that training waited for figures, those after the last step included.
    pub(crate) figures_seconds: f64,
    /// The most memory that the process has held so far; none where the system does not tell.
    pub(crate) peak_memory_bytes: Option<u64>,
}

impl Costs {
    pub(crate) fn new(
        first_step: Option<Duration>,
        evaluation: Duration,
        figures: Duration,
    ) -> Self {
        Self {
            first_step_seconds: first_step.map(|time| time.as_secs_f64()),
            evaluation_seconds: evaluation.as_secs_f64(),
            figures_seconds: figures.as_secs_f64(),
            peak_memory_bytes: memory::peak(),
        }
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seconds) = self.first_step_seconds {
            write!(f, "the first step was done after {seconds:.2} s; ")?;
        }
        let (evaluations, figures) = (self.evaluation_seconds, self.figures_seconds);
        write!(
            f,
            "evaluations took {evaluations:.1} s, figures {figures:.1} s"
        )?;
        match self.peak_memory_bytes {
            Some(bytes) => write!(f, "; memory: {} MiB at most", bytes >> 20),
            None => Ok(()),
        }
    }
}

/// Sees when the first step is done.
#[derive(Debug)]
pub(crate) struct FirstStep {
    began: Instant,
    /// How long that took since the beginning.
    pub(crate) after: Option<Duration>,
}

impl FirstStep {
    pub(crate) fn since(began: Instant) -> Self {
        Self { began, after: None }
    }
}

impl Observer for FirstStep {
    fn on_step(&mut self, _report: &StepReport<'_>) {
        self.after.get_or_insert_with(|| self.began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_told_in_a_line() {
        let mut costs = Costs::new(
            Some(Duration::from_millis(312)),
            Duration::from_secs(20),
            Duration::from_millis(1_540),
        );
        costs.peak_memory_bytes = Some(236 << 20);
        assert_eq!(
            costs.to_string(),
            "the first step was done after 0.31 s; evaluations took 20.0 s, figures 1.5 s; memory: 236 MiB at most"
        );
        let unknown = Costs::default().to_string();
        assert_eq!(unknown, "evaluations took 0.0 s, figures 0.0 s");
    }
}
