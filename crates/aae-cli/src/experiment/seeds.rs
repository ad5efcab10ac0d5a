//! The seeds of an experiment, as they are written on the command line.

use std::fmt;
use std::str::FromStr;

/// Most seeds in one experiment.
const MOST: usize = 1000;
/// The largest seed that a configuration holds.
const LARGEST: u64 = i64::MAX as u64;

/// At least one seed, ascending, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeds(Vec<u64>);

impl Seeds {
    pub(crate) fn as_slice(&self) -> &[u64] {
        &self.0
    }
}

impl FromStr for Seeds {
    type Err = String;

    /// `3`, `0,2,5`, `0..4` (both ends included), or several of these with commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut seeds = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (first, last) = match part.split_once("..") {
                Some((first, last)) => (first, last.strip_prefix('=').unwrap_or(last)),
                None => (part, part),
            };
            let (first, last) = (number(first, part)?, number(last, part)?);
            if first > last {
                return Err(format!("`{part}`: the first seed is above the last"));
            }
            if last - first >= MOST as u64 || seeds.len() + (last - first) as usize >= MOST {
                return Err(format!("expected at most {MOST} seeds"));
            }
            seeds.extend(first..=last);
        }
        seeds.sort_unstable();
        match seeds.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("seed {} is there twice", pair[0])),
            None => Ok(Self(seeds)),
        }
    }
}

fn number(text: &str, part: &str) -> Result<u64, String> {
    let number = text.trim().parse().ok().filter(|seed| *seed <= LARGEST);
    number.ok_or_else(|| {
        format!("`{part}`: expected a seed from 0 to 2^63 - 1, or the first and last of several like 0..4")
    })
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.0))
    }
}

/// Seeds in ascending order as they would be written on the command line: `0..4`, `0,2,5`.
pub(crate) fn describe(seeds: &[u64]) -> String {
    let runs = seeds.chunk_by(|before, after| before.checked_add(1) == Some(*after));
    let parts: Vec<String> = runs
        .map(|run| match run {
            [first, .., last] if run.len() > 2 => format!("{first}..{last}"),
            _ => run.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
        })
        .collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_ranges_with_both_ends_or_lists() {
        for (text, expected, shown) in [
            ("0..4", vec![0, 1, 2, 3, 4], "0..4"),
            ("3", vec![3], "3"),
            ("0,2,5", vec![0, 2, 5], "0,2,5"),
            ("7,0..=2", vec![0, 1, 2, 7], "0..2,7"),
            ("4..4", vec![4], "4"),
            ("0,1", vec![0, 1], "0,1"),
        ] {
            let seeds: Seeds = text.parse().unwrap();
            assert_eq!(seeds.as_slice(), expected, "{text}");
            assert_eq!(seeds.to_string(), shown, "{text}");
            assert_eq!(seeds.to_string().parse::<Seeds>(), Ok(seeds));
        }
    }

    #[test]
    fn what_is_no_list_of_seeds_is_an_error() {
        for text in [
            "",
            "a",
            "1,",
            "4..0",
            "1,1",
            "0..2,1",
            "-1",
            "0..",
            "9223372036854775808",
            "0..1000",
            "0..18446744073709551615",
        ] {
            assert!(text.parse::<Seeds>().is_err(), "{text}");
        }
    }
}
