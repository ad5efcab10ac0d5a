//! Many random numbers at once: raw bits from a stream, turned into a law's numbers in vector loops.

use std::mem::MaybeUninit;

use rand::{Rng, SeedableRng};
use rayon::prelude::*;

use crate::math::ln;
use crate::stream::Stream;
use crate::vectorized;

/// Numbers per task of a large draw. Each block has a stream of its own, so that the numbers do not depend on how many
/// threads share the blocks.
const BLOCK: usize = 8192;

/// Numbers per piece whose raw bits lie on the stack; even, because normal numbers come in pairs.
const TILE: usize = 512;

/// `n` draws from the standard normal distribution.
///
/// By the method of Box and Muller (1958), with 31 bits for the radius: no draw is beyond ±6.66, where one of 3·10¹⁰ would be.
/// The numbers depend on the state of `rng` and on `n` alone.
pub fn standard_normal(n: usize, rng: &mut impl Rng) -> Vec<f32> {
    draw(n, rng, normal)
}

/// `n` draws from the uniform distribution on `[0, 1)`, multiples of 2⁻²⁴.
///
/// The numbers depend on the state of `rng` and on `n` alone.
pub fn uniform(n: usize, rng: &mut impl Rng) -> Vec<f32> {
    draw(n, rng, unit)
}

/// Turns raw words, at least as many as numbers and an even count of them, into the numbers of a law, and writes them all.
type Law = fn(&[[u8; 4]], &mut [MaybeUninit<f32>]);

fn draw(n: usize, rng: &mut impl Rng, law: Law) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(n);
    fill_blocks(&mut numbers.spare_capacity_mut()[..n], rng, law);
    // SAFETY: there is room for so many, and the law has written them all.
    #[allow(unsafe_code)]
    unsafe {
        numbers.set_len(n);
    }
    numbers
}

fn fill_blocks(numbers: &mut [MaybeUninit<f32>], rng: &mut impl Rng, law: Law) {
    if numbers.len() <= BLOCK {
        return fill(numbers, rng, law);
    }
    let mut key = [0; 32];
    rng.fill_bytes(&mut key);
    numbers
        .par_chunks_mut(BLOCK)
        .enumerate()
        .for_each(|(i, block)| {
            let mut rng = Stream::from_seed(key);
            rng.set_stream(i as u64);
            fill(block, &mut rng, law);
        });
}

fn fill(numbers: &mut [MaybeUninit<f32>], rng: &mut impl Rng, law: Law) {
    let mut bytes = [0; 4 * TILE];
    for numbers in numbers.chunks_mut(TILE) {
        let bytes = &mut bytes[..4 * numbers.len().next_multiple_of(2)];
        rng.fill_bytes(bytes);
        law(bytes.as_chunks::<4>().0, numbers);
    }
}

fn unit(words: &[[u8; 4]], numbers: &mut [MaybeUninit<f32>]) {
    vectorized!(|| {
        for (number, word) in numbers.iter_mut().zip(words) {
            number.write((u32::from_le_bytes(*word) >> 8) as i32 as f32 * 2f32.powi(-24));
        }
    });
}

fn normal(words: &[[u8; 4]], numbers: &mut [MaybeUninit<f32>]) {
    let (radii, angles) = words.split_at(words.len() / 2);
    let (first, second) = numbers.split_at_mut(numbers.len().div_ceil(2));
    vectorized!(|| {
        let words = radii.iter().zip(angles);
        for ((x, y), (radius, angle)) in first.iter_mut().zip(&mut *second).zip(words) {
            let pair = pair(*radius, *angle);
            x.write(pair.0);
            y.write(pair.1);
        }
    });
    // An odd count has a first number without a second.
    if first.len() > second.len() {
        let last = first.len() - 1;
        first[last].write(pair(radii[last], angles[last]).0);
    }
}

/// Two independent normal numbers: a point at the distance `√(-2 ln u)` in a random direction.
#[inline(always)]
fn pair(radius: [u8; 4], angle: [u8; 4]) -> (f32, f32) {
    // Conversions are from i32, for which every CPU has an instruction; u is in (0, 1].
    let u = ((u32::from_le_bytes(radius) >> 1) as i32 as f32 + 0.5) * 2f32.powi(-31);
    let r = (-2.0 * ln(u)).sqrt();
    // A direction in the first eighth of the circle, mirrored by three bits, needs no reduction of the angle.
    let angle = u32::from_le_bytes(angle);
    let (swap, x_sign, y_sign) = (angle & 1, (angle & 2) << 30, (angle & 4) << 29);
    let phi = ((angle >> 3) as i32 as f32 + 0.5) * (std::f32::consts::FRAC_PI_4 * 2f32.powi(-29));
    let s = phi * phi;
    let sin = phi
        * polynomial(
            s,
            [1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362_880.0],
        );
    let cos = polynomial(
        s,
        [
            1.0,
            -0.5,
            1.0 / 24.0,
            -1.0 / 720.0,
            1.0 / 40_320.0,
            -1.0 / 3_628_800.0,
        ],
    );
    let (x, y) = if swap == 0 { (cos, sin) } else { (sin, cos) };
    let signed = |magnitude: f32, sign: u32| f32::from_bits(magnitude.to_bits() ^ sign);
    (signed(r * x, x_sign), signed(r * y, y_sign))
}

/// `c₀ + c₁·s + c₂·s² + …`
#[inline(always)]
fn polynomial<const N: usize>(s: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = 0.0f32;
    for c in coefficients.iter().rev() {
        sum = sum.mul_add(s, *c);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    /// Small enough for Miri, which finds every number that was not written.
    #[test]
    fn all_numbers_are_written_and_within_their_bounds() {
        for n in [0, 1, 7, TILE + 1, BLOCK + 3] {
            let mut rng = stream(1, "test.draws", n as u64);
            let normal = standard_normal(n, &mut rng);
            assert_eq!(normal.len(), n);
            assert!(normal.iter().all(|x| x.abs() < 6.67 && *x != 0.0));
            let uniform = uniform(n, &mut rng);
            assert_eq!(uniform.len(), n);
            assert!(uniform.iter().all(|x| (0.0..1.0).contains(x)));
        }
    }
}
