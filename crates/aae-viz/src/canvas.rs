//! Drawing on an RGB image: rectangles, antialiased lines and discs, text and pixel-exact images.
//!
//! kuva's raster backend antialiases thick lines in one direction only, has no exact place for an image's pixels and
//! drops half the coverage of turned text, so shapes are drawn here, each pixel from its distance to the shape.

use crate::VizError;
use crate::palette::{Color, NOT_A_NUMBER, PAPER, mix};
use crate::picture::Picture;
use crate::text::Text;
use image::{Rgb, RgbImage};

/// Largest side of a picture, in pixels.
const LARGEST_SIDE: usize = 20_000;
/// Coordinates beyond this are drawn as if here, so that squares stay finite.
const FAR: f32 = 1e6;

/// A point in pixels, x to the right and y down.
pub(crate) type Point = (f32, f32);

/// A rectangle of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Area {
    pub(crate) fn right(&self) -> u32 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> u32 {
        self.top + self.height
    }

    pub(crate) fn overlaps(&self, other: &Area) -> bool {
        self.left < other.right()
            && other.left < self.right()
            && self.top < other.bottom()
            && other.top < self.bottom()
    }
}

/// Which end of a text its position fixes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Left,
    Center,
    Right,
}

pub(crate) struct Canvas {
    image: RgbImage,
}

impl Canvas {
    /// White paper of `width` x `height` pixels, refused where no viewer would open it.
    pub(crate) fn new(width: usize, height: usize) -> Result<Self, VizError> {
        if width > LARGEST_SIDE || height > LARGEST_SIDE {
            return Err(VizError::TooLarge {
                width,
                height,
                limit: LARGEST_SIDE,
            });
        }
        Ok(Self {
            image: RgbImage::from_pixel(width as u32, height as u32, Rgb(PAPER)),
        })
    }

    pub(crate) fn finish(self) -> Picture {
        Picture { image: self.image }
    }

    pub(crate) fn area(&self) -> Area {
        Area {
            left: 0,
            top: 0,
            width: self.image.width(),
            height: self.image.height(),
        }
    }

    pub(crate) fn fill(&mut self, area: Area, color: Color) {
        let all = self.area();
        for y in area.top..area.bottom().min(all.height) {
            for x in area.left..area.right().min(all.width) {
                self.image.put_pixel(x, y, Rgb(color));
            }
        }
    }

    /// A disc, in the part of it that lies inside `clip`.
    pub(crate) fn disc(
        &mut self,
        center: Point,
        radius: f32,
        color: Color,
        opacity: f32,
        clip: Area,
    ) {
        let Some(bounds) = self.bounds(center, center, radius, clip) else {
            return;
        };
        for y in bounds.top..bounds.bottom() {
            for x in bounds.left..bounds.right() {
                let (dx, dy) = (x as f32 + 0.5 - center.0, y as f32 + 0.5 - center.1);
                let coverage = (radius + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0);
                self.blend(x, y, color, coverage * opacity);
            }
        }
    }

    /// A line through `points`, `width` pixels wide, in the part of it that lies inside `clip`.
    ///
    /// Every pixel is painted once, so dense or self-crossing lines stay as smooth as sparse ones. A point that is not
    /// finite interrupts the line.
    pub(crate) fn line(
        &mut self,
        points: &[Point],
        width: f32,
        color: Color,
        opacity: f32,
        clip: Area,
    ) {
        let columns = clip.width as usize;
        let mut coverage = vec![0.0_f32; columns * clip.height as usize];
        for pair in points.windows(2) {
            let Some(bounds) = self.bounds(pair[0], pair[1], width / 2.0, clip) else {
                continue;
            };
            let (a, b) = (near(pair[0]), near(pair[1]));
            for y in bounds.top..bounds.bottom() {
                for x in bounds.left..bounds.right() {
                    let distance = distance_to_segment((x as f32 + 0.5, y as f32 + 0.5), a, b);
                    let here = ((width + 1.0) / 2.0 - distance).clamp(0.0, 1.0).min(width);
                    let index = (y - clip.top) as usize * columns + (x - clip.left) as usize;
                    coverage[index] = coverage[index].max(here);
                }
            }
        }
        for (index, &here) in coverage.iter().enumerate() {
            if here > 0.0 {
                let (x, y) = ((index % columns) as u32, (index / columns) as u32);
                self.blend(clip.left + x, clip.top + y, color, here * opacity);
            }
        }
    }

    /// One line of text with its baseline at `y`.
    pub(crate) fn text(&mut self, text: &Text, x: i64, y: i64, anchor: Anchor, color: Color) {
        let left = x - anchored(text, anchor);
        let top = y - i64::from(text.ascent);
        for row in 0..text.height {
            for column in 0..text.width {
                let coverage = text.coverage[(row * text.width + column) as usize];
                if coverage > 0 {
                    let (x, y) = (left + i64::from(column), top + i64::from(row));
                    self.blend_at(x, y, color, f32::from(coverage) / 255.0);
                }
            }
        }
    }

