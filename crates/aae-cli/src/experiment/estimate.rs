//! A figure over several seeds: its mean, and how far the mean itself may be off.

use serde::{Deserialize, Serialize};

use crate::quantity::Unit;
use crate::text::figure;

/// A figure of several runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Estimate {
    /// Over the runs; absent if a run lacks the figure, or it is not finite there.
    pub(crate) mean: Option<f64>,
    /// Standard error of the mean: the sample standard deviation (n - 1) divided by the root of n; absent for one run.
    pub(crate) standard_error: Option<f64>,
    /// In the order of the seeds; null where a run lacks the figure, or it is not finite there.
    pub(crate) values: Vec<Option<f64>>,
}

impl Estimate {
    pub(crate) fn of(values: Vec<Option<f64>>) -> Self {
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        let values: Vec<Option<f64>> = values.into_iter().map(finite).collect();
        let all: Option<Vec<f64>> = values.iter().copied().collect();
        let (mean, standard_error) = match all.as_deref() {
            None | Some([]) => (None, None),
            Some([one]) => (Some(*one), None),
            Some(all) => {
                let n = all.len() as f64;
                let mean = all.iter().sum::<f64>() / n;
                let squares: f64 = all.iter().map(|value| (value - mean).powi(2)).sum();
                (Some(mean), Some((squares / (n - 1.0) / n).sqrt()))
            }
        };
        Self {
            mean,
            standard_error,
            values,
        }
    }

    /// `2.10 ± 0.05 %`; of one run `2.10 %`; `-` if there is no mean.
    pub(crate) fn show(&self, unit: Unit) -> String {
        let number = self.number(unit);
        match self.mean {
            Some(_) => number + unit.suffix(),
            None => number,
        }
    }

    /// As [`show`](Self::show), without the unit.
    pub(crate) fn number(&self, unit: Unit) -> String {
        match (self.mean, self.standard_error) {
            (None, _) => "-".to_owned(),
            (Some(mean), None) => unit.number(mean),
            (Some(mean), Some(error)) => plus_minus(mean, error, unit),
        }
    }

    /// The figure of one of the runs, without the unit: with the places of the mean, where it would have fewer, so that one sees how far from
    /// that it is.
    pub(crate) fn one(&self, value: f64, unit: Unit) -> String {
        let alone = unit.number(value);
        let decimals = alone.split_once('.').map_or(0, |(_, digits)| digits.len());
        let error = self.standard_error.filter(|_| unit != Unit::Count);
        match error.and_then(|error| places(error * unit.scale())) {
            Some(places) if places > decimals => format!("{:.places$}", value * unit.scale()),
            _ => alone,
        }
    }
}

/// A mean to the place of the first digit of its standard error, rounded; to the second, if that first is a 1.
fn plus_minus(mean: f64, error: f64, unit: Unit) -> String {
    // Equal values have no error, but for what rounding leaves.
    let error = if error < 1e-12 * mean.abs() {
        0.0
    } else {
        error * unit.scale()
    };
    let Some(places) = places(error) else {
        return format!("{} ± {}", unit.number(mean), figure(error));
    };
    let mean = format!("{:.places$}", mean * unit.scale());
    let nought = mean.chars().all(|c| "-0.".contains(c));
    let mean = if nought {
        mean.trim_start_matches('-')
    } else {
        &mean
    };
    format!("{mean} ± {error:.places$}")
}

