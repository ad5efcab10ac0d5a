//! Codes in the plane, coloured by label, with the outline of the prior over them.

mod placing;

use crate::VizError;
use crate::axes::{Frame, footer, gutter, set_ticks};
use crate::canvas::{Anchor, Area, Canvas, Point};
use crate::header::Header;
use crate::legend::{Legend, Mark};
use crate::mosaic::TARGET_WIDTH;
use crate::palette::{INK, MARGIN, TEXT_SIZE, class_color};
use crate::picture::Picture;
use crate::range::{Range, grouped, ticks};
use std::collections::BTreeMap;

/// With more classes than this, names on the plot itself would hide it.
const MOST_NAMES_ON_PLOT: usize = 20;
/// Height of the plot over its width, at least and at most.
const ASPECT: (f64, f64) = (0.55, 1.0);

/// Points of the plane and what they are called.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scatter<'a> {
    /// The points, x and y. One that is not finite is left out, and counted in the subtitle.
    pub points: &'a [[f32; 2]],
    /// The class of each point, or nothing for points of one colour.
    pub labels: &'a [usize],
    /// The name of each class; a class past the end is called by its number.
    pub classes: &'a [String],
    /// Lines drawn over the points: the prior's support or its 1, 2 and 3 σ.
    pub outline: &'a [Vec<[f32; 2]>],
    /// What the outline is, for the legend.
    pub outline_name: &'a str,
    /// Names of the axes: `["z₁", "z₂"]`.
    pub axes: [&'a str; 2],
    /// Printed large at the top.
    pub title: &'a str,
    /// Printed below the title, followed by the number of points and what became of those not shown.
    pub subtitle: &'a str,
}

/// The points as discs, in the order given, one unit as long on both axes.
///
/// The axes reach around the outline and all points but far outliers: those further from the middle 98 % of the points than
/// these are wide. How many lie beyond is said in the subtitle. Without any point the axes and the outline are drawn.
///
/// Errors: if labels are given but not one for each point; if a text cannot be set.
pub fn scatter(plot: &Scatter<'_>) -> Result<Picture, VizError> {
    if !plot.labels.is_empty() && plot.labels.len() != plot.points.len() {
        let what = "labels, one for each point".to_owned();
        return Err(VizError::Count {
            what,
            expected: plot.points.len(),
            found: plot.labels.len(),
        });
    }
    let (x, y, aspect) = limits(plot);
    let (x_ticks, y_ticks) = (set_ticks(ticks(x, 7))?, set_ticks(ticks(y, 7))?);
    let left = MARGIN + gutter(&y_ticks);
    let content = TARGET_WIDTH as u32 - MARGIN;
    let width = MARGIN + content - left;
    let height = (f64::from(width) * aspect).round() as u32;
    let header = Header::new(plot.title, &subtitle(plot, x, y), content)?;
    let legend = Legend::new(&legend(plot), content)?;
    let legend_top = MARGIN + header.height();
    let top = legend_top + legend.height() + TEXT_SIZE * 3 / 2;
    let below = footer(!plot.axes[0].is_empty()) + MARGIN;
    let mut canvas = Canvas::new(
        (left + width + MARGIN) as usize,
        (top + height + below) as usize,
    )?;
    let frame = Frame {
        area: Area {
            left,
            top,
            width,
            height,
        },
        x,
        y,
    };
    header.draw(&mut canvas);
    legend.draw(&mut canvas, MARGIN, legend_top);
    frame.draw_grid(&mut canvas, &x_ticks, &y_ticks);
    let places = draw_points(&mut canvas, plot, &frame);
    draw_outline(&mut canvas, plot, &frame);
    if (2..=MOST_NAMES_ON_PLOT).contains(&places.len()) {
        draw_names(&mut canvas, plot, &frame, &places)?;
    }
    frame.draw_labels(
        &mut canvas,
        &x_ticks,
        &y_ticks,
        (plot.axes[0], plot.axes[1]),
    )?;
    Ok(canvas.finish())
}

fn finite<'a>(plot: &Scatter<'a>) -> impl Iterator<Item = (usize, [f64; 2])> + use<'a> {
    let labels = plot.labels;
    let points = plot.points.iter().enumerate();
    points
        .filter(|(_, point)| point.iter().all(|v| v.is_finite()))
        .map(move |(index, point)| {
            (
                labels.get(index).copied().unwrap_or(0),
                point.map(f64::from),
            )
        })
}

/// Ranges of x and y with one scale for both, and the plot's height over its width.
fn limits(plot: &Scatter<'_>) -> (Range, Range, f64) {
    let range = |axis: usize| {
        let corners = || {
            plot.outline
                .iter()
                .flatten()
                .map(|point| f64::from(point[axis]))
        };
        let points = || finite(plot).map(|(_, point)| point[axis]);
        let range = match (points().next(), corners().any(f64::is_finite)) {
            (Some(_), true) => Range::around_most(points()).union(Range::around(corners())),
            (None, true) => Range::around(corners()),
            _ => Range::around_most(points()),
        };
        range.padded(0.04)
    };
    let (x, y) = (range(0), range(1));
    let aspect = (y.width() / x.width()).clamp(ASPECT.0, ASPECT.1);
    let unit = x.width().max(y.width() / aspect);
    (x.resized(unit), y.resized(unit * aspect), aspect)
}

