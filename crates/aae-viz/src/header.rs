//! Title and subtitle, broken into lines that fit the picture.

use crate::VizError;
use crate::canvas::{Anchor, Canvas};
use crate::palette::{INK, MARGIN, SOFT_INK, TEXT_SIZE, TITLE_SIZE};
use crate::text::{Text, Weight, line_height, wrap};

pub(crate) struct Header {
    title: Vec<Text>,
    subtitle: Vec<Text>,
}

impl Header {
    pub(crate) fn new(title: &str, subtitle: &str, width: u32) -> Result<Self, VizError> {
        Ok(Self {
            title: wrap(title, TITLE_SIZE, Weight::Bold, width)?,
            subtitle: wrap(subtitle, TEXT_SIZE, Weight::Regular, width)?,
        })
    }

    /// Height below the top margin, with the space that follows; 0 without any text.
    pub(crate) fn height(&self) -> u32 {
        let lines = self.title.len() as u32 * line_height(TITLE_SIZE)
            + self.subtitle.len() as u32 * line_height(TEXT_SIZE);
        if lines == 0 { 0 } else { lines + TEXT_SIZE / 2 }
    }

    /// Draws from the top margin down.
    pub(crate) fn draw(&self, canvas: &mut Canvas) {
        let mut y = MARGIN;
        let blocks = [
            (&self.title, TITLE_SIZE, INK),
            (&self.subtitle, TEXT_SIZE, SOFT_INK),
        ];
        for (lines, size, color) in blocks {
            for line in lines {
                canvas.text(
                    line,
                    i64::from(MARGIN),
                    i64::from(y + size * 9 / 10),
                    Anchor::Left,
                    color,
                );
                y += line_height(size);
            }
        }
    }
}
