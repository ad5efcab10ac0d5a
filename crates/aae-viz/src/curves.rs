//! Losses over training steps, in panels below each other.

mod panel;
mod smooth;

use crate::VizError;
use crate::axes::{Frame, footer, gutter, set_ticks};
use crate::canvas::{Area, Canvas};
use crate::header::Header;
use crate::mosaic::TARGET_WIDTH;
use crate::palette::{MARGIN, TEXT_SIZE};
use crate::picture::Picture;
use crate::range::{Range, ticks};
use panel::Drawing;

const PLOT_HEIGHT: u32 = 420;

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
    /// What is measured, with its unit: "Reconstruction loss (mean squared error)".
    pub name: &'a str,
    /// The curves. Where there is only one, the panel's name must say what it is: it gets no legend.
    pub series: &'a [Series<'a>],
    /// Values that the curves are held against.
    pub references: &'a [Reference<'a>],
    /// Whether the vertical axis is logarithmic, for a loss that falls far and then slowly. Values that are not positive
    /// are left out then, and the moving average is of the logarithms.
    pub logarithmic: bool,
}

/// A named curve.
#[derive(Debug, Clone, Copy, Default)]
pub struct Series<'a> {
    /// For the legend.
    pub name: &'a str,
    /// Which colour: of the first ten each can be told from the others; the next ones are shades of them.
    pub color: usize,
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

/// The panels below each other over one axis of steps: values pale, their moving average strong, a short series as dots.
///
/// A vertical axis leaves out the farthest hundredth of the values at either end where they would press the others flat;
/// how many points lie beyond it is said in the panel's name.
///
/// Errors: if there is no panel; if the picture would have more than 20,000 pixels on a side, or a text cannot be set.
pub fn curves(curves: &Curves<'_>) -> Result<Picture, VizError> {
    if curves.panels.is_empty() {
        return Err(VizError::Nothing { what: "panels" });
    }
    let content = TARGET_WIDTH as u32 - MARGIN;
    let header = Header::new(curves.title, curves.subtitle, content)?;
    let mut top = MARGIN + header.height() + TEXT_SIZE / 2;
    let mut drawings = Vec::new();
    for panel in curves.panels {
        let drawing = Drawing::new(panel, top, content)?;
        top = drawing.plot_top + PLOT_HEIGHT + footer(false) + TEXT_SIZE * 3 / 2;
        drawings.push(drawing);
    }
    let x = Range::around(drawings.iter().flat_map(Drawing::steps));
    let x_ticks = set_ticks(ticks(x, 6))?;
    let left = MARGIN
        + drawings
            .iter()
            .map(|d| gutter(&d.y_ticks))
            .max()
            .unwrap_or(0);
    let width = (MARGIN + content).saturating_sub(left);
    let mut canvas = Canvas::new((content + 2 * MARGIN) as usize, (top + MARGIN) as usize)?;
    header.draw(&mut canvas);
    for (index, drawing) in drawings.iter().enumerate() {
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
        let lowest = index + 1 == drawings.len();
        frame.draw_grid(&mut canvas, &x_ticks, &drawing.y_ticks);
        drawing.draw(&mut canvas, &frame)?;
        let names = (if lowest { curves.x_axis } else { "" }, "");
        frame.draw_labels(&mut canvas, &x_ticks, &drawing.y_ticks, names)?;
    }
    Ok(canvas.finish())
}
