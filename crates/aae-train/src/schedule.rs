//! Learning-rate schedules: what the rate of an optimizer is multiplied with at each step.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How a learning rate changes during a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// The rate stays.
    Constant {},
    /// The rate is multiplied by `factor` at the start of each of `at_epochs`.
    Step {
        /// Epochs, counted from 0, strictly ascending, none of them 0.
        at_epochs: Vec<u64>,
        /// In `(0, 1]`.
        factor: f64,
    },
    /// The rate falls along half a cosine from its full value before the first step to `floor` of it after the last.
    Cosine {
        /// Share of the rate that is left at the end, in `[0, 1]`.
        floor: f64,
    },
}

impl Schedule {
    /// What the learning rate is multiplied with in step number `step`, counted from 0.
    ///
    /// Units: all three in steps; `steps_per_epoch` and `total_steps` at least 1. A step beyond `total_steps` has the last factor.
    pub fn factor(&self, step: u64, steps_per_epoch: u64, total_steps: u64) -> f64 {
        match self {
            Self::Constant {} => 1.0,
            Self::Step { at_epochs, factor } => {
                let epoch = step / steps_per_epoch.max(1);
                let passed = at_epochs.iter().filter(|at| **at <= epoch).count();
                (0..passed).fold(1.0, |product, _| product * factor)
            }
            Self::Cosine { floor } => {
                let done = (step as f64 / total_steps.max(1) as f64).min(1.0);
                floor + (1.0 - floor) * 0.5 * (1.0 + (PI * done).cos())
            }
        }
    }

    /// Every value that makes no sense, as field and message; empty if all is well.
    pub(crate) fn validate(&self) -> Vec<(&'static str, String)> {
        let mut errors = Vec::new();
        match self {
            Self::Constant {} => {}
            Self::Step { at_epochs, factor } => {
                let ascending = at_epochs.windows(2).all(|pair| pair[0] < pair[1]);
                if at_epochs.first().is_none_or(|first| *first == 0) || !ascending {
                    let expected = "epochs from 1 on, strictly ascending, at least one";
                    errors.push((
                        "at_epochs",
                        format!("expected {expected}, found {at_epochs:?}"),
                    ));
                }
                if !(*factor > 0.0 && *factor <= 1.0) {
                    errors.push((
                        "factor",
                        format!("expected a number above 0 and at most 1, found {factor}"),
                    ));
                }
            }
            Self::Cosine { floor } => {
                if !(0.0..=1.0).contains(floor) {
                    errors.push((
                        "floor",
                        format!("expected a number from 0 to 1, found {floor}"),
                    ));
                }
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_is_one_for_ever() {
        for step in [0, 1, 1000, u64::MAX] {
            assert_eq!(Schedule::Constant {}.factor(step, 10, 100), 1.0);
        }
    }

    #[test]
    fn step_falls_at_the_first_step_of_each_named_epoch() {
        let schedule = Schedule::Step {
            at_epochs: vec![2, 5],
            factor: 0.1,
        };
        let factors: Vec<f64> = [0, 19, 20, 49, 50, 999]
            .iter()
            .map(|step| schedule.factor(*step, 10, 100))
            .collect();
        assert_eq!(factors, [1.0, 1.0, 0.1, 0.1, 0.1 * 0.1, 0.1 * 0.1]);
    }

    #[test]
    fn cosine_goes_from_one_through_the_middle_to_its_floor() {
        // >>> import math; [f + (1 - f) * 0.5 * (1 + math.cos(math.pi * t)) for t in (0, 0.25, 0.5, 1)]  # f = 0.2
        let schedule = Schedule::Cosine { floor: 0.2 };
        for (step, expected) in [
            (0, 1.0),
            (25, 0.882_842_712_474_619),
            (50, 0.6),
            (100, 0.2),
            (500, 0.2),
        ] {
            assert!(
                (schedule.factor(step, 10, 100) - expected).abs() < 1e-12,
                "step {step}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused_field_by_field() {
        let step = |at_epochs: &[u64], factor| {
            let errors = Schedule::Step {
                at_epochs: at_epochs.to_vec(),
                factor,
            }
            .validate();
            errors
                .into_iter()
                .map(|(field, _)| field)
                .collect::<Vec<_>>()
        };
        assert_eq!(step(&[1, 2], 0.5), Vec::<&str>::new());
        assert_eq!(step(&[], 0.5), ["at_epochs"]);
        assert_eq!(step(&[0, 1], 0.5), ["at_epochs"]);
        assert_eq!(step(&[2, 2], f64::NAN), ["at_epochs", "factor"]);
        assert_eq!(step(&[2], 0.0), ["factor"]);
        assert_eq!(Schedule::Cosine { floor: -0.1 }.validate().len(), 1);
        assert_eq!(Schedule::Cosine { floor: f64::NAN }.validate().len(), 1);
    }
}
