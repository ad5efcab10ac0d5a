//! Where each image of a grid goes: the one place that turns row and column into pixels.

use crate::canvas::{Area, Canvas};
use crate::images::Images;
use crate::palette::EMPTY_CELL;

/// A picture is about this wide, in pixels, where whole-number scaling allows.
pub(crate) const TARGET_WIDTH: usize = 1_200;
const LARGEST_SCALE: usize = 12;

/// Equal cells in rows and columns, in pixels, without what surrounds them.
#[derive(Debug, Clone)]
pub(crate) struct Mosaic {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Side of the square that one pixel of an image becomes.
    pub(crate) scale: usize,
    cell: (usize, usize),
    gap: usize,
    /// Least distance from the top of a row to that of the next.
    pitch: usize,
    /// Rows between two wider gaps; 0 for none.
    block: usize,
    /// Extra height of a wider gap.
    block_gap: usize,
}

impl Mosaic {
    /// Cells for images of `height` x `width`, scaled by the largest whole number that keeps them in `room` pixels.
    pub(crate) fn new(
        rows: usize,
        columns: usize,
        images: &Images<'_>,
        gap: bool,
        room: usize,
    ) -> Self {
        let (height, width) = (images.height(), images.width());
        let content = columns.saturating_mul(width).max(1);
        let tallest = 2 * TARGET_WIDTH / rows.saturating_mul(height).max(1);
        let scale = (room / content).min(tallest).clamp(1, LARGEST_SCALE);
        let gap = if gap {
            (scale * width / 20).clamp(2, 8)
        } else {
            0
        };
        Self {
            rows,
            columns,
            scale,
            cell: (height * scale, width * scale),
            gap,
            pitch: 0,
            block: 0,
            block_gap: 0,
        }
    }

    /// The same cells with `block_gap` more pixels after every `block` rows.
    pub(crate) fn in_blocks(self, block: usize, block_gap: usize) -> Self {
        Self {
            block,
            block_gap,
            ..self
        }
    }

    /// The same cells in rows that begin at least `pitch` pixels after each other.
    pub(crate) fn rows_at_least(self, pitch: usize) -> Self {
        Self { pitch, ..self }
    }

    pub(crate) fn width(&self) -> usize {
        (self.columns * (self.cell.1 + self.gap)).saturating_sub(self.gap)
    }

    pub(crate) fn height(&self) -> usize {
        match self.rows {
            0 => 0,
            rows => self.offset(rows - 1, 0).1 + self.cell.0,
        }
    }

    pub(crate) fn cell_height(&self) -> usize {
        self.cell.0
    }

    pub(crate) fn cell_width(&self) -> usize {
        self.cell.1
    }

    /// (x, y) of the upper left pixel of a cell, from the upper left pixel of the mosaic.
    pub(crate) fn offset(&self, row: usize, column: usize) -> (usize, usize) {
        let blocks = row.checked_div(self.block).unwrap_or(0);
        let pitch = (self.cell.0 + self.gap).max(self.pitch);
        let y = row * pitch + blocks * self.block_gap;
        (column * (self.cell.1 + self.gap), y)
    }

    /// Draws image by image at (`left`, `top`); a cell without one is a pale field.
    pub(crate) fn draw<'a>(
        &self,
        canvas: &mut Canvas,
        left: u32,
        top: u32,
        image_at: impl Fn(usize, usize) -> Option<&'a [f32]>,
    ) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                let (x, y) = self.offset(row, column);
                let (x, y) = (left + x as u32, top + y as u32);
                match image_at(row, column) {
                    Some(pixels) => {
                        canvas.image(pixels, self.cell.1 / self.scale, self.scale as u32, x, y);
                    }
                    None => {
                        let (height, width) = (self.cell.0 as u32, self.cell.1 as u32);
                        canvas.fill(
                            Area {
                                left: x,
                                top: y,
                                width,
                                height,
                            },
                            EMPTY_CELL,
                        );
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_non_square_images_in_a_non_square_grid_neither_touch_nor_drift() {
        let pixels = vec![0.0; 6 * 2 * 3];
        let images = Images::new(&pixels, 2, 3).unwrap();
        let mosaic = Mosaic::new(2, 3, &images, true, 90);
        assert_eq!((mosaic.scale, mosaic.gap), (10, 2));
        assert_eq!(mosaic.offset(1, 2), (2 * 32, 22));
        assert_eq!((mosaic.width(), mosaic.height()), (94, 42));
    }

    #[test]
    fn blocks_are_set_apart() {
        let images = Images::new(&[0.0; 4], 2, 2).unwrap();
        let mosaic = Mosaic::new(4, 1, &images, false, 2).in_blocks(2, 7);
        assert_eq!(mosaic.offset(1, 0).1, 2);
        assert_eq!(mosaic.offset(2, 0).1, 4 + 7);
        assert_eq!(mosaic.height(), 8 + 7);
    }

    #[test]
    fn rows_lower_than_their_names_are_set_apart() {
        let images = Images::new(&[0.0; 6], 1, 6).unwrap();
        let flat = Mosaic::new(3, 1, &images, true, 6);
        assert_eq!(flat.offset(2, 0).1, 2 * 3);
        let named = flat.rows_at_least(30);
        assert_eq!((named.offset(2, 0).1, named.height()), (60, 61));
        // No other rows move.
        let high = Mosaic::new(3, 1, &images, true, 6).rows_at_least(2);
        assert_eq!(high.offset(2, 0).1, 2 * 3);
    }

    #[test]
    fn scaling_never_falls_below_one_pixel() {
        let images = Images::new(&[0.0; 4], 2, 2).unwrap();
        assert_eq!(Mosaic::new(5_000, 5_000, &images, false, 100).scale, 1);
    }
}