fn subtitle(plot: &Scatter<'_>, x: Range, y: Range) -> String {
    let shown = finite(plot)
        .filter(|(_, p)| x.contains(p[0]) && y.contains(p[1]))
        .count();
    let known = finite(plot).count();
    let number = |n: usize| grouped(&n.to_string());
    let mut parts = Vec::new();
    if !plot.subtitle.is_empty() {
        parts.push(plot.subtitle.to_owned());
    }
    parts.push(format!(
        "{} point{}",
        number(known),
        if known == 1 { "" } else { "s" }
    ));
    if shown < known {
        parts.push(format!("{} beyond the axes", number(known - shown)));
    }
    if known < plot.points.len() {
        parts.push(format!(
            "{} not finite, left out",
            number(plot.points.len() - known)
        ));
    }
    parts.join(" · ")
}

fn name(plot: &Scatter<'_>, class: usize) -> String {
    plot.classes
        .get(class)
        .cloned()
        .unwrap_or_else(|| class.to_string())
}

fn legend(plot: &Scatter<'_>) -> Vec<(Mark, String)> {
    let mut entries = Vec::new();
    if !plot.labels.is_empty() {
        let mut classes: Vec<usize> = finite(plot).map(|(class, _)| class).collect();
        classes.sort_unstable();
        classes.dedup();
        entries.extend(
            classes
                .iter()
                .map(|&class| (Mark::Dot(class_color(class)), name(plot, class))),
        );
    }
    if !plot.outline.is_empty() && !plot.outline_name.is_empty() {
        // Behind so many classes that not all are listed, it would not be either.
        let place = if entries.len() > MOST_NAMES_ON_PLOT {
            0
        } else {
            entries.len()
        };
        entries.insert(place, (Mark::Line(INK), plot.outline_name.to_owned()));
    }
    entries
}

/// Draws the points; returns where those of each class came to lie inside the plot.
fn draw_points(
    canvas: &mut Canvas,
    plot: &Scatter<'_>,
    frame: &Frame,
) -> BTreeMap<usize, Vec<Point>> {
    let number = plot.points.len().max(1) as f32;
    let radius = (240.0 / number.sqrt()).clamp(3.0, 9.0);
    let opacity = if number > 2_000.0 { 0.75 } else { 0.9 };
    let mut places: BTreeMap<usize, Vec<Point>> = BTreeMap::new();
    for (class, [x, y]) in finite(plot) {
        if frame.x.contains(x) && frame.y.contains(y) {
            let place = frame.point(x, y);
            canvas.disc(place, radius, class_color(class), opacity, frame.area);
            places.entry(class).or_default().push(place);
        }
    }
    places
}

fn draw_outline(canvas: &mut Canvas, plot: &Scatter<'_>, frame: &Frame) {
    for line in plot.outline {
        let points: Vec<Point> = line
            .iter()
            .map(|&[x, y]| frame.point(f64::from(x), f64::from(y)))
            .collect();
        canvas.line(&points, 2.5, INK, 0.9, frame.area);
    }
}

fn draw_names(
    canvas: &mut Canvas,
    plot: &Scatter<'_>,
    frame: &Frame,
    places: &BTreeMap<usize, Vec<Point>>,
) -> Result<(), VizError> {
    let names: Vec<(usize, String)> = places
        .keys()
        .map(|&class| (class, name(plot, class)))
        .collect();
    for (text, x, y) in placing::place_names(&names, places, frame.area)? {
        canvas.text_on_paper(&text, x, y, Anchor::Center, INK);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::{PAPER, mix};

    #[test]
    fn a_point_lies_at_its_place_in_the_colour_of_its_class() {
        let plot = Scatter {
            points: &[[-1.0, 0.5], [2.0, 1.0]],
            labels: &[0, 3],
            ..Scatter::default()
        };
        let mut canvas = Canvas::new(300, 200).unwrap();
        let range = Range {
            low: -4.0,
            high: 4.0,
        };
        let frame = Frame {
            area: canvas.area(),
            x: range,
            y: range,
        };
        draw_points(&mut canvas, &plot, &frame);
        let picture = canvas.finish();
        for (&[x, y], &class) in plot.points.iter().zip(plot.labels) {
            let (left, top) = frame.point(f64::from(x), f64::from(y));
            let pixel = picture.image.get_pixel(left as u32, top as u32);
            assert_eq!(pixel.0, mix(PAPER, class_color(class), 0.9), "{class}");
        }
    }
}
