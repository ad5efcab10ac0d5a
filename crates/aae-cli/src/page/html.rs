//! Markup in which text cannot become markup: what is not written in this program's source is escaped.

use std::fmt::{self, Write as _};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

/// Most characters of one piece of text from a file, but for the configuration.
const MOST: usize = 2_000;

/// A piece of a page.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Markup of this program's own.
    pub(crate) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text from anywhere, escaped; what is too long is cut.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.text_of(text, MOST)
    }

    /// As [`text`](Self::text), with another limit.
    pub(crate) fn text_of(&mut self, text: &str, most: usize) -> &mut Self {
        let mut characters = text.chars();
        characters.by_ref().take(most).for_each(|c| self.escaped(c));
        if characters.next().is_some() {
            self.0.push('…');
        }
        self
    }

    /// An element that holds text and nothing else; `tag` may have attributes.
    pub(crate) fn element(&mut self, tag: &'static str, text: &str) -> &mut Self {
        self.0.push('<');
        self.0.push_str(tag);
        self.0.push('>');
        self.text(text);
        self.close(tag)
    }

    pub(crate) fn append(&mut self, other: Html) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// A number in an attribute.
    pub(crate) fn number(&mut self, number: impl Number) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number}");
        self
    }

    /// The bytes of a PNG file, as the address of an image.
    pub(crate) fn png(&mut self, bytes: &[u8]) -> &mut Self {
        let encoded = Base64Display::new(bytes, &STANDARD);
        let _ = write!(self.0, "data:image/png;base64,{encoded}");
        self
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn close(&mut self, tag: &'static str) -> &mut Self {
        let name = tag.split(' ').next().unwrap_or(tag);
        let _ = writeln!(self.0, "</{name}>");
        self
    }

    fn escaped(&mut self, c: char) {
        match c {
            '&' => self.0.push_str("&amp;"),
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&#39;"),
            '\n' | '\t' => self.0.push(c),
            // Such a character would be unseen, or let other text seem to be elsewhere than it is.
            c if c.is_control() || is_direction(c) => self.0.push('\u{fffd}'),
            c => self.0.push(c),
        }
    }
}

/// Whether a character changes the direction of the text around it.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is shown with digits alone.
pub(crate) trait Number: fmt::Display {}

impl Number for u32 {}
impl Number for usize {}
impl Number for Coordinate {}

/// A place in a drawing, to a tenth.
pub(crate) struct Coordinate(pub(crate) f64);

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.0.is_finite() { self.0 } else { 0.0 };
        write!(f, "{place:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        let mut html = Html::new();
        html.element("p class=x", "<script>alert(\"1\" & '2')</script>");
        assert_eq!(
            html.0,
            "<p class=x>&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;</p>\n"
        );
    }

    #[test]
    fn unseen_characters_are_shown_and_long_text_is_cut() {
        let mut html = Html::new();
        html.text("a\u{202e}b\0\u{1b}[2J\n").text_of("12345", 3);
        assert_eq!(html.0, "a\u{fffd}b\u{fffd}\u{fffd}[2J\n123…");
    }

    #[test]
    fn pictures_are_addresses_of_data() {
        let mut html = Html::new();
        html.png(b"\x89PNG");
        assert_eq!(html.0, "data:image/png;base64,iVBORw==");
    }

    #[test]
    fn a_place_that_is_no_number_is_nought() {
        assert_eq!(Coordinate(f64::NAN).to_string(), "0.0");
        assert_eq!(Coordinate(12.345).to_string(), "12.3");
    }
}
