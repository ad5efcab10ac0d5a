//! Losses over training steps, in panels below each other.

mod smooth;

use crate::VizError;
use crate::axes::{Frame, footer, gutter, set_ticks};
use crate::canvas::{Anchor, Area, Canvas, Point};
use crate::header::Header;
use crate::legend::{Legend, Mark};
use crate::mosaic::TARGET_WIDTH;
use crate::palette::{INK, MARGIN, SOFT_INK, TEXT_SIZE, class_color};
use crate::picture::Picture;
use crate::range::{Range, grouped, quantile, ticks};
use crate::text::{Text, Weight, line_height};
use smooth::smoothed;

const PLOT_HEIGHT: u32 = 420;
/// Series with at most this many points are drawn with a dot at each.
const FEW_POINTS: usize = 40;

/// What one picture of curves shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Curves<'a> {
    /// Printed large at the top.
    pub title: &'a str,
    /// Printed below the title.
    pub subtitle: &'a str,
    /// Name of the horizontal axis, which all panels share: "step".
    pub x_axis: &'a str,
    /// From top to bottom: values of different scales belong in different panels.
    pub panels: &'a [Panel<'a>],
}

/// Curves that share a vertical axis.
#[derive(Debug, Clone, Copy, Default)]
pub struct Panel<'a> {
    /// What is measured, with its unit: "reconstruction loss (mean squared error)".
    pub name: &'a str,
    /// The curves.
    pub series: &'a [Series<'a>],
    /// Values that the curves are held against.
    pub references: &'a [Reference<'a>],
}

/// A named curve.
#[derive(Debug, Clone, Copy, Default)]
pub struct Series<'a> {
    /// For the legend.
    pub name: &'a str,
    /// (step, value), in the order of the steps. A point that is not finite is left out, and counted in the panel's name.
    pub points: &'a [[f64; 2]],
}

/// A value drawn as a dashed horizontal line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reference<'a> {
    /// Where it is drawn.
    pub value: f64,
    /// What it means: "2 ln 2: discriminator at equilibrium".
    pub label: &'a str,
}

/// The panels below each other over one axis of steps: values pale, their moving average strong.
///
/// A vertical axis leaves out the farthest hundredth of the values where that lets the rest be seen; how many points
/// lie beyond it is said in the panel's name.
///
/// Errors: if there is no panel.
pub fn curves(curves: &Curves<'_>) -> Result<Picture, VizError> {
    if curves.panels.is_empty() {
        return Err(VizError::Nothing { what: "panels" });
    }
    let content = TARGET_WIDTH as u32 - MARGIN;
    let header = Header::new(curves.title, curves.subtitle, content)?;
    let steps = curves
        .panels
        .iter()
        .flat_map(|panel| panel.series)
        .flat_map(finite);
    let x = Range::around(steps.map(|[step, _]| step));
    let x_ticks = set_ticks(ticks(x, 6))?;
    let mut top = MARGIN + header.height();
    let mut drawings = Vec::new();
    for (index, panel) in curves.panels.iter().enumerate() {
        // Colours go on from panel to panel, so that no two curves of the picture share one.
        let first_color = curves.panels[..index].iter().map(|p| p.series.len()).sum();
        let drawing = Drawing::new(panel, first_color, top, content)?;
        top = drawing.plot_top + PLOT_HEIGHT + footer(false) + TEXT_SIZE * 3 / 2;
        drawings.push(drawing);
    }
    let left = MARGIN
        + drawings
            .iter()
            .map(|d| gutter(&d.y_ticks))
            .max()
            .unwrap_or(0);
    let height = top + MARGIN;
    let mut canvas = Canvas::new((content + 2 * MARGIN) as usize, height as usize)?;
    header.draw(&mut canvas);
    let last = drawings.len() - 1;
    for (index, drawing) in drawings.iter().enumerate() {
        let width = MARGIN + content - left;
        let area = Area {
            left,
            top: drawing.plot_top,
            width,
            height: PLOT_HEIGHT,
        };
        let frame = Frame {
            area,
            x,
            y: drawing.y,
        };
        let name = if index == last { curves.x_axis } else { "" };
        frame.draw_grid(&mut canvas, &x_ticks, &drawing.y_ticks);
        drawing.draw(&mut canvas, &frame)?;
        frame.draw_labels(&mut canvas, &x_ticks, &drawing.y_ticks, (name, ""))?;
    }
    Ok(canvas.finish())
}

fn finite<'a>(series: &Series<'a>) -> impl Iterator<Item = [f64; 2]> + use<'a> {
    series
        .points
        .iter()
        .copied()
        .filter(|point| point.iter().all(|v| v.is_finite()))
}

/// A panel, measured.
struct Drawing<'a> {
    panel: &'a Panel<'a>,
    first_color: usize,
    y: Range,
    y_ticks: Vec<crate::axes::Tick>,
    name: Text,
    legend: Legend,
    top: u32,
    plot_top: u32,
}

