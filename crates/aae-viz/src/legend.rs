//! What each colour means, in rows above a plot.

use crate::VizError;
use crate::canvas::{Anchor, Canvas};
use crate::palette::{Color, SOFT_INK, TEXT_SIZE};
use crate::text::{Text, Weight, cap_height, line_height, shortened};

/// Lines of a legend at most; entries beyond are counted instead.
const MOST_LINES: usize = 4;
const MARK_WIDTH: u32 = 26;
const DASH_WIDTH: u32 = 44;
const MARK_GAP: u32 = 10;
const ENTRY_GAP: u32 = 30;

/// How an entry is drawn in the plot.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    Dot(Color),
    Line(Color),
    None,
}

impl Mark {
    fn width(self) -> u32 {
        match self {
            Mark::Dot(_) => MARK_WIDTH + MARK_GAP,
            Mark::Line(_) => DASH_WIDTH + MARK_GAP,
            Mark::None => 0,
        }
    }
}

/// Entries with their places, from the upper left corner of the legend.
pub(crate) struct Legend {
    entries: Vec<(u32, u32, Mark, Text)>,
    lines: u32,
}

impl Legend {
    /// Entries from left to right in lines of `width` pixels.
    pub(crate) fn new(entries: &[(Mark, String)], width: u32) -> Result<Self, VizError> {
        let mut placed: Vec<(u32, u32, Mark, Text)> = Vec::new();
        let (mut x, mut line) = (0, 0);
        for (index, (mark, name)) in entries.iter().enumerate() {
            let mut mark = *mark;
            let room = width.saturating_sub(mark.width());
            let mut text = shortened(name, TEXT_SIZE, Weight::Regular, room)?;
            if x > 0 && x + mark.width() + text.width > width {
                (x, line) = (0, line + 1);
            }
            // The last line keeps room for the count of what does not fit.
            let more = entries.len() - index;
            let last = line + 1 == MOST_LINES as u32;
            let full = last && more > 1 && x + mark.width() + text.width + 6 * TEXT_SIZE > width;
            if full {
                mark = Mark::None;
                text = shortened(
                    &format!("and {more} more"),
                    TEXT_SIZE,
                    Weight::Regular,
                    width,
                )?;
            }
            let advance = mark.width() + text.width + ENTRY_GAP;
            placed.push((x, line, mark, text));
            x += advance;
            if full {
                break;
            }
        }
        let lines = placed.last().map_or(0, |entry| entry.1 + 1);
        Ok(Self {
            entries: placed,
            lines,
        })
    }

    /// Height with the space that follows; 0 without entries.
    pub(crate) fn height(&self) -> u32 {
        if self.lines == 0 {
            0
        } else {
            self.lines * line_height(TEXT_SIZE) + TEXT_SIZE / 2
        }
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas, left: u32, top: u32) {
        let all = canvas.area();
        for (x, line, mark, text) in &self.entries {
            let x = left + x;
            let baseline = top + line * line_height(TEXT_SIZE) + TEXT_SIZE * 9 / 10;
            let middle = (baseline - cap_height(TEXT_SIZE) / 2) as f32;
            let start = x as f32;
            match *mark {
                Mark::Dot(color) => {
                    let radius = MARK_WIDTH as f32 / 2.0 - 1.0;
                    canvas.disc((start + radius + 1.0, middle), radius, color, 1.0, all);
                }
                Mark::Line(color) => {
                    let end = start + DASH_WIDTH as f32;
                    canvas.line(
                        &[(start + 3.0, middle), (end - 3.0, middle)],
                        5.0,
                        color,
                        1.0,
                        all,
                    );
                }
                Mark::None => {}
            }
            let left = i64::from(x + mark.width());
            canvas.text(text, left, i64::from(baseline), Anchor::Left, SOFT_INK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hundred_classes_fill_four_lines_and_the_rest_is_counted() {
        let entries: Vec<_> = (0..300)
            .map(|i| (Mark::Dot([0; 3]), format!("class {i}")))
            .collect();
        let legend = Legend::new(&entries, 1100).unwrap();
        assert_eq!(legend.lines, 4);
        assert!(legend.entries.len() < 60);
        for (x, _, mark, text) in &legend.entries {
            assert!(x + mark.width() + text.width <= 1100);
        }
    }

    #[test]
    fn no_entries_take_no_room() {
        assert_eq!(Legend::new(&[], 500).unwrap().height(), 0);
    }
}
