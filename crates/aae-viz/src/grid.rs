//! Images in rows and columns: samples, and originals above what became of them.

use crate::VizError;
use crate::canvas::{Anchor, Canvas};
use crate::header::Header;
use crate::images::Images;
use crate::mosaic::{Mosaic, TARGET_WIDTH};
use crate::palette::{INK, MARGIN, TEXT_SIZE};
use crate::picture::Picture;
use crate::text::{Text, Weight, cap_height, line_height, shortened};

/// Space between a label and what it labels.
const LABEL_GAP: u32 = 14;
/// Narrowest space for title and subtitle.
pub(crate) const LEAST_WIDTH: usize = 640;
/// Least distance from row to row where rows have names: a line of type, and a pixel at either side.
const NAMED_ROW: usize = TEXT_SIZE as usize + 2;

/// What is written around a grid; an empty text or list is left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct GridLabels<'a> {
    /// Printed large at the top.
    pub title: &'a str,
    /// Printed below the title.
    pub subtitle: &'a str,
    /// One label for each row, at its left. Not used by [`comparison`], whose rows have names.
    pub rows: &'a [String],
    /// One label for each column, above it. Of numbers that are too wide for their columns only every fifth or tenth is set, or
    /// fewer.
    pub columns: &'a [String],
}

/// A named row of a [`comparison`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Written at the left of the row: "original", "reconstruction", the name of a run.
    pub name: &'a str,
    /// The images of the row, from left to right.
    pub images: Images<'a>,
}

/// Images in rows of `columns`, from left to right and top to bottom, with small gaps.
///
/// Each image pixel becomes a square of whole pixels. The last row may be incomplete; there are no more columns than images.
///
/// Errors: if there is no image or no column, or if labels are given but not one for each row or column; if the picture
/// would have more than 20,000 pixels on a side, or a text cannot be set.
pub fn grid(
    images: &Images<'_>,
    columns: usize,
    labels: &GridLabels<'_>,
) -> Result<Picture, VizError> {
    if images.is_empty() {
        return Err(VizError::Nothing { what: "images" });
    }
    if columns == 0 {
        return Err(VizError::Nothing { what: "columns" });
    }
    let columns = columns.min(images.len());
    let rows = images.len().div_ceil(columns);
    if !labels.rows.is_empty() {
        count("row labels", rows, labels.rows.len())?;
    }
    let names: Vec<&str> = labels.rows.iter().map(String::as_str).collect();
    let layout = Layout::new(rows, columns, images, &names, 0, labels)?;
    layout.draw(|row, column| images.get(row * columns + column))
}

