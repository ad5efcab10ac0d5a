//! Text as coverage masks, set in the DejaVu Sans that `kuva` carries.
//!
//! kuva's raster backend places glyphs on whole pixels and hides its font metrics, so each text is set three
//! times as large in a scene of its own and averaged down: glyphs then sit on thirds of a pixel, and the mask tells
//! how wide the text is.

use crate::VizError;
use kuva::backend::raster::RasterBackend;
use kuva::render::color::Color;
use kuva::render::render::{Primitive, Scene, TextAnchor, TextSpan};

const OVERSAMPLING: u32 = 3;
/// Longer texts are cut: no line of a picture has room for them.
const MOST_CHARACTERS: usize = 160;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// One line of text, as how much of each pixel is covered by ink, 0 to 255.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) coverage: Vec<u8>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Rows above the baseline.
    pub(crate) ascent: u32,
}

/// Height of a capital letter, in pixels.
pub(crate) fn cap_height(size: u32) -> u32 {
    (size * 73).div_ceil(100)
}

/// Distance between the baselines of two lines, in pixels.
pub(crate) fn line_height(size: u32) -> u32 {
    (size * 138).div_ceil(100)
}

impl Text {
    /// Sets `content` in one line, `size` pixels to the em.
    pub(crate) fn set(content: &str, size: u32, weight: Weight) -> Result<Self, VizError> {
        let content = printable(content);
        let ascent = size;
        let height = line_height(size);
        let big = size * OVERSAMPLING;
        // No glyph of the font is wider than 1.4 em.
        let columns = (content.chars().count() as u32 + 1) * (size * 3 / 2);
        let mut scene = Scene::new(
            f64::from(columns * OVERSAMPLING),
            f64::from(height * OVERSAMPLING),
        );
        scene.add(Primitive::RichText {
            x: f64::from(big / 2),
            y: f64::from(ascent * OVERSAMPLING),
            spans: vec![TextSpan {
                bold: weight == Weight::Bold,
                ..TextSpan::plain(content)
            }],
            size: big,
            anchor: TextAnchor::Start,
            color: Some(Color::Rgb(0, 0, 0)),
        });
        let png = RasterBackend::new()
            .with_scale(1.0)
            .render_scene(&scene)
            .map_err(|reason| VizError::Text { reason })?;
        let large = image::load_from_memory(&png)
            .map_err(|error| VizError::Text {
                reason: error.to_string(),
            })?
            .into_luma8();
        Ok(Self::averaged(&large, ascent))
    }

    /// Averages squares of pixels of black text on white, and cuts empty columns off both ends.
    fn averaged(large: &image::GrayImage, ascent: u32) -> Self {
        let width = large.width() / OVERSAMPLING;
        let height = large.height() / OVERSAMPLING;
        let ink = |x: u32, y: u32| {
            let mut sum = 0;
            for dy in 0..OVERSAMPLING {
                for dx in 0..OVERSAMPLING {
                    let pixel = large.get_pixel(x * OVERSAMPLING + dx, y * OVERSAMPLING + dy);
                    sum += 255 - u32::from(pixel[0]);
                }
            }
            (sum / (OVERSAMPLING * OVERSAMPLING)) as u8
        };
        let inked = |x: &u32| (0..height).any(|y| ink(*x, y) > 0);
        let first = (0..width).find(inked).unwrap_or(0);
        let end = (first..width).rev().find(inked).map_or(first, |x| x + 1);
        let mut coverage = Vec::with_capacity(((end - first) * height) as usize);
        for y in 0..height {
            coverage.extend((first..end).map(|x| ink(x, y)));
        }
        Self {
            coverage,
            width: end - first,
            height,
            ascent,
        }
    }
}

/// `content` without line breaks or control characters, and not longer than a line can be.
fn printable(content: &str) -> String {
    let mut text: String = content
        .chars()
        .take(MOST_CHARACTERS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if content.chars().count() > MOST_CHARACTERS {
        text.push('…');
    }
    text
}

/// Breaks `content` between words into lines at most `width` pixels wide; a longer word is cut short.
pub(crate) fn wrap(
    content: &str,
    size: u32,
    weight: Weight,
    width: u32,
) -> Result<Vec<Text>, VizError> {
    let mut lines: Vec<Text> = Vec::new();
    let mut words = content.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut written = word.to_owned();
        let mut line = Text::set(word, size, weight)?;
        if line.width > width {
            line = shortened(word, size, weight, width)?;
        }
        while let Some(next) = words.peek() {
            let candidate = format!("{written} {next}");
            let longer = Text::set(&candidate, size, weight)?;
            if longer.width > width {
                break;
            }
            (written, line) = (candidate, longer);
            words.next();
        }
        lines.push(line);
    }
    Ok(lines)
}

/// `content` in one line, cut short with an ellipsis where it is wider than `width` pixels.
pub(crate) fn shortened(
    content: &str,
    size: u32,
    weight: Weight,
    width: u32,
) -> Result<Text, VizError> {
    let mut text = Text::set(content, size, weight)?;
    let mut kept = content.chars().count().min(MOST_CHARACTERS);
    while text.width > width && kept > 1 {
        let fits = kept * width as usize / text.width as usize;
        kept = fits.clamp(1, kept - 1);
        let cut: String = content.chars().take(kept).collect();
        text = Text::set(&format!("{}…", cut.trim_end()), size, weight)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_text_has_a_wider_mask() {
        let narrow = Text::set("ill", 28, Weight::Regular).unwrap();
        let wide = Text::set("www", 28, Weight::Regular).unwrap();
        assert!(narrow.width > 10 && wide.width > 2 * narrow.width);
        assert_eq!(wide.coverage.len(), (wide.width * wide.height) as usize);
    }

    #[test]
    fn empty_text_has_no_width() {
        assert_eq!(Text::set("", 28, Weight::Bold).unwrap().width, 0);
        assert!(wrap("  ", 28, Weight::Bold, 100).unwrap().is_empty());
    }

    #[test]
    fn lines_and_words_never_exceed_the_width() {
        let content = "an adversarial autoencoder with an extraordinarilyunbreakablylongword in it";
        let lines = wrap(content, 28, Weight::Regular, 300).unwrap();
        assert!(lines.len() > 3);
        assert!(lines.iter().all(|line| line.width <= 300));
    }

    #[test]
    fn control_characters_and_endless_text_are_tamed() {
        let text = Text::set(&"x\ny".repeat(10_000), 12, Weight::Regular).unwrap();
        assert!(text.width < 160 * 12);
    }

    #[test]
    fn letters_that_the_axes_use_have_glyphs() {
        let missing = Text::set("\u{10FFFE}", 28, Weight::Regular).unwrap();
        for letter in ["₁", "₂", "σ", "²", "−", "·", "…", "×"] {
            let text = Text::set(letter, 28, Weight::Regular).unwrap();
            assert!(text.width > 0, "{letter}");
            assert_ne!(text.coverage, missing.coverage, "{letter}");
        }
    }
}
