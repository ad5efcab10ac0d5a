//! Where on the plot the name of a class is written: where its points are many and others' few.
//!
//! Colour alone does not tell ten classes apart for every eye, so each class is also named in its own region.

use crate::VizError;
use crate::canvas::{Area, Point};
use crate::palette::TEXT_SIZE;
use crate::text::{Text, Weight, cap_height};
use std::collections::BTreeMap;

/// Cells along each side of the plot in which points are counted.
const CELLS: usize = 28;
const NAME_SIZE: u32 = TEXT_SIZE * 6 / 5;

/// Texts with the middle of their baselines, for those names that find room.
pub(crate) fn place_names(
    names: &[(usize, String)],
    places: &BTreeMap<usize, Vec<Point>>,
    area: Area,
) -> Result<Vec<(Text, i64, i64)>, VizError> {
    let counts: BTreeMap<usize, Vec<f32>> = places
        .iter()
        .map(|(&class, points)| (class, density(points, area)))
        .collect();
    let mut all = vec![0.0; CELLS * CELLS];
    for count in counts.values() {
        for (sum, n) in all.iter_mut().zip(count) {
            *sum += n;
        }
    }
    let mut taken: Vec<Area> = Vec::new();
    let mut placed = Vec::new();
    for (class, name) in names {
        let Some(count) = counts.get(class) else {
            continue;
        };
        // The number of the class's points in the cell, times the class's share of all points there.
        let worth = |cell: usize| count[cell] * count[cell] / all[cell].max(1.0);
        let mut cells: Vec<usize> = (0..CELLS * CELLS)
            .filter(|&cell| count[cell] > 0.0)
            .collect();
        cells.sort_by(|&a, &b| worth(b).total_cmp(&worth(a)).then(a.cmp(&b)));
        let text = Text::set(name, NAME_SIZE, Weight::Bold)?;
        let room = cells
            .iter()
            .take(12)
            .map(|&cell| (middle(cell, area), extent(&text, middle(cell, area), area)))
            .find(|(_, extent)| !taken.iter().any(|other| other.overlaps(extent)));
        if let Some((_, extent)) = room {
            let x = i64::from(extent.left + extent.width / 2);
            let y = i64::from(extent.top + extent.height / 2 + cap_height(NAME_SIZE) / 2);
            taken.push(extent);
            placed.push((text, x, y));
        }
    }
    Ok(placed)
}

/// Points in each cell, averaged with the cells around it.
fn density(points: &[Point], area: Area) -> Vec<f32> {
    let mut count = vec![0.0_f32; CELLS * CELLS];
    for &(x, y) in points {
        let column = index(x - area.left as f32, area.width);
        let row = index(y - area.top as f32, area.height);
        count[row * CELLS + column] += 1.0;
    }
    let mut smooth = vec![0.0; CELLS * CELLS];
    for row in 0..CELLS {
        for column in 0..CELLS {
            for r in row.saturating_sub(1)..(row + 2).min(CELLS) {
                for c in column.saturating_sub(1)..(column + 2).min(CELLS) {
                    smooth[row * CELLS + column] += count[r * CELLS + c] / 9.0;
                }
            }
        }
    }
    smooth
}

fn index(offset: f32, length: u32) -> usize {
    let cell = offset / length.max(1) as f32 * CELLS as f32;
    (cell.max(0.0) as usize).min(CELLS - 1)
}

fn middle(cell: usize, area: Area) -> (u32, u32) {
    let at = |index: usize, start: u32, length: u32| {
        start + (index as u32 * 2 + 1) * length / (2 * CELLS as u32)
    };
    (
        at(cell % CELLS, area.left, area.width),
        at(cell / CELLS, area.top, area.height),
    )
}

/// The rectangle of a name around a point, moved inside the plot.
fn extent(text: &Text, (x, y): (u32, u32), area: Area) -> Area {
    let (width, height) = (text.width + 8, cap_height(NAME_SIZE) + 10);
    let inside = |middle: u32, length: u32, start: u32, end: u32| {
        let most = end.saturating_sub(length).max(start);
        middle.saturating_sub(length / 2).clamp(start, most)
    };
    Area {
        left: inside(x, width, area.left, area.right()),
        top: inside(y, height, area.top, area.bottom()),
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area {
        left: 100,
        top: 50,
        width: 560,
        height: 560,
    };

    #[test]
    fn a_class_is_named_where_its_points_are() {
        let places = BTreeMap::from([(0, vec![(240.0, 190.0); 5]), (1, vec![(500.0, 400.0); 5])]);
        let names = [(0, "a".to_owned()), (1, "b".to_owned())];
        let placed = place_names(&names, &places, AREA).unwrap();
        assert_eq!(placed.len(), 2);
        for ((_, x, y), (px, py)) in placed.iter().zip([(240, 190), (500, 400)]) {
            assert!((x - px).abs() < 45 && (y - py).abs() < 45, "({x}, {y})");
        }
    }

    #[test]
    fn names_in_one_spot_do_not_cover_each_other() {
        let places: BTreeMap<usize, Vec<Point>> =
            (0..20).map(|class| (class, vec![(240.0, 190.0)])).collect();
        let names: Vec<_> = (0..20)
            .map(|class| (class, format!("class {class}")))
            .collect();
        let placed = place_names(&names, &places, AREA).unwrap();
        assert!(!placed.is_empty() && placed.len() < 20);
    }

    #[test]
    fn a_name_wider_than_the_plot_stays_at_its_left_edge() {
        let text = Text::set(&"w".repeat(60), NAME_SIZE, Weight::Bold).unwrap();
        assert_eq!(extent(&text, (600, 60), AREA).left, AREA.left);
    }
}
