//! A small line chart as inline SVG: a figure over epochs, of one run or of several.

use super::html::{Coordinate, Html};
use crate::quantity::Unit;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
/// As [`RIGHT`], with room for a name behind the lines.
const RIGHT_OF_MANY: f64 = 52.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 30.0;
/// Beyond so many points a line has no dots, which would only cover it.
const MOST_DOTS: usize = 60;
/// Most points of a line: more cannot be told apart.
const MOST_POINTS: usize = 800;

/// One line: `(epoch, value)`, finite, ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Said when the pointer rests on a dot, with the point; of several lines the highest and the lowest have theirs at their ends.
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// The chart of figures in this unit, or nothing if no line has two points.
pub(super) fn chart(title: &str, lines: &[Line], floor: Option<f64>, unit: Unit) -> Option<Html> {
    let lines: Vec<Line> = lines.iter().map(thinned).collect();
    if lines.iter().all(|line| line.points.len() < 2) {
        return None;
    }
    let points = || lines.iter().flat_map(|line| &line.points);
    let floor = floor.filter(|floor| floor.is_finite());
    let values = || points().map(|point| point.1).chain(floor);
    let right = match lines.len() {
        1 => WIDTH - RIGHT,
        _ => WIDTH - RIGHT_OF_MANY,
    };
    let x = Axis::over(points().map(|point| point.0), LEFT, right);
    let y = Axis::over(values(), HEIGHT - BOTTOM, TOP);
    let mut html = Html::new();
    html.markup("<figure class=chart>")
        .element("figcaption", title);
    html.markup("<svg viewBox=\"0 0 420 210\" role=img><title>")
        .text(title)
        .markup("</title>");
    axes(&mut html, &x, &y, unit, floor);
    let class = if lines.len() > 1 { "line many" } else { "line" };
    for line in &lines {
        polyline(&mut html, line, class, &x, &y, unit);
    }
    let ends = lines
        .iter()
        .filter_map(|line| Some((line.points.last()?.1, line.name.as_str())));
    let mut ends: Vec<(f64, &str)> = ends.collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    // All lines have one colour, and between these two lie the others. Apart, so that neither hides the other.
    if let [(low, lowest), .., (high, highest)] = ends.as_slice() {
        let x = right + 5.0;
        label(&mut html, "name", x, y.place(*high) - 2.0, highest);
        label(&mut html, "name", x, y.place(*low) + 10.0, lowest);
    }
    html.markup("</svg></figure>\n");
    Some(html)
}

/// The rules that values and floor are read by, and what stands at them and at the ends of the epochs.
fn axes(html: &mut Html, x: &Axis, y: &Axis, unit: Unit, floor: Option<f64>) {
    let right = x.to;
    for value in [y.first, y.first / 2.0 + y.last / 2.0, y.last] {
        rule(html, "grid", right, y.place(value));
        label(
            html,
            "y",
            LEFT - 6.0,
            y.place(value) + 4.0,
            &unit.number(value),
        );
    }
    for value in [x.first, x.last] {
        label(
            html,
            "x",
            x.place(value),
            HEIGHT - 10.0,
            &format!("{value}"),
        );
    }
    let middle = (LEFT + right) / 2.0;
    label(html, "x", middle, HEIGHT - 10.0, "epoch");
    if let Some(floor) = floor {
        rule(html, "floor", right, y.place(floor));
    }
}

/// A line, with a dot at each point where there are not too many.
fn polyline(html: &mut Html, line: &Line, class: &'static str, x: &Axis, y: &Axis, unit: Unit) {
    let whose = match line.name.as_str() {
        "" => String::new(),
        name => format!("{name}, "),
    };
    html.markup("<polyline class=\"")
        .markup(class)
        .markup("\" points=\"");
    for (epoch, value) in &line.points {
        html.number(Coordinate(x.place(*epoch))).markup(",");
        html.number(Coordinate(y.place(*value))).markup(" ");
    }
    html.markup("\"/>");
    if line.points.len() > MOST_DOTS {
        return;
    }
    for (epoch, value) in &line.points {
        html.markup("<circle class=dot r=2.5 cx=")
            .number(Coordinate(x.place(*epoch)));
        html.markup(" cy=")
            .number(Coordinate(y.place(*value)))
            .markup("><title>");
        html.text(&format!("{whose}epoch {epoch}: {}", unit.number(*value)));
        html.markup("</title></circle>");
    }
}

