//! Random draws: their laws (moments, tails, distribution function, independence) and what they depend on.

use aae_ops::stream::{standard_normal, stream, uniform};
use aae_ops::with_threads;

/// Enough for several blocks, and odd.
const N: usize = 4_000_001;

fn normal() -> Vec<f32> {
    standard_normal(N, &mut stream(5, "test.normal", 0))
}

/// The mean of `f` over the numbers.
fn mean(numbers: &[f32], f: impl Fn(f64) -> f64) -> f64 {
    numbers.iter().map(|x| f(f64::from(*x))).sum::<f64>() / numbers.len() as f64
}

/// The standard normal distribution function: `½ + φ(x)·(x + x³/3 + x⁵/15 + …)`.
fn normal_cdf(x: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (x, x, 3.0);
    while f64::abs(term) > 1e-17 {
        term *= x * x / odd;
        sum += term;
        odd += 2.0;
    }
    0.5 + sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// The largest distance between the empirical and the true distribution function, times the root of the count: above
/// 1.95 once in a thousand samples.
fn kolmogorov_smirnov(mut numbers: Vec<f32>, cdf: impl Fn(f64) -> f64) -> f64 {
    numbers.sort_by(f32::total_cmp);
    let n = numbers.len() as f64;
    let distance = |(i, x): (usize, &f32)| {
        let p = cdf(f64::from(*x));
        (p - i as f64 / n).abs().max(((i + 1) as f64 / n - p).abs())
    };
    numbers.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn normal_draws_have_the_moments_and_tails_of_the_law() {
    let numbers = normal();
    // Within five standard deviations of each estimate.
    let bound = |variance: f64| 5.0 * (variance / N as f64).sqrt();
    for (power, want, variance) in [
        (1, 0.0, 1.0),
        (2, 1.0, 2.0),
        (3, 0.0, 15.0),
        (4, 3.0, 96.0),
        (6, 15.0, 10_170.0),
    ] {
        let found = mean(&numbers, |x| x.powi(power));
        assert!((found - want).abs() < bound(variance), "{power}: {found}");
    }
    for tail in [0.5, 1.0, 2.0, 3.0, 4.0, 4.5, 5.0] {
        for sign in [-1.0, 1.0] {
            let p = normal_cdf(-tail);
            let found = mean(&numbers, |x| f64::from(u8::from(sign * x > tail)));
            assert!(
                (found - p).abs() < bound(p),
                "beyond {sign}·{tail}: {found} for {p}"
            );
        }
    }
    assert!(numbers.iter().all(|x| x.abs() < 6.7));
}

#[test]
fn draws_have_the_distribution_function_of_their_law() {
    let statistic = kolmogorov_smirnov(normal(), normal_cdf);
    assert!(statistic < 1.95, "normal: {statistic}");
    let numbers = uniform(N, &mut stream(5, "test.uniform", 0));
    assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
    let statistic = kolmogorov_smirnov(numbers, |x| x);
    assert!(statistic < 1.95, "uniform: {statistic}");
    // Short draws take another way than those of several blocks.
    let short = (0..20_000).flat_map(|i| standard_normal(3, &mut stream(5, "short", i)));
    let statistic = kolmogorov_smirnov(short.collect(), normal_cdf);
    assert!(statistic < 1.95, "short: {statistic}");
}

#[test]
fn normal_draws_are_uncorrelated_at_every_distance_that_the_method_could_tie() {
    let numbers = normal();
    // The two numbers of a pair are 256 apart; 512 is the next piece, 8192 the next block.
    for distance in [1, 2, 255, 256, 257, 512, 8192] {
        for power in [1, 2] {
            let centre = if power == 2 { 1.0 } else { 0.0 };
            let at = |i: usize| f64::from(numbers[i]).powi(power) - centre;
            let n = N - distance;
            let sum: f64 = (0..n).map(|i| at(i) * at(i + distance)).sum();
            let deviations = sum / (n as f64).sqrt() / f64::from(power);
            assert!(deviations.abs() < 5.0, "{distance}, {power}: {deviations}");
        }
    }
}

#[test]
fn draws_depend_on_seed_purpose_and_counter_and_not_on_threads() {
    for n in [0, 1, 2, 3, 511, 512, 513, 8192, 8193, 78_400] {
        let both = |threads, seed, purpose, counter| {
            let draw = || {
                [
                    standard_normal(n, &mut stream(seed, purpose, counter)),
                    uniform(n, &mut stream(seed, purpose, counter)),
                ]
            };
            with_threads(threads, draw).ok()
        };
        let one = both(1, 1, "a", 1);
        assert!(one.iter().flatten().all(|numbers| numbers.len() == n));
        assert_eq!(one, both(2, 1, "a", 1));
        for other in [both(1, 2, "a", 1), both(1, 1, "b", 1), both(1, 1, "a", 2)] {
            assert_eq!(one == other, n == 0);
        }
    }
    let mut rng = stream(1, "a", 1);
    assert_ne!(
        standard_normal(9000, &mut rng),
        standard_normal(9000, &mut rng)
    );
}

/// The first normal draws of a stream when the method was written: a change of them would change every run.
#[test]
fn draws_are_the_same_for_ever() {
    let draw = |n| standard_normal(n, &mut stream(0, "init", 0));
    assert_eq!(draw(3), [-0.339_688_36, 0.844_373_6, 0.221_516_34]);
    assert_eq!(
        draw(10_000)[8190..8194],
        [-0.135_875_94, -0.964_854_7, 0.288_425_24, -0.971_515_2]
    );
}
