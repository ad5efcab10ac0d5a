//! One panel of curves: its vertical axis, its name, its lines.

use super::smooth::smoothed;
use super::{Panel, Reference};
use crate::VizError;
use crate::axes::{Frame, Tick, set_ticks};
use crate::canvas::{Anchor, Canvas, Point};
use crate::legend::{Legend, Mark};
use crate::palette::{INK, MARGIN, SOFT_INK, TEXT_SIZE, class_color};
use crate::range::{Range, grouped, log_ticks, quantile, ticks};
use crate::text::{Text, Weight, line_height, shortened};

/// Series with at most this many points are drawn with a dot at each.
const FEW_POINTS: usize = 40;
const DASH: (f32, f32) = (9.0, 11.0);

/// A panel, measured: values are heights on its axis, logarithms where that is logarithmic.
pub(super) struct Drawing<'a> {
    pub(super) y: Range,
    pub(super) y_ticks: Vec<Tick>,
    pub(super) plot_top: u32,
    top: u32,
    name: Text,
    legend: Legend,
    colors: Vec<usize>,
    series: Vec<Vec<[f64; 2]>>,
    references: Vec<Reference<'a>>,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(panel: &Panel<'a>, top: u32, width: u32) -> Result<Self, VizError> {
        let height = |value: f64| {
            if panel.logarithmic {
                value.log10()
            } else {
                value
            }
        };
        let known = |points: &[[f64; 2]]| -> Vec<[f64; 2]> {
            let heights = points.iter().map(|point| [point[0], height(point[1])]);
            heights
                .filter(|point| point.iter().all(|v| v.is_finite()))
                .collect()
        };
        let series: Vec<_> = panel
            .series
            .iter()
            .map(|series| known(series.points))
            .collect();
        let references: Vec<Reference<'a>> = panel
            .references
            .iter()
            .map(|reference| Reference {
                value: height(reference.value),
                ..*reference
            })
            .filter(|reference| reference.value.is_finite())
            .collect();
        let y = vertical_range(&series, &references);
        let y_ticks = set_ticks(if panel.logarithmic {
            log_ticks(y)
        } else {
            ticks(y, 6)
        })?;
        let name = shortened(&name(panel, &series, y), TEXT_SIZE, Weight::Bold, width)?;
        let entries: Vec<(Mark, String)> = match panel.series {
            [] | [_] => Vec::new(),
            several => several
                .iter()
                .map(|series| {
                    let mark = Mark::Line(class_color(series.color));
                    (mark, series.name.to_owned())
                })
                .collect(),
        };
        let legend = Legend::new(&entries, width)?;
        let plot_top = top + line_height(TEXT_SIZE) + legend.height() + TEXT_SIZE / 2;
        Ok(Self {
            y,
            y_ticks,
            plot_top,
            top,
            name,
            legend,
            colors: panel.series.iter().map(|series| series.color).collect(),
            series,
            references,
        })
    }

    /// The steps of all points.
    pub(super) fn steps(&self) -> impl Iterator<Item = f64> {
        self.series.iter().flatten().map(|point| point[0])
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, frame: &Frame) -> Result<(), VizError> {
        let baseline = i64::from(self.top + TEXT_SIZE * 9 / 10);
        canvas.text(&self.name, i64::from(MARGIN), baseline, Anchor::Left, INK);
        self.legend
            .draw(canvas, MARGIN, self.top + line_height(TEXT_SIZE));
        for (color, points) in self.colors.iter().zip(&self.series) {
            draw_series(canvas, frame, points, *color);
        }
        draw_references(canvas, frame, &self.references)
    }
}

/// The panel's name, with what it does not show.
fn name(panel: &Panel<'_>, series: &[Vec<[f64; 2]>], y: Range) -> String {
    let given: usize = panel.series.iter().map(|series| series.points.len()).sum();
    let known: usize = series.iter().map(Vec::len).sum();
    let beyond = series
        .iter()
        .flatten()
        .filter(|point| !y.contains(point[1]))
        .count();
    let mut name = panel.name.to_owned();
    if panel.logarithmic {
        name += " · log axis";
    }
    if beyond > 0 {
        name += &format!(" · {} beyond the axis", grouped(&beyond.to_string()));
    }
    if known < given {
        let cause = if panel.logarithmic {
            "not finite or not positive"
        } else {
            "not finite"
        };
        name += &format!(
            " · {} {cause}, left out",
            grouped(&(given - known).to_string())
        );
    }
    name
}

fn vertical_range(series: &[Vec<[f64; 2]>], references: &[Reference<'_>]) -> Range {
    let mut values: Vec<f64> = series.iter().flatten().map(|point| point[1]).collect();
    values.sort_by(f64::total_cmp);
    let marks = || references.iter().map(|reference| reference.value);
    let all = Range::around(values.iter().copied().chain(marks()));
    let bulk = [quantile(&values, 0.01), quantile(&values, 0.99)];
    let most = Range::around(bulk.into_iter().chain(marks()));
    // A start far above the rest would press it flat; anything milder is shown whole.
    let shown = if all.width() > 2.5 * most.width() {
        most
    } else {
        all
    };
    shown.padded(0.06)
}

fn draw_series(canvas: &mut Canvas, frame: &Frame, points: &[[f64; 2]], color: usize) {
    let color = class_color(color);
    let pixels = |points: &[[f64; 2]]| -> Vec<Point> {
        points.iter().map(|p| frame.point(p[0], p[1])).collect()
    };
    let raw = pixels(points);
    if points.len() <= FEW_POINTS {
        canvas.line(&raw, 4.0, color, 1.0, frame.area);
        // A dot at the edge is whole; one beyond the axis would lie in another panel.
        for point in points.iter().filter(|point| frame.y.contains(point[1])) {
            let centre = frame.point(point[0], point[1]);
            canvas.disc(centre, 6.0, color, 1.0, canvas.area());
        }
        return;
    }
    canvas.line(&raw, 1.5, color, 0.3, frame.area);
    canvas.line(&pixels(&smoothed(points)), 4.0, color, 1.0, frame.area);
}

/// Dashed lines with their labels at the right: the highest one's above it, the others' below where there is room, so that they keep apart.
fn draw_references(
    canvas: &mut Canvas,
    frame: &Frame,
    references: &[Reference<'_>],
) -> Result<(), VizError> {
    let highest = references
        .iter()
        .map(|r| r.value)
        .fold(f64::NEG_INFINITY, f64::max);
    let (dash, gap) = DASH;
    for reference in references {
        let y = frame.point(frame.x.low, reference.value).1;
        let dashes = (frame.area.width as f32 / (dash + gap)).ceil() as usize;
        // A point that is not finite ends a dash.
        let line: Vec<Point> = (0..dashes)
            .map(|index| frame.area.left as f32 + index as f32 * (dash + gap))
            .flat_map(|x| [(x, y), (x + dash, y), (f32::NAN, f32::NAN)])
            .collect();
        canvas.line(&line, 2.5, INK, 0.9, frame.area);
        let text = shortened(
            reference.label,
            TEXT_SIZE,
            Weight::Regular,
            frame.area.width,
        )?;
        let below = i64::from(TEXT_SIZE) * 11 / 10;
        let bottom = i64::from(frame.area.bottom());
        let fits = y as i64 + below + i64::from(TEXT_SIZE) / 3 < bottom;
        let offset = if reference.value < highest && fits {
            below
        } else {
            -12
        };
        let right = i64::from(frame.area.right()) - 10;
        canvas.text_on_paper(&text, right, y as i64 + offset, Anchor::Right, SOFT_INK);
    }
    Ok(())
}
