//! A plane of the latent space, decoded cell by cell.

use crate::VizError;
use crate::axes::{Frame, footer, gutter, set_ticks};
use crate::canvas::{Area, Canvas};
use crate::grid::LEAST_WIDTH;
use crate::header::Header;
use crate::images::Images;
use crate::mosaic::{Mosaic, TARGET_WIDTH};
use crate::palette::{MARGIN, TEXT_SIZE};
use crate::picture::Picture;
use crate::range::{Range, ticks};

/// Least pixels of an axis for each of its tick labels, if there is more than one.
const TICK_ROOM: usize = 50;

/// The decoded images of a rectangle of latent codes, and what is written around them.
#[derive(Debug, Clone, Copy)]
pub struct Manifold<'a> {
    /// `rows * columns` images: image `row * columns + column` is decoded from the code (x, y), where x goes in equal steps
    /// from `x[0]` at the first column to `x[1]` at the last, and y from `y[0]` at the first row to `y[1]` at the last.
    pub images: Images<'a>,
    /// Steps of y.
    pub rows: usize,
    /// Steps of x.
    pub columns: usize,
    /// x of the first and of the last column.
    pub x: [f64; 2],
    /// y of the first and of the last row.
    pub y: [f64; 2],
    /// Names of the axes: `["z₁", "z₂"]`.
    pub axes: [&'a str; 2],
    /// Printed large at the top.
    pub title: &'a str,
    /// Printed below the title.
    pub subtitle: &'a str,
}

/// The images tiled without gaps, x to the right and y upwards: the first row of images is the lowest of the picture.
///
/// Errors: if there is no row or column, if there is not one image for each cell, or if the ends of an axis descend or are
/// not finite; if the picture would have more than 20,000 pixels on a side, or a text cannot be set.
pub fn manifold(plane: &Manifold<'_>) -> Result<Picture, VizError> {
    let Manifold {
        images,
        rows,
        columns,
        ..
    } = *plane;
    if rows == 0 || columns == 0 {
        return Err(VizError::Nothing {
            what: "rows and columns",
        });
    }
    let expected = rows.saturating_mul(columns);
    if images.len() != expected {
        let what = format!("images for {rows} rows and {columns} columns");
        return Err(VizError::Count {
            what,
            expected,
            found: images.len(),
        });
    }
    let mosaic = Mosaic::new(rows, columns, &images, false, TARGET_WIDTH);
    let (x, x_ticks) = edge("x", plane.x, columns, mosaic.width())?;
    let (y, y_ticks) = edge("y", plane.y, rows, mosaic.height())?;
    let (x_ticks, y_ticks) = (set_ticks(x_ticks)?, set_ticks(y_ticks)?);
    let left = MARGIN + gutter(&y_ticks);
    let margin = MARGIN as usize;
    let width = (left as usize + mosaic.width() - margin).max(LEAST_WIDTH);
    let header = Header::new(plane.title, plane.subtitle, width as u32)?;
    let top = MARGIN + header.height() + TEXT_SIZE * 3 / 2;
    let height = top as usize + mosaic.height() + footer(true) as usize + margin;
    let mut canvas = Canvas::new(width + 2 * margin, height)?;
    header.draw(&mut canvas);
    mosaic.draw(&mut canvas, left, top, |row, column| {
        images.get((rows - 1 - row) * columns + column)
    });
    let area = Area {
        left,
        top,
        width: mosaic.width() as u32,
        height: mosaic.height() as u32,
    };
    Frame { area, x, y }.draw_labels(
        &mut canvas,
        &x_ticks,
        &y_ticks,
        (plane.axes[0], plane.axes[1]),
    )?;
    Ok(canvas.finish())
}

/// The values at the outer edges of the first and the last cell, and ticks at values that cells were decoded from.
fn edge(
    axis: &'static str,
    ends: [f64; 2],
    cells: usize,
    pixels: usize,
) -> Result<(Range, Vec<(f64, String)>), VizError> {
    let [from, to] = ends;
    if !(from.is_finite() && to.is_finite() && from <= to) {
        return Err(VizError::Ends { axis, from, to });
    }
    let range = Range::around(ends);
    if cells < 2
        || range
            != (Range {
                low: from,
                high: to,
            })
    {
        // Cells of one value, so there is nothing to measure along this axis.
        let middle = range.low + range.width() / 2.0;
        let label = (from as f32).to_string().replace('-', "−");
        return Ok((range, vec![(middle, label)]));
    }
    let most = (pixels / 120).clamp(2, 8);
    let half_cell = 0.5 / (cells - 1) as f64;
    let mut ticks = ticks(range, most);
    if pixels < TICK_ROOM * ticks.len() {
        // Their labels would lie on each other.
        ticks = vec![ticks.swap_remove(ticks.len() / 2)];
    }
    Ok((range.padded(half_cell), ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_at_the_middles_of_cells() {
        let (range, ticks) = edge("x", [-10.0, 10.0], 5, 1_000).unwrap();
        assert_eq!((range.low, range.high), (-12.5, 12.5));
        assert_eq!(range.share(ticks[0].0), 0.1);
        assert_eq!(ticks.last().map(|(_, label)| label.as_str()), Some("10"));
    }

    #[test]
    fn an_axis_of_one_value_has_one_tick() {
        for (ends, cells) in [([2.5, 2.5], 4), ([2.5, 9.0], 1)] {
            let (range, ticks) = edge("x", ends, cells, 100).unwrap();
            assert_eq!(ticks.len(), 1);
            assert_eq!(ticks[0].1, "2.5");
            assert!((range.share(ticks[0].0) - 0.5).abs() < 1e-9);
        }
    }

    #[test]
    fn a_narrow_plane_has_room_for_its_title_and_one_tick() {
        let (_, ticks) = edge("x", [-10.0, 10.0], 20, 20).unwrap();
        let labels: Vec<&str> = ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["0"]);
        let pixels = vec![0.0; 4 * 100];
        let picture = manifold(&Manifold {
            images: Images::new(&pixels, 100, 1).unwrap(),
            rows: 2,
            columns: 2,
            x: [-10.0, 10.0],
            y: [-10.0, 10.0],
            axes: ["z₁", "z₂"],
            title: "A plane of codes, decoded",
            subtitle: "",
        });
        let width = picture.unwrap().width();
        assert_eq!(width as usize, LEAST_WIDTH + 2 * MARGIN as usize);
    }

    #[test]
    fn ends_that_descend_or_are_not_finite_are_refused() {
        for ends in [[1.0, -1.0], [f64::NAN, 1.0], [0.0, f64::INFINITY]] {
            assert!(matches!(
                edge("x", ends, 3, 100),
                Err(VizError::Ends { .. })
            ));
        }
    }
}