/// Rows of images that belong together column by column: each original above its reconstruction, or above what several
/// runs made of it.
///
/// Where there are more images than `columns`, all rows go on below as a further block. Column labels stand above the first block.
///
/// Errors: if there is no row, image or column, if rows differ in number or size of images, or if column labels are given
/// but not one for each column; if the picture would have more than 20,000 pixels on a side, or a text cannot be set.
pub fn comparison(
    rows: &[Row<'_>],
    columns: usize,
    labels: &GridLabels<'_>,
) -> Result<Picture, VizError> {
    let Some(first) = rows.first() else {
        return Err(VizError::Nothing { what: "rows" });
    };
    let images = first.images;
    if images.is_empty() {
        return Err(VizError::Nothing { what: "images" });
    }
    if columns == 0 {
        return Err(VizError::Nothing { what: "columns" });
    }
    for row in rows {
        let expected = (images.height(), images.width());
        let found = (row.images.height(), row.images.width());
        if expected != found {
            return Err(VizError::ImageSize {
                row: row.name.to_owned(),
                expected,
                found,
            });
        }
        count(
            &format!("images in row `{}`", row.name),
            images.len(),
            row.images.len(),
        )?;
    }
    let columns = columns.min(images.len());
    let blocks = images.len().div_ceil(columns);
    let names: Vec<&str> = (0..blocks)
        .flat_map(|_| rows.iter().map(|row| row.name))
        .collect();
    let layout = Layout::new(names.len(), columns, &images, &names, rows.len(), labels)?;
    layout.draw(|row, column| {
        let block = row / rows.len();
        rows[row % rows.len()].images.get(block * columns + column)
    })
}

fn count(what: &str, expected: usize, found: usize) -> Result<(), VizError> {
    if expected == found {
        return Ok(());
    }
    Err(VizError::Count {
        what: what.to_owned(),
        expected,
        found,
    })
}

/// Column labels in one size of type: the largest of three in which all fit, or the smallest with the long ones cut. A number that is cut
/// would be another number: of these there are as few as have room.
fn set_heads(labels: &[String], width: u32) -> Result<Vec<Text>, VizError> {
    for size in [TEXT_SIZE, TEXT_SIZE * 6 / 7] {
        let texts: Vec<Text> = labels
            .iter()
            .map(|label| Text::set(label, size, Weight::Regular))
            .collect::<Result<_, _>>()?;
        if texts.iter().all(|text| text.width <= width) {
            return Ok(texts);
        }
    }
    let size = TEXT_SIZE * 5 / 7;
    let number = |label: &String| label.parse::<u32>().ok();
    let mut widest = 0;
    for label in labels.iter().filter(|label| number(label).is_some()) {
        widest = widest.max(Text::set(label, size, Weight::Regular)?.width);
    }
    let has_room = |every: &u32| every * width > widest;
    let every = match widest > width {
        true => [5, 10, 20, 50].into_iter().find(has_room).unwrap_or(100),
        false => 1,
    };
    labels
        .iter()
        .map(|label| match number(label) {
            Some(number) if !number.is_multiple_of(every) => Text::set("", size, Weight::Regular),
            Some(_) => Text::set(label, size, Weight::Regular),
            None => shortened(label, size, Weight::Regular, width),
        })
        .collect()
}

/// A mosaic with its header and labels, all measured.
struct Layout {
    mosaic: Mosaic,
    header: Header,
    rows: Vec<Text>,
    columns: Vec<Text>,
    left: u32,
    top: u32,
    width: usize,
}

impl Layout {
    fn new(
        rows: usize,
        columns: usize,
        images: &Images<'_>,
        names: &[&str],
        block: usize,
        labels: &GridLabels<'_>,
    ) -> Result<Self, VizError> {
        let name = |name: &&str| shortened(name, TEXT_SIZE, Weight::Regular, 320);
        let row_texts: Vec<Text> = names.iter().map(name).collect::<Result<_, _>>()?;
        let gutter = match row_texts.iter().map(|text| text.width).max() {
            Some(widest) if widest > 0 => widest + LABEL_GAP,
            _ => 0,
        };
        let room = TARGET_WIDTH - (gutter as usize).min(TARGET_WIDTH / 2);
        let block_gap = if block > 0 { TEXT_SIZE as usize } else { 0 };
        let pitch = if gutter > 0 { NAMED_ROW } else { 0 };
        let mosaic = Mosaic::new(rows, columns, images, true, room)
            .in_blocks(block, block_gap)
            .rows_at_least(pitch);
        if !labels.columns.is_empty() {
            count("column labels", columns, labels.columns.len())?;
        }
        let cell_width = mosaic.cell_width() as u32;
        let column_texts = set_heads(labels.columns, cell_width)?;
        let width = (gutter as usize + mosaic.width()).max(LEAST_WIDTH);
        let header = Header::new(labels.title, labels.subtitle, width as u32)?;
        let heads = if column_texts.is_empty() {
            0
        } else {
            line_height(TEXT_SIZE)
        };
        let top = MARGIN + header.height() + heads;
        Ok(Self {
            mosaic,
            header,
            rows: row_texts,
            columns: column_texts,
            left: MARGIN + gutter,
            top,
            width,
        })
    }

    fn draw<'a>(
        &self,
        image_at: impl Fn(usize, usize) -> Option<&'a [f32]>,
    ) -> Result<Picture, VizError> {
        let margin = MARGIN as usize;
        let height = self.top as usize + self.mosaic.height() + margin;
        let mut canvas = Canvas::new(self.width + 2 * margin, height)?;
        self.header.draw(&mut canvas);
        for (row, text) in self.rows.iter().enumerate() {
            let middle = self.mosaic.offset(row, 0).1 + self.mosaic.cell_height() / 2;
            let y = self.top + middle as u32 + cap_height(TEXT_SIZE) / 2;
            let x = i64::from(self.left - LABEL_GAP);
            canvas.text(text, x, i64::from(y), Anchor::Right, INK);
        }
        for (column, text) in self.columns.iter().enumerate() {
            let middle = self.mosaic.offset(0, column).0 + self.mosaic.cell_width() / 2;
            let x = i64::from(self.left) + middle as i64;
            canvas.text(
                text,
                x,
                i64::from(self.top - LABEL_GAP),
                Anchor::Center,
                INK,
            );
        }
        self.mosaic.draw(&mut canvas, self.left, self.top, image_at);
        Ok(canvas.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_of_a_non_square_grid_of_non_square_images_is_in_its_place() {
        let (height, width, columns) = (2, 5, 3);
        // 7 images, each of its own greys: the third row is incomplete.
        let pixels: Vec<f32> = (0..7 * height * width).map(|i| i as f32 / 255.0).collect();
        let images = Images::new(&pixels, height, width).unwrap();
        let rows = ["one".to_owned(), "two".to_owned(), "three".to_owned()];
        let labels = GridLabels {
            title: "title",
            rows: &rows,
            columns: &rows,
            ..GridLabels::default()
        };
        let names: Vec<&str> = rows.iter().map(String::as_str).collect();
        let layout = Layout::new(3, columns, &images, &names, 0, &labels).unwrap();
        let picture = grid(&images, columns, &labels).unwrap();
        let scale = layout.mosaic.scale;
        assert!(scale > 1);
        for index in 0..7 {
            let (x, y) = layout.mosaic.offset(index / columns, index % columns);
            for row in 0..height * scale {
                for column in 0..width * scale {
                    let expected = (index * height + row / scale) * width + column / scale;
                    let left = layout.left + (x + column) as u32;
                    let top = layout.top + (y + row) as u32;
                    assert_eq!(picture.image.get_pixel(left, top).0, [expected as u8; 3]);
                }
            }
        }
    }

    #[test]
    fn heads_too_wide_for_their_columns_are_set_smaller_and_then_cut() {
        let labels = ["T-shirt/top".to_owned(), "Bag".to_owned()];
        let heads = set_heads(&labels, 84).unwrap();
        assert!(heads.iter().all(|head| head.width <= 84));
        assert_eq!(heads[0].height, heads[1].height);
    }

    #[test]
    fn numbers_too_wide_for_their_columns_are_left_out_and_none_is_cut() {
        let labels: Vec<String> = (0..60).map(|label| label.to_string()).collect();
        let shown = |width: u32| -> Vec<usize> {
            let heads = set_heads(&labels, width).unwrap();
            (0..60).filter(|&head| heads[head].width > 0).collect()
        };
        assert_eq!(shown(40).len(), 60);
        assert_eq!(shown(16), (0..60).step_by(5).collect::<Vec<_>>());
        assert_eq!(shown(3), (0..60).step_by(10).collect::<Vec<_>>());
        let heads = set_heads(&labels, 16).unwrap();
        let whole = Text::set("55", TEXT_SIZE * 5 / 7, Weight::Regular).unwrap();
        assert_eq!(heads[55].coverage, whole.coverage);
    }

    #[test]
    fn names_of_flat_rows_do_not_lie_on_each_other() {
        let pitch = |height: usize, width: usize| {
            let pixels = vec![0.0; 100 * height * width];
            let images = Images::new(&pixels, height, width).unwrap();
            let layout = Layout::new(100, 1, &images, &["name"; 100], 0, &GridLabels::default());
            layout.unwrap().mosaic.offset(1, 0).1
        };
        assert_eq!(pitch(1, 100), NAMED_ROW);
        // Those of MNIST have room in any number of rows.
        assert_eq!(pitch(28, 28), NAMED_ROW);
        assert_eq!(pitch(40, 28), 42);
    }
}
