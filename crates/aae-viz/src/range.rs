//! Ranges of values that axes can show, whatever the values are.

/// Values beyond this are drawn as if here, so that differences stay finite.
const LARGEST: f64 = 1e100;
/// Values closer than this are drawn as one.
const SMALLEST: f64 = 1e-100;

/// An interval with `low < high`, both finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Range {
    /// The smallest range around the finite `values`; `[0, 1]` if there are none, and some width if they are all alike.
    pub(crate) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|v| v.is_finite()) {
            low = low.min(value.clamp(-LARGEST, LARGEST));
            high = high.max(value.clamp(-LARGEST, LARGEST));
        }
        if low > high {
            return Self {
                low: 0.0,
                high: 1.0,
            };
        }
        let magnitude = low.abs().max(high.abs());
        if high - low <= (magnitude * 1e-6).max(SMALLEST) {
            let reach = if magnitude > SMALLEST {
                magnitude * 0.1
            } else {
                1.0
            };
            return Self {
                low: low - reach,
                high: high + reach,
            };
        }
        Self { low, high }
    }

    /// The range around most of the `values`: a value further from the middle 98 % than these are wide is left out.
    pub(crate) fn around_most(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|v| v.is_finite());
        let mut sorted: Vec<f64> = finite.map(|v| v.clamp(-LARGEST, LARGEST)).collect();
        sorted.sort_by(f64::total_cmp);
        let middle = Self::around([quantile(&sorted, 0.01), quantile(&sorted, 0.99)]);
        let fence = middle.padded(1.0);
        Self::around(sorted.into_iter().filter(|&v| fence.contains(v)))
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    pub(crate) fn width(&self) -> f64 {
        self.high - self.low
    }

    /// Wider by the share `amount` of its width at both ends.
    pub(crate) fn padded(self, amount: f64) -> Self {
        let more = self.width() * amount;
        Self {
            low: self.low - more,
            high: self.high + more,
        }
    }

    /// The range of `width` with the same middle.
    pub(crate) fn resized(self, width: f64) -> Self {
        let middle = self.low + self.width() / 2.0;
        Self {
            low: middle - width / 2.0,
            high: middle + width / 2.0,
        }
    }

    pub(crate) fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Where `value` lies, 0 at the low end and 1 at the high end.
    pub(crate) fn share(&self, value: f64) -> f64 {
        (value - self.low) / self.width()
    }
}

/// The value below which the share `q` of the ascending `sorted` lies (nearest rank); not a number if there is none.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(rank).copied().unwrap_or(f64::NAN)
}

/// Round numbers in `range`, at most about `most` of them, as (value, label).
pub(crate) fn ticks(range: Range, most: usize) -> Vec<(f64, String)> {
    let rough = range.width() / most.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|&step| step >= rough * 0.999)
        .unwrap_or(10.0 * power);
    let first = (range.low / step - 1e-9).ceil();
    let count = ((range.high / step + 1e-9).floor() - first).max(0.0) as usize;
    (0..=count.min(3 * most))
        .map(|index| (first + index as f64) * step)
        .filter(|&value| range.padded(1e-9).contains(value))
        .map(|value| (value, number(value, step)))
        .collect()
}

/// Round numbers whose decimal logarithms lie in `range`, as (logarithm, label): 1, 2, 3 and 5 of each power of ten, or
/// fewer or other ones where these would be too many or too few.
pub(crate) fn log_ticks(range: Range) -> Vec<(f64, String)> {
    let powers = |factors: &[f64], every: i32| -> Vec<(f64, String)> {
        (range.low.floor() as i32..=range.high.ceil() as i32)
            .filter(|power| power.rem_euclid(every) == 0)
            .flat_map(|power| {
                factors
                    .iter()
                    .map(move |factor| factor * 10_f64.powi(power))
            })
            .filter(|value| range.contains(value.log10()))
            .map(|value| (value.log10(), number(value, value)))
            .collect()
    };
    let finest = powers(&[1.0, 2.0, 3.0, 5.0], 1);
    if finest.len() < 3 {
        let values = Range {
            low: 10_f64.powf(range.low),
            high: 10_f64.powf(range.high),
        };
        let log = |(value, label): (f64, String)| (value.log10(), label);
        return ticks(values, 5).into_iter().map(log).collect();
    }
    let decades = (range.width() / 8.0).ceil() as i32;
    [finest, powers(&[1.0, 2.0, 5.0], 1)]
        .into_iter()
        .find(|ticks| ticks.len() <= 8)
        .unwrap_or_else(|| powers(&[1.0], decades))
}

