//! The checks that the priors share, and the error that they report.

use std::fmt;
use std::ops::RangeInclusive;

/// One value that a prior cannot work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// Name of the field inside the prior's table, such as `std`.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
}

impl FieldError {
    pub(super) fn new(field: &str, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self {
            field: field.to_string(),
            message: format!("expected {expected}, found {found}"),
        }
    }
}

/// Positions and scales beyond this are no codes: squares and exponentials of them leave `f32`.
const LARGEST: f64 = 1e6;

/// A scale below this makes draws that `f32` cannot tell apart.
const SMALLEST: f64 = 1e-6;

/// Collects an error if `value` is no position: infinite, not a number, or huge.
pub(super) fn position(errors: &mut Vec<FieldError>, field: &str, value: f64) {
    within(errors, field, value, -LARGEST..=LARGEST);
}

/// Collects an error if `value` is no scale: not above 0, infinite, not a number, tiny or huge.
pub(super) fn scale(errors: &mut Vec<FieldError>, field: &str, value: f64) {
    within(errors, field, value, SMALLEST..=LARGEST);
}

/// Collects an error if codes are not two-dimensional. `prior` names the prior for the reader.
pub(super) fn planar(errors: &mut Vec<FieldError>, prior: &str, latent_dim: usize) {
    if latent_dim != 2 {
        let expected = format!("another prior than {prior}, which needs model.latent_dim = 2");
        let found = format!("model.latent_dim = {latent_dim}");
        errors.push(FieldError::new("kind", expected, found));
    }
}

fn within(errors: &mut Vec<FieldError>, field: &str, value: f64, range: RangeInclusive<f64>) {
    // A NaN is in no range.
    if !range.contains(&value) {
        let expected = format!("a number from {:e} to {:e}", range.start(), range.end());
        errors.push(FieldError::new(field, expected, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_a_number_infinity_zero_and_negative_values_are_no_scales() {
        for value in [f64::NAN, f64::INFINITY, 0.0, -1.0, 1e-9, 1e9] {
            let mut errors = Vec::new();
            scale(&mut errors, "std", value);
            assert_eq!(errors.len(), 1, "{value}");
            assert_eq!(errors[0].field, "std");
            let says = "std: expected a number from 1e-6 to 1e6, found ";
            assert_eq!(errors[0].to_string(), format!("{says}{value}"));
        }
        let mut errors = Vec::new();
        scale(&mut errors, "std", 5.0);
        assert_eq!(errors, []);
    }

    #[test]
    fn the_message_says_what_was_expected_and_what_was_found() {
        let mut errors = Vec::new();
        scale(&mut errors, "std", -1.0);
        position(&mut errors, "mean", f64::NAN);
        planar(&mut errors, "swiss_roll", 8);
        let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "expected a number from 1e-6 to 1e6, found -1",
                "expected a number from -1e6 to 1e6, found NaN",
                "expected another prior than swiss_roll, which needs model.latent_dim = 2, \
                 found model.latent_dim = 8",
            ]
        );
    }
}