/// The places that a standard error leaves to its mean; nothing if there is none, or so small a one that it is written with an exponent.
fn places(error: f64) -> Option<usize> {
    const MOST_PLACES: i32 = 7;
    // No error at all has no first digit.
    if !error.is_normal() {
        return None;
    }
    let exponent = error.log10().floor();
    // From 1.95 on two digits would be 2.0.
    let is_one = error / 10_f64.powf(exponent) < 1.95;
    let places = i32::from(is_one) - exponent as i32;
    (places <= MOST_PLACES).then_some(places.max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_standard_error_are_those_of_the_textbook() {
        // >>> numpy.std([1, 2, 4, 9], ddof=1) / 2
        let estimate = Estimate::of([1.0, 2.0, 4.0, 9.0].map(Some).to_vec());
        assert_eq!(estimate.mean, Some(4.0));
        let error = estimate.standard_error.unwrap();
        assert!((error - 1.779_513_042_005_219_4).abs() < 1e-12, "{error}");
    }

    #[test]
    fn one_run_has_no_standard_error_and_shows_none() {
        let estimate = Estimate::of(vec![Some(0.021_04)]);
        assert_eq!(
            (estimate.mean, estimate.standard_error),
            (Some(0.021_04), None)
        );
        assert_eq!(estimate.show(Unit::Share), "2.10 %");
    }

    #[test]
    fn ten_thousand_images_have_two_places_of_a_per_cent() {
        let show = |values: &[f64]| {
            let values = values.iter().copied().map(Some).collect();
            Estimate::of(values).show(Unit::Share)
        };
        assert_eq!(show(&[0.0686]), "6.86 %");
        assert_eq!(show(&[0.8]), "80.00 %");
        assert_eq!(show(&[0.0105, 0.0105]), "1.05 ± 0 %");
        // No share, whatever it is called.
        assert_eq!(show(&[1e30]), "1.000e32 %");
    }

    #[test]
    fn a_figure_of_one_run_has_the_places_of_the_mean_or_more() {
        let estimate = |values: &[f64]| Estimate::of(values.iter().copied().map(Some).collect());
        let found = estimate(&[0.030_81, 0.030_92, 0.031_03]);
        assert_eq!(found.show(Unit::Plain), "0.03092 ± 0.00006");
        assert_eq!(found.one(0.030_81, Unit::Plain), "0.03081");
        assert_eq!(found.one(0.030_81, Unit::Share), "3.081");
        let found = estimate(&[339.4, 344.6]);
        assert_eq!(found.show(Unit::Nats), "342 ± 3 nats");
        assert_eq!(found.one(339.4, Unit::Nats), "339.4");
        assert_eq!(estimate(&[0.0, 1.0]).one(1.0, Unit::Count), "1");
        assert_eq!(estimate(&[0.5]).one(0.5, Unit::Plain), "0.5000");
    }

    #[test]
    fn a_count_is_whole_and_its_mean_is_not() {
        let show = |values: &[f64]| {
            let values = values.iter().copied().map(Some).collect();
            Estimate::of(values).show(Unit::Count)
        };
        assert_eq!(show(&[1.0]), "1");
        assert_eq!(show(&[10_000.0]), "10,000");
        assert_eq!(show(&[0.0, 1.0]), "0.5 ± 0.5");
        assert_eq!(show(&[-1.5]), "-1.500");
    }

    #[test]
    fn a_figure_that_a_run_lacks_has_no_mean() {
        for missing in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            let estimate = Estimate::of(vec![Some(1.0), missing]);
            assert_eq!((estimate.mean, estimate.standard_error), (None, None));
            assert_eq!(estimate.values, [Some(1.0), None]);
            assert_eq!(estimate.show(Unit::Nats), "-");
        }
    }

    #[test]
    fn a_mean_has_as_many_places_as_its_standard_error() {
        for (mean, error, expected) in [
            (0.034_98, 0.000_21, "0.0350 ± 0.0002"),
            (0.034_98, 0.000_12, "0.03498 ± 0.00012"),
            (2.104, 0.0496, "2.10 ± 0.05"),
            (2.104, 0.096, "2.10 ± 0.10"),
            (340.2, 2.4, "340 ± 2"),
            (9.257, 1.543, "9.3 ± 1.5"),
            (9.257, 1.96, "9 ± 2"),
            (1234.5, 45.0, "1234 ± 45"),
            (-0.001, 0.3, "0.0 ± 0.3"),
            (0.5, 0.0, "0.5000 ± 0"),
            (1.269, 1.227e-16, "1.269 ± 0"),
            (1e-9, 2e-10, "1.000e-9 ± 2.000e-10"),
        ] {
            assert_eq!(plus_minus(mean, error, Unit::Plain), expected);
        }
    }
}
