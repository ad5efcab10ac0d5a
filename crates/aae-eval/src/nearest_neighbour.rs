//! Nearest neighbours: whether codes of one class lie together.

use aae_ops::vectorized;
use rayon::prelude::*;

use crate::EvalError;
use crate::error::check_count;
use crate::points::{BLOCK, Columns, Points};

/// The share of codes whose nearest other code has the same label (leave-one-out 1-NN accuracy), in `[0, 1]`.
///
/// Euclidean distances, all of them computed; of several nearest codes the one with the lowest index counts.
///
/// Shapes: `codes` `[n, dim]`, row-major; `labels` `[n]`. Cost: `n² · dim`.
///
/// Errors: if there are not as many labels as codes, fewer than two codes, or a coordinate is not finite.
///
/// ```
/// let accuracy = aae_eval::nearest_neighbour_accuracy(&[0.0, 0.1, 5.0, 5.1], 1, &[3, 3, 7, 8])?;
/// assert_eq!(accuracy, 0.5);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn nearest_neighbour_accuracy(
    codes: &[f32],
    dim: usize,
    labels: &[u8],
) -> Result<f64, EvalError> {
    let codes = Points::new(codes, dim)?;
    check_count("labels", labels.len(), "codes", codes.len())?;
    let columns = Columns::new(codes);
    let hits = (0..codes.len())
        .into_par_iter()
        .filter(|&i| labels[nearest(codes, &columns, i)] == labels[i])
        .count();
    Ok(hits as f64 / codes.len() as f64)
}

/// The index of the point nearest to point `i`, the lowest of several.
fn nearest(points: Points<'_>, columns: &Columns, i: usize) -> usize {
    let mut squared = [0.0; BLOCK];
    let mut best = f32::INFINITY;
    // Stands if all others are so far that their squared distances overflow.
    let mut nearest = usize::from(i == 0);
    for start in (0..points.len()).step_by(BLOCK) {
        let squared = &mut squared[..BLOCK.min(points.len() - start)];
        columns.squared_distances(points.row(i), start, squared);
        if let Some(itself) = i.checked_sub(start).and_then(|own| squared.get_mut(own)) {
            *itself = f32::INFINITY;
        }
        let least = least(squared);
        if least < best {
            best = least;
            // The first place of the least value is in the block that it came from.
            nearest = start + squared.iter().take_while(|&&value| value != least).count();
        }
    }
    nearest
}

/// The least value; running minima let the compiler use whole vectors.
pub(crate) fn least(values: &[f32]) -> f32 {
    vectorized!(|| {
        let mut least = [f32::INFINITY; 16];
        let (chunks, rest) = values.as_chunks::<16>();
        for chunk in chunks {
            for (least, &value) in least.iter_mut().zip(chunk) {
                *least = if value < *least { value } else { *least };
            }
        }
        let both = least.iter().chain(rest);
        both.copied().fold(f32::INFINITY, f32::min)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, striped};

    #[test]
    fn a_cloud_in_stripes_agrees_with_scikit_learn() {
        // import numpy as np
        // from sklearn.neighbors import KNeighborsClassifier
        // i = np.arange(700)
        // x = np.stack([(i * 7919 % 1009) / 100, (i * 104729 % 997) / 90], 1).astype(np.float32)
        // y = i * 7919 % 1009 // 150
        // near = KNeighborsClassifier(2, algorithm="brute").fit(x, y).kneighbors(x, return_distance=False)
        // print((y[np.where(near[:, 0] == i, near[:, 1], near[:, 0])] == y).sum())
        let (x, labels) = striped();
        let accuracy = nearest_neighbour_accuracy(&x, 2, &labels).unwrap();
        close(accuracy * 700.0, 646.0, 1e-9);
    }

    #[test]
    fn of_several_nearest_codes_the_first_counts() {
        // The code at 0 has four neighbours at distance 1, in two blocks; the others have each other.
        let mut codes = vec![0.0, 0.0];
        let mut labels = vec![1];
        for i in 1..600u32 {
            codes.extend(match i {
                200 | 300 => [1.0, 0.0],
                400 | 500 => [0.0, 1.0],
                _ => [100.0 + i as f32, 0.0],
            });
            labels.push(u8::from(i == 200));
        }
        let points = Points::new(&codes, 2).unwrap();
        assert_eq!(nearest(points, &Columns::new(points), 0), 200);
        assert_eq!(nearest(points, &Columns::new(points), 200), 300);
        assert_eq!(nearest(points, &Columns::new(points), 500), 400);
    }

    #[test]
    fn equal_codes_are_each_others_neighbours_and_never_their_own() {
        let points = Points::new(&[4.0; 5], 1).unwrap();
        let neighbours = [0, 1, 4].map(|i| nearest(points, &Columns::new(points), i));
        assert_eq!(neighbours, [1, 0, 0]);
    }

    #[test]
    fn codes_too_far_for_a_distance_still_have_a_neighbour_that_is_another() {
        let points = Points::new(&[3e38, -3e38], 1).unwrap();
        let neighbours = [0, 1].map(|i| nearest(points, &Columns::new(points), i));
        assert_eq!(neighbours, [1, 0]);
    }

    #[test]
    fn labels_must_be_as_many_as_codes() {
        let error = nearest_neighbour_accuracy(&[0.0, 1.0], 1, &[1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected 2 labels, as many as there are codes, found 1"
        );
    }
}
