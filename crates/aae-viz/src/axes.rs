//! A plot area with its axes: values to pixels, grid lines, tick labels.

use crate::VizError;
use crate::canvas::{Anchor, Area, Canvas, Point};
use crate::palette::{AXIS, GRID, INK, SOFT_INK, TEXT_SIZE};
use crate::range::Range;
use crate::text::{Text, Weight, cap_height};

/// Space between a tick label and the plot.
const TICK_GAP: u32 = 12;

/// A labelled place on an axis.
pub(crate) struct Tick {
    value: f64,
    text: Text,
}

/// Sets the labels of ticks.
pub(crate) fn set_ticks(ticks: Vec<(f64, String)>) -> Result<Vec<Tick>, VizError> {
    ticks
        .into_iter()
        .map(|(value, label)| {
            Ok(Tick {
                value,
                text: Text::set(&label, TEXT_SIZE, Weight::Regular)?,
            })
        })
        .collect()
}

/// Width that the labels of a vertical axis need at the left of the plot.
pub(crate) fn gutter(ticks: &[Tick]) -> u32 {
    ticks.iter().map(|tick| tick.text.width).max().unwrap_or(0) + TICK_GAP
}

/// Height that tick labels and the name of the horizontal axis need below the plot.
pub(crate) fn footer(named: bool) -> u32 {
    let ticks = TICK_GAP + TEXT_SIZE;
    if named {
        ticks + TEXT_SIZE * 3 / 2
    } else {
        ticks
    }
}

/// A plot area and the values at its edges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) area: Area,
    pub(crate) x: Range,
    pub(crate) y: Range,
}

impl Frame {
    /// The pixel of a point; y grows upwards.
    pub(crate) fn point(&self, x: f64, y: f64) -> Point {
        let across = self.x.share(x) * f64::from(self.area.width);
        let up = self.y.share(y) * f64::from(self.area.height);
        let left = f64::from(self.area.left) + across;
        let top = f64::from(self.area.bottom()) - up;
        (left as f32, top as f32)
    }

    /// Pale lines at the ticks, darker ones along the left and the lower edge.
    pub(crate) fn draw_grid(&self, canvas: &mut Canvas, x: &[Tick], y: &[Tick]) {
        let area = self.area;
        for tick in x {
            let left = self.column(tick.value).saturating_sub(1);
            canvas.fill(
                Area {
                    left,
                    width: 2,
                    ..area
                },
                GRID,
            );
        }
        for tick in y {
            let top = self.row(tick.value).saturating_sub(1);
            canvas.fill(
                Area {
                    top,
                    height: 2,
                    ..area
                },
                GRID,
            );
        }
        canvas.fill(
            Area {
                left: area.left.saturating_sub(1),
                width: 2,
                ..area
            },
            AXIS,
        );
        canvas.fill(
            Area {
                top: area.bottom() - 1,
                height: 2,
                ..area
            },
            AXIS,
        );
    }

    /// Tick labels below and at the left, and the axes' names: `x` centred below, `y` above the vertical axis.
    pub(crate) fn draw_labels(
        &self,
        canvas: &mut Canvas,
        x: &[Tick],
        y: &[Tick],
        names: (&str, &str),
    ) -> Result<(), VizError> {
        let area = self.area;
        let half = cap_height(TEXT_SIZE) / 2;
        let below = i64::from(area.bottom() + TICK_GAP + cap_height(TEXT_SIZE));
        let width = canvas.area().width;
        for tick in x {
            // The label of a tick near the edge stays in the picture.
            let reach = tick.text.width.div_ceil(2);
            let middle = self.column(tick.value).min(width.saturating_sub(reach));
            canvas.text(
                &tick.text,
                i64::from(middle),
                below,
                Anchor::Center,
                SOFT_INK,
            );
        }
        for tick in y {
            let baseline = i64::from(self.row(tick.value) + half);
            let right = i64::from(area.left) - i64::from(TICK_GAP);
            canvas.text(&tick.text, right, baseline, Anchor::Right, SOFT_INK);
        }
        let name = Text::set(names.0, TEXT_SIZE, Weight::Regular)?;
        let middle = i64::from(area.left + area.width / 2);
        canvas.text(
            &name,
            middle,
            below + i64::from(TEXT_SIZE * 3 / 2),
            Anchor::Center,
            INK,
        );
        let name = Text::set(names.1, TEXT_SIZE, Weight::Regular)?;
        let left = i64::from(area.left) - i64::from(gutter(y));
        canvas.text(
            &name,
            left,
            i64::from(area.top) - i64::from(TEXT_SIZE * 2 / 3),
            Anchor::Left,
            INK,
        );
        Ok(())
    }

    fn column(&self, value: f64) -> u32 {
        self.point(value, self.y.low).0.round() as u32
    }

    fn row(&self, value: f64) -> u32 {
        self.point(self.x.low, value).1.round() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_low_ends_meet_at_the_lower_left_and_the_high_ends_at_the_upper_right() {
        let frame = Frame {
            area: Area {
                left: 100,
                top: 20,
                width: 300,
                height: 50,
            },
            x: Range {
                low: -1.0,
                high: 2.0,
            },
            y: Range {
                low: 10.0,
                high: 20.0,
            },
        };
        assert_eq!(frame.point(-1.0, 10.0), (100.0, 70.0));
        assert_eq!(frame.point(2.0, 20.0), (400.0, 20.0));
        assert_eq!((frame.column(0.0), frame.row(18.0)), (200, 30));
    }
}