    /// Text with a rim of paper around each letter, readable over whatever lies below.
    pub(crate) fn text_on_paper(
        &mut self,
        text: &Text,
        x: i64,
        y: i64,
        anchor: Anchor,
        color: Color,
    ) {
        for dy in -3..=3_i64 {
            for dx in -3..=3_i64 {
                if dx * dx + dy * dy <= 10 {
                    self.text(text, x + dx, y + dy, anchor, PAPER);
                }
            }
        }
        self.text(text, x, y, anchor, color);
    }

    /// The grey image `pixels` `[height * width]`, each pixel as a square of `scale` x `scale`.
    pub(crate) fn image(&mut self, pixels: &[f32], width: usize, scale: u32, left: u32, top: u32) {
        for (index, &value) in pixels.iter().enumerate() {
            let (column, row) = ((index % width) as u32, (index / width) as u32);
            let color = if value.is_nan() {
                NOT_A_NUMBER
            } else {
                [(value.clamp(0.0, 1.0) * 255.0).round() as u8; 3]
            };
            let square = Area {
                left: left + column * scale,
                top: top + row * scale,
                width: scale,
                height: scale,
            };
            self.fill(square, color);
        }
    }

    fn blend_at(&mut self, x: i64, y: i64, color: Color, amount: f32) {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) {
            self.blend(x, y, color, amount);
        }
    }

    fn blend(&mut self, x: u32, y: u32, color: Color, amount: f32) {
        if let Some(pixel) = self.image.get_pixel_mut_checked(x, y) {
            pixel.0 = mix(pixel.0, color, amount);
        }
    }

    /// The pixels of `clip` that a line from `a` to `b` of half width `reach` may touch, if any.
    fn bounds(&self, a: Point, b: Point, reach: f32, clip: Area) -> Option<Area> {
        if ![a.0, a.1, b.0, b.1].iter().all(|v| v.is_finite()) {
            return None;
        }
        let (a, b) = (near(a), near(b));
        let reach = reach + 1.0;
        let inside = |low: f32, high: f32, start: u32, end: u32| {
            let first = (low - reach).floor().max(start as f32) as u32;
            let last = (high + reach).ceil().min(end as f32).max(0.0) as u32;
            (first < last).then(|| (first, last - first))
        };
        let (left, width) = inside(a.0.min(b.0), a.0.max(b.0), clip.left, clip.right())?;
        let (top, height) = inside(a.1.min(b.1), a.1.max(b.1), clip.top, clip.bottom())?;
        Some(Area {
            left,
            top,
            width,
            height,
        })
    }
}

/// How far left of its position an anchored text begins.
pub(crate) fn anchored(text: &Text, anchor: Anchor) -> i64 {
    match anchor {
        Anchor::Left => 0,
        Anchor::Center => i64::from(text.width / 2),
        Anchor::Right => i64::from(text.width),
    }
}

fn near(point: Point) -> Point {
    (point.0.clamp(-FAR, FAR), point.1.clamp(-FAR, FAR))
}

fn distance_to_segment(p: Point, a: Point, b: Point) -> f32 {
    let (bx, by) = (b.0 - a.0, b.1 - a.1);
    let (px, py) = (p.0 - a.0, p.1 - a.1);
    let length = bx * bx + by * by;
    let along = if length > 0.0 {
        ((px * bx + py * by) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - along * bx).hypot(py - along * by)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Color = [255, 0, 0];

    #[test]
    fn a_line_crossing_itself_is_painted_once() {
        let mut canvas = Canvas::new(20, 20).unwrap();
        let there_and_back = [(2.0, 10.0), (18.0, 10.0), (2.0, 10.0)];
        let all = canvas.area();
        canvas.line(&there_and_back, 2.0, RED, 0.5, all);
        assert_eq!(canvas.image.get_pixel(10, 10).0, mix(PAPER, RED, 0.5));
    }

    #[test]
    fn nothing_is_drawn_outside_the_clip_or_at_infinity() {
        let mut canvas = Canvas::new(20, 20).unwrap();
        let clip = Area {
            left: 5,
            top: 5,
            width: 5,
            height: 5,
        };
        canvas.line(&[(-1e30, 7.0), (1e30, 7.0)], 3.0, RED, 1.0, clip);
        canvas.line(
            &[(f32::NAN, 7.0), (7.0, f32::INFINITY)],
            3.0,
            RED,
            1.0,
            clip,
        );
        canvas.disc((-4.0, -4.0), 2.0, RED, 1.0, clip);
        canvas.disc((9.5, 9.5), 4.0, RED, 1.0, clip);
        assert_eq!(canvas.image.get_pixel(4, 7).0, PAPER);
        assert_eq!(canvas.image.get_pixel(7, 7).0, RED);
        assert_eq!(canvas.image.get_pixel(10, 10).0, PAPER);
    }

    #[test]
    fn pixels_out_of_range_are_clamped_and_those_that_are_no_number_stand_out() {
        let mut canvas = Canvas::new(3, 1).unwrap();
        canvas.image(&[-1.0, 2.0, f32::NAN], 3, 1, 0, 0);
        let colors: Vec<Color> = canvas.image.pixels().map(|p| p.0).collect();
        assert_eq!(colors, [[0, 0, 0], [255, 255, 255], NOT_A_NUMBER]);
    }

    #[test]
    fn a_picture_that_no_viewer_opens_is_refused() {
        assert!(matches!(
            Canvas::new(20_001, 5),
            Err(VizError::TooLarge { .. })
        ));
    }
}
