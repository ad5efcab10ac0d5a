//! Random draws: their laws (moments, tails, distribution function, independence), what they depend on, and the method without
//! vectors and threads.

use aae_ops::stream::{Stream, standard_normal, stream, uniform};
use aae_ops::with_threads;
use rand::{Rng, SeedableRng};

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

/// `n` draws by the method of `draws.rs`, in its words but without its loops: blocks of 8192 numbers have streams of their own,
/// unless there is but one, and pieces of 512 numbers are made from as many words, or from one more.
fn by_the_book(n: usize, rng: &mut Stream, law: fn(&[u32]) -> Vec<f64>) -> Vec<f64> {
    let mut numbers = Vec::new();
    let mut block = |n: usize, rng: &mut Stream| {
        for start in (0..n).step_by(512) {
            let count = 512.min(n - start);
            let words = (0..count.next_multiple_of(2)).map(|_| rng.next_u32());
            numbers.extend(&law(&words.collect::<Vec<_>>())[..count]);
        }
    };
    if n <= 8192 {
        block(n, rng);
        return numbers;
    }
    let mut key = [0; 32];
    rng.fill_bytes(&mut key);
    for (i, start) in (0..n).step_by(8192).enumerate() {
        let mut rng = Stream::from_seed(key);
        rng.set_stream(i as u64);
        block(8192.min(n - start), &mut rng);
    }
    numbers
}

/// The 24 upper bits of each word, as a fraction.
fn uniform_law(words: &[u32]) -> Vec<f64> {
    let fraction = |word: &u32| f64::from(word >> 8) / f64::from(1 << 24);
    words.iter().map(fraction).collect()
}

/// Box and Muller's pairs, all the first numbers before all the second ones; radii from the first half of the words, directions
/// from the second.
fn normal_law(words: &[u32]) -> Vec<f64> {
    let (radii, angles) = words.split_at(words.len() / 2);
    let pair = |(radius, angle): (&u32, &u32)| {
        // In single precision, as the method has it: close to one, its rounding is most of the logarithm.
        let u = ((radius >> 1) as f32 + 0.5) / 2f32.powi(31);
        let r = (-2.0 * f64::from(u).ln()).sqrt();
        let phi = (f64::from(angle >> 3) + 0.5) / f64::from(1 << 29) * std::f64::consts::FRAC_PI_4;
        let (x, y) = match angle & 1 {
            0 => (phi.cos(), phi.sin()),
            _ => (phi.sin(), phi.cos()),
        };
        let sign = |bit: u32| if angle & bit == 0 { r } else { -r };
        (sign(2) * x, sign(4) * y)
    };
    let (first, second): (Vec<f64>, Vec<f64>) = radii.iter().zip(angles).map(pair).unzip();
    [first, second].concat()
}

#[test]
fn draws_of_any_size_are_those_of_the_method_number_by_number() {
    const SIZES: [usize; 9] = [1, 2, 3, 7, 31, 33, 127, 1000, 1001];
    let matrices = SIZES
        .iter()
        .flat_map(|rows| SIZES.map(|columns| rows * columns));
    // And around a piece and a block.
    for n in matrices.chain([511, 512, 513, 8191, 8192, 8193, 16_385]) {
        let rng = || stream(7, "test.sizes", n as u64);
        let (found, want) = (
            uniform(n, &mut rng()),
            by_the_book(n, &mut rng(), uniform_law),
        );
        assert_eq!(found.len(), n);
        let differs = |(found, want): (&f32, &f64)| f64::from(*found) != *want;
        assert_eq!(found.iter().zip(&want).position(differs), None, "{n}");

        let (found, want) = (
            standard_normal(n, &mut rng()),
            by_the_book(n, &mut rng(), normal_law),
        );
        assert_eq!((found.len(), want.len()), (n, n));
        for (i, (found, want)) in found.iter().zip(&want).enumerate() {
            let error = (f64::from(*found) - want).abs();
            assert!(error < 2e-6, "{i} of {n}: {found}, by the book {want}");
        }
    }
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
