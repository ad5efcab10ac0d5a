//! The minimum of a smooth convex function: L-BFGS, without a random number in it.

use std::collections::VecDeque;

/// Pairs of steps and gradient differences that stand for the curvature.
const MEMORY: usize = 10;

/// The most halvings of one step.
const HALVINGS: usize = 40;

/// Where the search came to rest, or stopped.
pub(crate) struct Minimum {
    pub(crate) at: Vec<f64>,
    /// The greatest absolute element of the gradient there.
    pub(crate) gradient: f64,
}

/// Minimises a smooth convex function from `start`, until no element of its gradient exceeds `tolerance` or after `iterations`.
///
/// `function` returns its value and its gradient at a point. Source: Nocedal and Wright 2006, *Numerical optimization*, algorithm 7.5;
/// steps are halved until the value falls enough (Armijo).
pub(crate) fn minimise(
    function: impl Fn(&[f64]) -> (f64, Vec<f64>),
    start: Vec<f64>,
    tolerance: f64,
    iterations: usize,
) -> Minimum {
    let mut at = start;
    let (mut value, mut gradient) = function(&at);
    let mut memory: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    for _ in 0..iterations {
        if largest(&gradient) <= tolerance {
            break;
        }
        let mut direction = descent(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        // A direction that does not fall is rounding's; the steepest one does.
        if slope >= 0.0 {
            memory.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        // The first step has no curvature to go by: one of length 1.
        let mut length = match memory.is_empty() {
            true => 1.0 / (1.0 + dot(&direction, &direction).sqrt()),
            false => 1.0,
        };
        let mut taken = None;
        for _ in 0..HALVINGS {
            let there: Vec<f64> = at
                .iter()
                .zip(&direction)
                .map(|(x, d)| x + length * d)
                .collect();
            let (new_value, new_gradient) = function(&there);
            // Near the minimum values differ by their rounding alone.
            if new_value <= value + 1e-4 * length * slope + 1e-15 * value.abs() {
                taken = Some((there, new_value, new_gradient));
                break;
            }
            length /= 2.0;
        }
        let Some((there, new_value, new_gradient)) = taken else {
            if memory.is_empty() {
                break;
            }
            memory.clear();
            continue;
        };
        let difference = |new: &[f64], old: &[f64]| -> Vec<f64> {
            new.iter().zip(old).map(|(new, old)| new - old).collect()
        };
        let step = difference(&there, &at);
        let change = difference(&new_gradient, &gradient);
        let curvature = dot(&step, &change);
        if curvature > 1e-12 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Pair {
                step,
                change,
                curvature,
            });
        }
        (at, value, gradient) = (there, new_value, new_gradient);
    }
    Minimum {
        gradient: largest(&gradient),
        at,
    }
}

/// One step, and how the gradient changed along it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// Minus the gradient, times the inverse curvature that the memory stands for (the two-loop recursion).
fn descent(gradient: &[f64], memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let share = dot(&pair.step, &direction) / pair.curvature;
        add(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    if let Some(last) = memory.back() {
        let scale = last.curvature / dot(&last.change, &last.change);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for (pair, share) in memory.iter().zip(shares.iter().rev()) {
        let back = dot(&pair.change, &direction) / pair.curvature;
        add(&mut direction, share - back, &pair.step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, values: &[f64]) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += factor * value;
    }
}

/// The greatest absolute value; not a number if any is not.
fn largest(values: &[f64]) -> f64 {
    let greater = |most: f64, value: &f64| match value.abs() {
        value if value > most || value.is_nan() => value,
        _ => most,
    };
    values.iter().fold(0.0, greater)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;

    #[test]
    fn the_minimum_of_a_long_valley_is_found() {
        // Σ cᵢ (xᵢ - i)² with curvatures from 1 to 10,000.
        let curvature = |i: usize| 10f64.powi(i as i32);
        let function = |x: &[f64]| {
            let apart = |i: usize| x[i] - i as f64;
            let value = (0..5).map(|i| curvature(i) * apart(i).powi(2)).sum();
            let gradient = (0..5).map(|i| 2.0 * curvature(i) * apart(i)).collect();
            (value, gradient)
        };
        let found = minimise(function, vec![-3.0; 5], 1e-9, 500);
        assert!(found.gradient <= 1e-9);
        for (i, x) in found.at.iter().enumerate() {
            close(*x, i as f64, 1e-8);
        }
    }

    #[test]
    fn a_search_that_is_cut_off_says_how_steep_it_still_is() {
        let function = |x: &[f64]| (x[0].powi(2), vec![2.0 * x[0]]);
        let found = minimise(function, vec![5.0], 1e-9, 0);
        assert_eq!((found.at, found.gradient), (vec![5.0], 10.0));
        let not_a_number = |_: &[f64]| (f64::NAN, vec![f64::NAN]);
        assert!(
            minimise(not_a_number, vec![5.0], 1e-9, 10)
                .gradient
                .is_nan()
        );
    }
}