/// `value` as axes print it: only the decimals that `step` needs, a true minus sign, thousands set apart.
pub(crate) fn number(value: f64, step: f64) -> String {
    let magnitude = value.abs();
    if magnitude < step * 1e-6 {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "−" } else { "" };
    // Of a number that is not small itself its digits say more, however fine the steps.
    let small = (step < 1e-4 && magnitude < 1e-2) || step < 1e-9;
    let digits = if magnitude >= 1e7 || small {
        let decimals = (magnitude.log10().floor() - step.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{magnitude:.decimals$e}").replace("e-", "e−")
    } else {
        let decimals = (-(step * 1.001).log10().floor()).max(0.0) as usize;
        grouped(&format!("{magnitude:.decimals$}"))
    };
    format!("{sign}{digits}")
}

/// Digits of a number without a sign, with commas between thousands from 10,000 on.
pub(crate) fn grouped(digits: &str) -> String {
    let whole = digits.find('.').unwrap_or(digits.len());
    if whole < 5 {
        return digits.to_owned();
    }
    let mut text = String::with_capacity(digits.len() + whole / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index < whole && (whole - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        ticks(Range { low, high }, 5)
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(-10.0, 10.0), ["−10", "−5", "0", "5", "10"]);
        assert_eq!(labels(0.013, 0.082), ["0.02", "0.04", "0.06", "0.08"]);
        assert_eq!(labels(0.0, 18_720.0), ["0", "5000", "10,000", "15,000"]);
        assert_eq!(
            labels(1.2e9, 2.1e9),
            ["1.2e9", "1.4e9", "1.6e9", "1.8e9", "2.0e9"]
        );
        assert_eq!(
            labels(1.386_293, 1.386_301),
            ["1.386294", "1.386296", "1.386298", "1.386300"]
        );
        assert_eq!(number(2e-5, 2e-5), "2e−5");
    }

    #[test]
    fn logarithmic_ticks_fit_any_span() {
        let labels = |low: f64, high: f64| -> Vec<String> {
            let range = Range {
                low: low.log10(),
                high: high.log10(),
            };
            log_ticks(range)
                .into_iter()
                .map(|(_, label)| label)
                .collect()
        };
        assert_eq!(labels(0.029, 0.24), ["0.03", "0.05", "0.1", "0.2"]);
        assert_eq!(labels(0.031, 0.039), ["0.032", "0.034", "0.036", "0.038"]);
        assert_eq!(
            labels(0.5, 2e5),
            ["1", "10", "100", "1000", "10,000", "100,000"]
        );
        assert!(labels(1e-300, 1e300).len() <= 9);
        assert!(labels(1e307, f64::MAX).len() <= 9);
    }

    #[test]
    fn any_values_make_a_range_with_ticks() {
        let extremes = [
            f64::MAX,
            f64::MIN,
            f64::NAN,
            f64::INFINITY,
            5e-324,
            0.0,
            1e16,
            1e16 + 2.0,
        ];
        for a in extremes {
            for b in extremes {
                for range in [Range::around([a, b]), Range::around_most([a, b])] {
                    assert!(
                        range.low < range.high && range.width().is_finite(),
                        "{a} {b}"
                    );
                    assert!(ticks(range, 6).len() <= 18, "{a} {b}");
                }
            }
        }
        assert_eq!(
            Range::around([]),
            Range {
                low: 0.0,
                high: 1.0
            }
        );
    }

    #[test]
    fn a_far_outlier_does_not_set_the_range() {
        let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
        values.push(1e12);
        assert_eq!(
            Range::around_most(values),
            Range {
                low: 0.0,
                high: 999.0
            }
        );
    }

    #[test]
    fn numbers_below_a_step_are_nought() {
        assert_eq!(number(-1e-17, 0.1), "0");
        assert_eq!(number(0.30000000000000004, 0.1), "0.3");
        assert_eq!(number(1_234_567.0, 1.0), "1,234,567");
    }
}
