//! Points in a latent space: checked once, then measured without further doubt.

use aae_ops::vectorized;

use crate::EvalError;
use crate::error::check_count;

/// Points whose distances are computed at a time: they stay in the first-level cache.
pub(crate) const BLOCK: usize = 256;

/// The values form rows of `dim` finite numbers each, and at least `needed` of them.
pub(crate) fn check_rows(
    what: &'static str,
    needed: usize,
    values: &[f32],
    dim: usize,
) -> Result<(), EvalError> {
    let found = values.len();
    if dim == 0 || !found.is_multiple_of(dim) {
        return Err(EvalError::Ragged { dim, found });
    }
    let found = found / dim;
    if found < needed {
        return Err(EvalError::TooFew {
            what,
            needed,
            found,
        });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(EvalError::NotFinite {
            point: at / dim,
            dimension: at % dim,
            value: values[at],
        }),
        None => Ok(()),
    }
}

/// There are as many reconstructed values as original ones.
pub(crate) fn check_pairs(originals: &[f32], reconstructions: &[f32]) -> Result<(), EvalError> {
    check_count(
        "reconstructed values",
        reconstructions.len(),
        "originals",
        originals.len(),
    )
}

/// `Σ (x - y)²` in double precision, summed in order.
pub(crate) fn squared_distance(first: &[f32], second: &[f32]) -> f64 {
    let pairs = first.iter().zip(second);
    pairs
        .map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2))
        .sum()
}

/// Points of `dim` finite coordinates each, row-major.
#[derive(Clone, Copy)]
pub(crate) struct Points<'a> {
    values: &'a [f32],
    dim: usize,
}

impl<'a> Points<'a> {
    pub(crate) fn new(values: &'a [f32], dim: usize) -> Result<Self, EvalError> {
        Self::at_least(2, "points", values, dim)
    }

    /// `needed` points or more, called `what` if they are not there.
    pub(crate) fn at_least(
        needed: usize,
        what: &'static str,
        values: &'a [f32],
        dim: usize,
    ) -> Result<Self, EvalError> {
        check_rows(what, needed, values, dim)?;
        Ok(Self { values, dim })
    }

    /// Two sets of as many points each.
    pub(crate) fn pair(
        first: &'a [f32],
        second: &'a [f32],
        dim: usize,
    ) -> Result<(Self, Self), EvalError> {
        let (first, second) = (Self::new(first, dim)?, Self::new(second, dim)?);
        check_count("reference points", second.len(), "points", first.len())?;
        Ok((first, second))
    }

    pub(crate) fn len(self) -> usize {
        self.values.len() / self.dim
    }

    pub(crate) fn rows(self) -> std::slice::ChunksExact<'a, f32> {
        self.values.chunks_exact(self.dim)
    }

    pub(crate) fn row(self, point: usize) -> &'a [f32] {
        &self.values[point * self.dim..][..self.dim]
    }

    /// At most `most` of the points, evenly spaced over all of them; row-major.
    pub(crate) fn thinned(self, most: usize) -> Vec<f32> {
        let kept = most.min(self.len());
        (0..kept)
            .flat_map(|i| self.row(i * self.len() / kept))
            .copied()
            .collect()
    }

    /// As [`moments`].
    pub(crate) fn moments(self) -> (Vec<f64>, Vec<f64>) {
        moments(self.values, self.dim)
    }
}

/// Mean and standard deviation (of these points, not an estimate for others) of each coordinate of points `[n, dim]`.
pub(crate) fn moments(values: &[f32], dim: usize) -> (Vec<f64>, Vec<f64>) {
    let rows = values.chunks_exact(dim);
    let n = rows.len() as f64;
    let moments = |d: usize| {
        let column = || rows.clone().map(move |row| f64::from(row[d]));
        let mean = column().sum::<f64>() / n;
        let variance = column().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        (mean, variance.sqrt())
    };
    (0..dim).map(moments).unzip()
}

/// The same points, coordinate by coordinate: `[dim, n]`. Distances to many of them are then sums of whole vectors.
pub(crate) struct Columns(Vec<Vec<f32>>);

impl Columns {
    pub(crate) fn new(points: Points<'_>) -> Self {
        let column = |d: usize| points.rows().map(|row| row[d]).collect();
        Self((0..points.dim).map(column).collect())
    }

    /// Squared distances of `point` to the points from `start` on, as many as `out` has room for.
    pub(crate) fn squared_distances(&self, point: &[f32], start: usize, out: &mut [f32]) {
        vectorized!(|| {
            out.fill(0.0);
            for (column, &x) in self.0.iter().zip(point) {
                for (sum, &y) in out.iter_mut().zip(&column[start..]) {
                    *sum += (x - y) * (x - y);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ragged_few_and_infinite_points_are_refused_with_their_place() {
        let message = |values: &[f32], dim| Points::new(values, dim).err().unwrap().to_string();
        assert_eq!(
            message(&[0.0; 5], 2),
            "expected a multiple of 2 values (one point is 2 of them), found 5"
        );
        assert_eq!(message(&[0.0; 3], 3), "expected at least 2 points, found 1");
        assert_eq!(message(&[], 1), "expected at least 2 points, found 0");
        assert_eq!(
            message(&[0.0, 1.0, 2.0, f32::NAN], 2),
            "expected finite values, found NaN in point 1, dimension 1"
        );
        assert!(matches!(
            Points::new(&[0.0; 4], 0),
            Err(EvalError::Ragged { .. })
        ));
    }

    #[test]
    fn two_sets_must_be_of_one_size() {
        let error = Points::pair(&[0.0; 4], &[0.0; 6], 2).err().unwrap();
        assert_eq!(
            error.to_string(),
            "expected 2 reference points, as many as there are points, found 3"
        );
    }

    #[test]
    fn thinning_keeps_points_evenly_over_the_whole() {
        let values: Vec<f32> = (0..20).map(|i| i as f32).collect();
        let points = Points::new(&values, 2).unwrap();
        assert_eq!(
            points.thinned(5),
            [0.0, 1.0, 4.0, 5.0, 8.0, 9.0, 12.0, 13.0, 16.0, 17.0]
        );
        assert_eq!(points.thinned(10), values);
        assert_eq!(points.thinned(99), values);
    }

    #[test]
    fn moments_are_those_of_each_coordinate() {
        let points = Points::new(&[1.0, 10.0, 3.0, 10.0], 2).unwrap();
        assert_eq!(points.moments(), (vec![2.0, 10.0], vec![1.0, 0.0]));
    }

    #[test]
    fn squared_distances_start_where_told_and_fill_the_room() {
        let points = Points::new(&[0.0, 0.0, 3.0, 4.0, 6.0, 8.0], 2).unwrap();
        let mut out = [f32::NAN; 2];
        Columns::new(points).squared_distances(&[0.0, 0.0], 1, &mut out);
        assert_eq!(out, [25.0, 100.0]);
    }
}