fn thinned(line: &Line) -> Line {
    let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
    let points: Vec<(f64, f64)> = line.points.iter().filter(finite).copied().collect();
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let is_kept = |index: usize| index.is_multiple_of(every) || index == last;
    let kept = points
        .iter()
        .enumerate()
        .filter(|(index, _)| is_kept(*index));
    Line {
        name: line.name.clone(),
        points: kept.map(|(_, point)| *point).collect(),
    }
}

fn rule(html: &mut Html, class: &'static str, right: f64, y: f64) {
    html.markup("<line class=").markup(class);
    html.markup(" x1=").number(Coordinate(LEFT));
    html.markup(" x2=").number(Coordinate(right));
    html.markup(" y1=").number(Coordinate(y));
    html.markup(" y2=").number(Coordinate(y)).markup(" />");
}

fn label(html: &mut Html, class: &'static str, x: f64, y: f64, text: &str) {
    html.markup("<text class=").markup(class);
    html.markup(" x=").number(Coordinate(x));
    html.markup(" y=").number(Coordinate(y));
    html.markup(">").text(text).markup("</text>");
}

/// From values to places.
struct Axis {
    first: f64,
    last: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// Over finite values, of which there are some.
    fn over(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let first = values.clone().reduce(f64::min).unwrap_or(0.0);
        let last = values.reduce(f64::max).unwrap_or(1.0);
        Self {
            first,
            last,
            from,
            to,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value - self.first) / (self.last - self.first);
        // All values may be equal, or too far apart to subtract.
        let share = if share.is_finite() { share } else { 0.5 };
        self.from + share * (self.to - self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> Line {
        Line {
            name: String::new(),
            points: points.to_vec(),
        }
    }

    fn text(html: Option<Html>) -> String {
        String::from_utf8(html.unwrap().into_bytes()).unwrap()
    }

    #[test]
    fn a_chart_needs_two_points() {
        let none = |lines: &[Line]| chart("t", lines, None, Unit::Plain).is_none();
        assert!(none(&[]));
        assert!(none(&[line(&[(1.0, 2.0), (2.0, f64::NAN)])]));
    }

    #[test]
    fn the_least_value_is_at_the_bottom_and_the_greatest_at_the_top() {
        let lines = [line(&[(1.0, 5.0), (3.0, 7.0)])];
        let html = text(chart("t", &lines, Some(6.0), Unit::Plain));
        assert!(html.contains("points=\"58.0,180.0 408.0,10.0 \""), "{html}");
        assert!(
            html.contains("class=floor x1=58.0 x2=408.0 y1=95.0"),
            "{html}"
        );
    }

    #[test]
    fn of_several_lines_the_highest_and_the_lowest_end_with_their_names() {
        let lines = [3.0, 9.0, 5.0].map(|end| Line {
            name: format!("seed {end}"),
            points: vec![(1.0, 7.0), (2.0, end)],
        });
        let html = text(chart("t", &lines, None, Unit::Plain));
        assert!(html.contains(" y=8.0>seed 9</text>"), "{html}");
        assert!(html.contains(" y=190.0>seed 3</text>"), "{html}");
        assert!(!html.contains(">seed 5</text>"), "{html}");
        assert!(
            html.contains("<title>seed 5, epoch 2: 5.000</title>"),
            "{html}"
        );
    }

    #[test]
    fn values_that_are_equal_or_enormous_have_a_place() {
        for value in [0.0, f64::MAX] {
            let lines = [line(&[(1.0, value), (2.0, value)])];
            let html = text(chart("t", &lines, Some(-value), Unit::Plain));
            assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
        }
    }

    #[test]
    fn shares_are_told_in_per_cent_as_elsewhere() {
        let lines = [line(&[(1.0, 0.0686), (2.0, 0.0888)])];
        let html = text(chart("t", &lines, None, Unit::Share));
        assert!(html.contains(">epoch 1: 6.86<"), "{html}");
        assert!(html.contains(">8.88</text>"), "{html}");
    }

    #[test]
    fn a_long_line_is_thinned_but_keeps_its_ends() {
        let points: Vec<(f64, f64)> = (0..5000).map(|x| (f64::from(x), 1.0)).collect();
        let thinned = thinned(&line(&points));
        assert!(thinned.points.len() <= MOST_POINTS + 1);
        assert_eq!(thinned.points.last(), points.last());
    }
}
