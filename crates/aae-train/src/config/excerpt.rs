//! The line of a file that an error is about, with carets below the place.

use std::fmt;
use std::ops::Range;

/// Most characters shown of a line.
const MOST_CHARS: usize = 100;

/// A place in a text: line and column, and the line itself.
///
/// ```text
///     11 | sdt = 5.0
///        | ^^^
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The line, of a very long one a part.
    text: String,
    /// Where in `text` the carets are, in characters.
    marked: Range<usize>,
}

impl Excerpt {
    /// The place at these bytes of `text`, up to the end of the line.
    pub(super) fn new(text: &str, place: Range<usize>) -> Self {
        let start = text.floor_char_boundary(place.start);
        let begin = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let rest = &text[start..];
        let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let before = text[begin..start].chars().count();
        let length = place.end.saturating_sub(start).min(rest.len());
        let length = rest[..rest.floor_char_boundary(length)].chars().count();
        // Of a line without end the beginning says nothing; what is shown begins shortly before the place.
        let skipped = match before > MOST_CHARS / 2 {
            true => before - MOST_CHARS / 4,
            false => 0,
        };
        let shown = text[begin..start].chars().skip(skipped).chain(rest.chars());
        Self {
            line: text[..begin].matches('\n').count() + 1,
            column: before + 1,
            // A tab or a control character would put the carets in the wrong place, or worse.
            text: shown
                .take(MOST_CHARS)
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect::<String>()
                .trim_end()
                .to_owned(),
            marked: before - skipped..(before - skipped + length.max(1)).min(MOST_CHARS),
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (line, text) = (self.line, &self.text);
        let margin = line.to_string().len();
        let carets = "^".repeat(self.marked.len());
        let indent = " ".repeat(self.marked.start);
        write!(
            f,
            "    {line} | {text}\n    {:margin$} | {indent}{carets}",
            ""
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_marked_in_its_line() {
        let text = "a = 1\n\tbcd = 2\n";
        let excerpt = Excerpt::new(text, 7..10);
        assert_eq!((excerpt.line, excerpt.column), (2, 2));
        assert_eq!(excerpt.to_string(), "    2 |  bcd = 2\n      |  ^^^");
    }

    #[test]
    fn a_place_at_the_end_or_beyond_a_line_has_one_caret_at_least() {
        let shown = |text, place| Excerpt::new(text, place).to_string();
        assert_eq!(shown("a = ", 4..4), "    1 | a =\n      |     ^");
        assert_eq!(shown("a = [\n1\n", 4..99), "    1 | a = [\n      |     ^");
        assert_eq!(shown("", 7..9), "    1 | \n      | ^");
        assert_eq!(
            shown("\u{fc}\u{fc} = 1", 2..4),
            "    1 | \u{fc}\u{fc} = 1\n      |  ^"
        );
    }

    #[test]
    fn of_a_line_without_end_the_place_is_shown() {
        let text = format!("{}x = 1{}", "y".repeat(5_000), "z".repeat(5_000));
        let shown = Excerpt::new(&text, 5_000..5_001).to_string();
        let (line, carets) = shown.split_once('\n').unwrap();
        assert_eq!(line.find("x = 1"), carets.find('^'));
        assert!(shown.len() < 250, "{shown}");
    }
}
