//! What each colour means, in rows above a plot.

use crate::VizError;
use crate::canvas::{Anchor, Canvas};
use crate::palette::{Color, SOFT_INK, TEXT_SIZE};
use crate::text::{Text, Weight, cap_height, line_height, shortened};

/// Lines of a legend at most; entries beyond are counted instead.
const MOST_LINES: u32 = 4;
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
        let count = |more: usize| {
            let text = format!("and {more} more");
            shortened(&text, TEXT_SIZE, Weight::Regular, width)
        };
        let count_width = ENTRY_GAP + count(entries.len())?.width;
        for (index, (mark, name)) in entries.iter().enumerate() {
            let room = width.saturating_sub(mark.width());
            let text = shortened(name, TEXT_SIZE, Weight::Regular, room)?;
            let entry_width = mark.width() + text.width;
            let more = entries.len() - index;
            if x > 0 && x + entry_width > width && line + 1 < MOST_LINES {
                (x, line) = (0, line + 1);
            }
            // The last line keeps room for the count of what does not fit.
            let kept = if more > 1 { count_width } else { 0 };
            if line + 1 == MOST_LINES && x + entry_width + kept > width {
                placed.push((x, line, Mark::None, count(more)?));
                break;
            }
            placed.push((x, line, *mark, text));
            x += entry_width + ENTRY_GAP;
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
        for name in ["", "class ", "a class with a long name ", &"w".repeat(100)] {
            let entries: Vec<_> = (0..300)
                .map(|i| (Mark::Dot([0; 3]), format!("{name}{i}")))
                .collect();
            let legend = Legend::new(&entries, 1100).unwrap();
            assert_eq!(legend.lines, 4, "{name}");
            for (x, _, mark, text) in &legend.entries {
                assert!(x + mark.width() + text.width <= 1100, "{name}");
            }
        }
    }

    #[test]
    fn no_entries_take_no_room() {
        assert_eq!(Legend::new(&[], 500).unwrap().height(), 0);
    }
}
