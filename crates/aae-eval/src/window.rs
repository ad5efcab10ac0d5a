//! The Parzen window: chosen on held-out images, by a search over a grid that must reach past the best on either side.

use serde::Serialize;

use crate::EvalError;
use crate::kernel_sums::{KernelSums, check_width};

/// A grid any finer would tell windows apart that no number of images does.
const MOST_WINDOWS: usize = 1000;

/// What a grid search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowSearch {
    /// The window under which the held-out images are most likely.
    pub window: f64,
    /// Every window of the grid, ascending, with the mean log-likelihood of the held-out images in nats.
    pub grid: Vec<(f64, f64)>,
}

/// The window of `grid` under which `held_out` images are most likely, given the samples that will be used on the test set.
///
/// Shapes: `held_out` `[n, pixels]`, `samples` `[m, pixels]`, row-major, values in `[0, 1]`; `grid` ascending, three windows or more. All
/// windows share one computation of the distances. Of several best windows the smallest is taken.
///
/// Errors: those of [`parzen_log_likelihood`](crate::parzen_log_likelihood); if the grid is too short or not ascending; if the best window is the
/// grid's first or last.
///
/// ```
/// let (held_out, samples) = ([0.1, 0.6, 0.35], [0.0, 0.25, 0.5, 0.75]);
/// let found = aae_eval::choose_window(&held_out, &samples, 1, &[0.01, 0.1, 0.2, 10.0])?;
/// assert_eq!(found.window, 0.2);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn choose_window(
    held_out: &[f32],
    samples: &[f32],
    pixels: usize,
    grid: &[f64],
) -> Result<WindowSearch, EvalError> {
    let (Some(&lowest), Some(&highest), 3..) = (grid.first(), grid.last(), grid.len()) else {
        return Err(EvalError::TooFew {
            what: "windows",
            needed: 3,
            found: grid.len(),
        });
    };
    if let Some(pair) = grid.windows(2).find(|pair| pair[1] <= pair[0]) {
        return Err(EvalError::Setting {
            what: "each window of the grid",
            expected: "above the one before it",
            found: pair[1],
        });
    }
    let mut sums = KernelSums::new(held_out, pixels, grid)?;
    sums.add(samples)?;
    let mut means = Vec::with_capacity(grid.len());
    for (index, &window) in grid.iter().enumerate() {
        let densities = sums.log_densities(index)?;
        means.push((
            window,
            densities.iter().sum::<f64>() / densities.len() as f64,
        ));
    }
    let mut best = 0;
    for (index, (_, mean)) in means.iter().enumerate() {
        if *mean > means[best].1 {
            best = index;
        }
    }
    let window = grid[best];
    if best == 0 || best + 1 == grid.len() {
        return Err(EvalError::WindowOnEdge {
            lowest,
            highest,
            windows: grid.len(),
            best: window,
        });
    }
    Ok(WindowSearch {
        window,
        grid: means,
    })
}

/// `count` windows from `lowest` to `highest`, each the same multiple of the one before: `[count]`, ascending.
///
/// Errors: if there are fewer than three or more than 1000, an end is not in `[1e-6, 1e6]`, or the ends are not in order.
///
/// ```
/// let grid = aae_eval::window_grid(0.1, 0.4, 3)?;
/// assert!((grid[1] - 0.2).abs() < 1e-12);
/// # Ok::<(), aae_eval::EvalError>(())
/// ```
pub fn window_grid(lowest: f64, highest: f64, count: usize) -> Result<Vec<f64>, EvalError> {
    if count < 3 {
        return Err(EvalError::TooFew {
            what: "windows",
            needed: 3,
            found: count,
        });
    }
    if count > MOST_WINDOWS {
        return Err(EvalError::Setting {
            what: "windows in the grid",
            expected: "at most 1000",
            found: count as f64,
        });
    }
    check_width(lowest)?;
    check_width(highest)?;
    if highest <= lowest {
        return Err(EvalError::Setting {
            what: "the highest window",
            expected: "above the lowest",
            found: highest,
        });
    }
    let last = count - 1;
    let window = |i: usize| match i {
        0 => lowest,
        i if i == last => highest,
        i => lowest * (highest / lowest).powf(i as f64 / last as f64),
    };
    Ok((0..count).map(window).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parzen_log_likelihood;
    use crate::testing::{close, pixels};

    #[test]
    fn the_search_agrees_with_each_window_alone() {
        let x = pixels(30 * 49, 1);
        let s: Vec<f32> = pixels(1_500 * 49, 2).iter().map(|s| s * s).collect();
        let grid = window_grid(0.02, 2.0, 12).unwrap();
        let found = choose_window(&x, &s, 49, &grid).unwrap();
        assert_eq!(found.grid.len(), 12);
        let best = parzen_log_likelihood(&x, &s, 49, found.window).unwrap();
        for &(window, mean) in &found.grid {
            let alone = parzen_log_likelihood(&x, &s, 49, window).unwrap();
            close(mean, alone.mean, 1e-9 * mean.abs());
            assert!(window == found.window || mean < best.mean);
        }
    }

    #[test]
    fn a_best_window_on_either_edge_is_an_error_that_names_the_grid() {
        let (x, s) = (pixels(30 * 49, 1), pixels(100 * 49, 2));
        for (grid, best) in [([1.0, 1.5, 2.0], "1"), ([0.01, 0.015, 0.02], "0.02")] {
            let found = choose_window(&x, &s, 49, &grid).unwrap_err().to_string();
            assert!(
                found.contains(&format!("from {} to {}", grid[0], grid[2])),
                "{found}"
            );
            assert!(found.contains(&format!("at the edge, {best}:")), "{found}");
        }
    }

    #[test]
    fn a_grid_has_its_ends_and_equal_ratios() {
        let grid = window_grid(0.05, 0.8, 5).unwrap();
        assert_eq!((grid[0], grid[4]), (0.05, 0.8));
        for pair in grid.windows(2) {
            close(pair[1] / pair[0], 2.0, 1e-12);
        }
    }

    #[test]
    fn short_and_disordered_grids_are_refused() {
        let message = |grid: &[f64]| {
            let found = choose_window(&[0.0, 1.0], &[0.0], 1, grid);
            found.unwrap_err().to_string()
        };
        assert_eq!(message(&[]), "expected at least 3 windows, found 0");
        assert_eq!(
            message(&[0.1, 0.2, 0.2]),
            "expected each window of the grid above the one before it, found 0.2"
        );
        assert_eq!(
            message(&[0.1, f64::NAN, 0.2]),
            "expected a Parzen window from 1e-6 to 1e6, found NaN"
        );
        assert!(window_grid(0.1, 0.2, 2).is_err());
        assert!(window_grid(0.1, 0.2, usize::MAX).is_err());
        assert!(window_grid(0.2, 0.1, 5).is_err());
        assert!(window_grid(0.0, 0.1, 5).is_err());
    }
}