impl<'a> Drawing<'a> {
    fn new(
        panel: &'a Panel<'a>,
        first_color: usize,
        top: u32,
        width: u32,
    ) -> Result<Self, VizError> {
        let y = vertical_range(panel);
        let name = crate::text::shortened(&name(panel, y), TEXT_SIZE, Weight::Bold, width)?;
        let entries: Vec<(Mark, String)> = panel
            .series
            .iter()
            .enumerate()
            .map(|(index, series)| {
                (
                    Mark::Line(class_color(first_color + index)),
                    series.name.to_owned(),
                )
            })
            .collect();
        let legend = Legend::new(&entries, width)?;
        let plot_top = top + line_height(TEXT_SIZE) + legend.height() + TEXT_SIZE / 2;
        Ok(Self {
            panel,
            first_color,
            y,
            y_ticks: set_ticks(ticks(y, 6))?,
            name,
            legend,
            top,
            plot_top,
        })
    }

    fn draw(&self, canvas: &mut Canvas, frame: &Frame) -> Result<(), VizError> {
        let baseline = i64::from(self.top + TEXT_SIZE * 9 / 10);
        canvas.text(&self.name, i64::from(MARGIN), baseline, Anchor::Left, INK);
        self.legend
            .draw(canvas, MARGIN, self.top + line_height(TEXT_SIZE));
        for (index, series) in self.panel.series.iter().enumerate() {
            draw_series(canvas, frame, series, self.first_color + index);
        }
        draw_references(canvas, frame, self.panel.references)
    }
}

/// The panel's name, with what it does not show.
fn name(panel: &Panel<'_>, y: Range) -> String {
    let given: usize = panel.series.iter().map(|series| series.points.len()).sum();
    let known = panel.series.iter().flat_map(finite).count();
    let beyond = panel
        .series
        .iter()
        .flat_map(finite)
        .filter(|p| !y.contains(p[1]))
        .count();
    let mut name = panel.name.to_owned();
    if beyond > 0 {
        name += &format!(" · {} beyond the axis", grouped(&beyond.to_string()));
    }
    if known < given {
        name += &format!(
            " · {} not finite, left out",
            grouped(&(given - known).to_string())
        );
    }
    name
}

fn vertical_range(panel: &Panel<'_>) -> Range {
    let mut values: Vec<f64> = panel
        .series
        .iter()
        .flat_map(finite)
        .map(|[_, value]| value)
        .collect();
    values.sort_by(f64::total_cmp);
    let all = Range::around(values.iter().copied());
    let most = Range::around([quantile(&values, 0.01), quantile(&values, 0.99)]);
    // A start far above the rest would press it flat; anything milder is shown whole.
    let shown = if all.width() > 2.5 * most.width() {
        most
    } else {
        all
    };
    let references = panel
        .references
        .iter()
        .map(|r| r.value)
        .filter(|v| v.is_finite());
    let range = match (values.is_empty(), panel.references.is_empty()) {
        (true, false) => Range::around(references),
        (false, false) => references.fold(shown, |range, v| Range {
            low: range.low.min(v),
            high: range.high.max(v),
        }),
        _ => shown,
    };
    range.padded(0.06)
}

fn draw_series(canvas: &mut Canvas, frame: &Frame, series: &Series<'_>, color: usize) {
    let color = class_color(color);
    let points: Vec<[f64; 2]> = finite(series).collect();
    let pixels = |points: &[[f64; 2]]| -> Vec<Point> {
        points.iter().map(|p| frame.point(p[0], p[1])).collect()
    };
    let raw = pixels(&points);
    if points.len() <= FEW_POINTS {
        canvas.line(&raw, 4.0, color, 1.0, frame.area);
        for &point in &raw {
            canvas.disc(point, 6.0, color, 1.0, frame.area);
        }
        return;
    }
    canvas.line(&raw, 1.5, color, 0.3, frame.area);
    canvas.line(&pixels(&smoothed(&points)), 4.0, color, 1.0, frame.area);
}

/// Dashed lines with their labels at the right: the highest one's above it, the others' below, so that they keep apart.
fn draw_references(
    canvas: &mut Canvas,
    frame: &Frame,
    references: &[Reference<'_>],
) -> Result<(), VizError> {
    let highest = references
        .iter()
        .map(|r| r.value)
        .fold(f64::NEG_INFINITY, f64::max);
    for reference in references.iter().filter(|r| frame.y.contains(r.value)) {
        let y = frame.point(frame.x.low, reference.value).1;
        let mut x = frame.area.left as f32;
        while x < frame.area.right() as f32 {
            canvas.line(&[(x, y), (x + 9.0, y)], 2.5, INK, 0.9, frame.area);
            x += 20.0;
        }
        let text = Text::set(reference.label, TEXT_SIZE, Weight::Regular)?;
        let below = if reference.value < highest {
            TEXT_SIZE as i64 * 11 / 10
        } else {
            -12
        };
        let right = i64::from(frame.area.right()) - 10;
        canvas.text_on_paper(&text, right, y as i64 + below, Anchor::Right, SOFT_INK);
    }
    Ok(())
}
