//! Numbers and texts as a terminal shows them.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// A text that may have come from anywhere, for a terminal: control characters, which a terminal would obey, are written out.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return text.into();
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match obeyed(c) {
            true => harmless.extend(c.escape_unicode()),
            false => harmless.push(c),
        }
    }
    harmless.into()
}

/// A message about a file, whatever is in that: harmless, of a very long line beginning and end, of very many lines the first.
pub(crate) fn message(text: &str) -> String {
    const MOST_CHARS: usize = 1200;
    const LAST_CHARS: usize = 200;
    const MOST_LINES: usize = 400;
    let harmless = harmless(text);
    let clipped = |line: &str| match line.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => {
            let last = line.ceil_char_boundary(line.len() - LAST_CHARS);
            let (first, last) = (&line[..end], &line[last..]);
            format!("{first}... ({} bytes) ...{last}", line.len())
        }
        None => line.to_owned(),
    };
    let mut lines: Vec<String> = harmless.lines().take(MOST_LINES).map(clipped).collect();
    if let Some(more @ 1..) = harmless.lines().count().checked_sub(MOST_LINES) {
        lines.push(format!("... and {more} more lines"));
    }
    lines.join("\n")
}

/// Digits in groups of three: `11,700`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Count and noun: `1 step`, `468 steps`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(number))
}

/// Three or four significant digits, whatever the magnitude: `0.0342`, `181.3`, `5.250e7`.
pub(crate) fn figure(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    match magnitude {
        m if !(1e-4..1e6).contains(&m) => format!("{number:.3e}"),
        m if m < 1e-3 => format!("{number:.6}"),
        m if m < 1e-2 => format!("{number:.5}"),
        m if m < 1.0 => format!("{number:.4}"),
        m if m < 10.0 => format!("{number:.3}"),
        m if m < 100.0 => format!("{number:.2}"),
        m if m < 1000.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// Hundredths, in brackets: `(0.15, -0.35)`; of many numbers the first few.
pub(crate) fn vector(numbers: &[f64]) -> String {
    const MOST: usize = 3;
    let mut parts: Vec<String> = numbers.iter().take(MOST).map(|x| hundredths(*x)).collect();
    if numbers.len() > MOST {
        parts.push("...".to_owned());
    }
    match parts.as_slice() {
        [one] => one.clone(),
        _ => format!("({})", parts.join(", ")),
    }
}

/// A share as per cent, with two decimals.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", hundredths(100.0 * share))
}

/// Two decimals, without a negative nought.
pub(crate) fn hundredths(number: f64) -> String {
    let text = format!("{number:.2}");
    match text.as_str() {
        "-0.00" => "0.00".to_owned(),
        _ => text,
    }
}

/// Minutes in a table: `12.3`, `0.13`.
pub(crate) fn minutes(minutes: f64) -> String {
    match minutes {
        m if m < 1.0 => format!("{m:.2}"),
        m => format!("{m:.1}"),
    }
}

/// `42 s`, `11 min 20 s`, `2 h 05 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Rows of as many cells each, in columns as wide as their widest cell.
pub(crate) fn align(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let cells = row
            .iter()
            .enumerate()
            .map(|(column, cell)| format!("{cell:<0$}", width(column)));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Names in a column, values beside them, in lines that a terminal of 80 columns shows whole.
pub(crate) fn table(rows: &[(&str, String)]) -> String {
    /// The longest name is `reconstruction`.
    const NAMES: usize = 14;
    let mut text = String::new();
    for (name, value) in rows {
        for (index, line) in wrapped(value, 80 - NAMES - 1).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let _ = writeln!(text, "{name:<NAMES$} {line}");
        }
    }
    text
}

/// A text in lines of at most `width` characters, but for single words that have more. A path has no place to break: it stays whole.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    if Path::new(text).is_absolute() {
        return vec![text.to_owned()];
    }
    let length = |text: &str| text.chars().count();
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_and_a_message_has_an_end() {
        assert_eq!(harmless("a\tb\nc"), "a\tb\nc");
        assert_eq!(harmless("\u{1b}[2J\u{9b}x"), "\\u{1b}[2J\\u{9b}x");
        assert_eq!(message("a\u{7}\nb"), "a\\u{7}\nb");
        let long = message(&"x".repeat(1 << 20));
        assert!(
            long.len() < 1500 && long.contains("xx... (1048576 bytes) ...xx"),
            "{long}"
        );
        assert!(message(&"x\n".repeat(1 << 20)).ends_with("\n... and 1048176 more lines"));
    }

    #[test]
    fn counts_are_grouped_from_the_right() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_787_002, "1,787,002"),
        ] {
            assert_eq!(count(number), expected);
        }
        assert_eq!(plural(1, "epoch"), "1 epoch");
        assert_eq!(plural(0, "epoch"), "0 epochs");
    }

    #[test]
    fn figures_keep_about_four_digits() {
        for (number, expected) in [
            (0.034_21, "0.0342"),
            (0.009_61, "0.00961"),
            (-0.000_142, "-0.000142"),
            (1.386_294, "1.386"),
            (-25.123, "-25.12"),
            (181.27, "181.3"),
            (2210.4, "2210"),
            (5.25e7, "5.250e7"),
            (1e-7, "1.000e-7"),
            (0.0, "0"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(figure(number), expected);
        }
    }

    #[test]
    fn vectors_are_short_and_have_no_negative_nought() {
        assert_eq!(vector(&[0.154, -0.001]), "(0.15, 0.00)");
        assert_eq!(vector(&[2.0]), "2.00");
        assert_eq!(vector(&[1.0; 8]), "(1.00, 1.00, 1.00, ...)");
    }

    #[test]
    fn durations_have_at_most_two_units() {
        for (seconds, expected) in [(0, "0 s"), (61, "1 min 01 s"), (7500, "2 h 05 min")] {
            assert_eq!(duration(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_long_value_goes_on_below_itself() {
        let rows = [
            ("what", format!("{} two", "one ".repeat(16))),
            ("reconstruction", "5".to_owned()),
        ];
        let text = table(&rows);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1].find("two"), lines[0].find("one"), "{text}");
        assert_eq!(lines[2].find('5'), lines[0].find("one"), "{text}");
        assert_eq!(wrapped("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrapped("abcdef gh", 4), ["abcdef", "gh"]);
        assert_eq!(
            wrapped("/a folder/with spaces", 4),
            ["/a folder/with spaces"]
        );
    }
}
