//! Elementary functions that the compiler can turn into vector instructions.
//!
//! `f32::exp` is a call into the C library, one number at a time. These are branch-free polynomials: inlined into a
//! loop under [`vectorized!`](crate::vectorized) they run 8 or 16 lanes wide.

/// `e^x` to within 2 units in the last place; 0 below -87.3, and 2.2e38 above 88.3.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, so that x - n·ln 2 loses nothing.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5·2²³ rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.clamp(-87.3, 88.3);
    let n = clamped.mul_add(LOG2_E, ROUND) - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, clamped));
    let mut p = 1.987_569_1e-4f32;
    for coefficient in [
        1.398_2e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        p = p.mul_add(r, coefficient);
    }
    let mantissa = (p * r).mul_add(r, r) + 1.0;
    let power = f32::from_bits(((n as i32 + 127) as u32) << 23);
    // A NaN must stay one: a diverged run is found by its loss.
    if x < -87.3 { 0.0 } else { mantissa * power }
}

/// The logistic function `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    // 1 - 2 / (e^2|x| + 1) loses digits near zero, where the series of tanh does not.
    let a = x.abs();
    let large = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
    let s = a * a;
    let small = a * s.mul_add(
        s.mul_add(s.mul_add(-17.0 / 315.0, 2.0 / 15.0), -1.0 / 3.0),
        1.0,
    );
    let magnitude = if a < 0.2 { small } else { large };
    magnitude.copysign(x)
}

/// `ln(1 + e^-|x|)`, the part of the logistic loss that is always small: at most ln 2.
#[inline(always)]
pub(crate) fn ln_1p_exp_neg_abs(x: f32) -> f32 {
    // ln(1 + u) = 2 artanh(u / (2 + u)), whose argument is at most 1/3: the series converges fast and has no cancellation.
    let u = exp(-x.abs());
    let s = u / (2.0 + u);
    let s2 = s * s;
    let mut p = 1.0 / 15.0f32;
    for odd in [13.0f32, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        p = p.mul_add(s2, 1.0 / odd);
    }
    2.0 * s * p
}

/// The natural logarithm of a positive number that is not subnormal.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    const ROOT_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    // x = 2^n·m with m in [√½, √2), and ln m = 2 artanh((m - 1) / (m + 1)), whose argument is at most 0.172.
    let n = (x.to_bits() as i32).wrapping_sub(ROOT_HALF as i32) >> 23;
    let m = f32::from_bits((x.to_bits() as i32).wrapping_sub(n << 23) as u32);
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let mut p = 1.0 / 11.0f32;
    for odd in [9.0f32, 7.0, 5.0, 3.0, 1.0] {
        p = p.mul_add(s2, 1.0 / odd);
    }
    (n as f32).mul_add(std::f32::consts::LN_2, 2.0 * s * p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectorized;

    fn worst(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let xs = (-8000..=8000).map(|i| i as f32 / 100.0);
        xs.map(|x| {
            let want = exact(f64::from(x));
            (f64::from(f(x)) - want).abs() / want.abs().max(1e-30)
        })
        .fold(0.0, f64::max)
    }

    #[test]
    fn functions_agree_with_double_precision() {
        assert!(worst(exp, f64::exp) < 3e-7);
        assert!(worst(sigmoid, |x| 1.0 / (1.0 + (-x).exp())) < 5e-7);
        assert!(worst(tanh, f64::tanh) < 1e-6);
        assert!(worst(ln_1p_exp_neg_abs, |x| (-x.abs()).exp().ln_1p()) < 6e-7);
    }

    #[test]
    fn the_logarithm_agrees_with_double_precision() {
        for i in 1..=100_000 {
            let x = (i as f32 * 1e-4 - 9.0).exp2();
            let want = f64::from(x).ln();
            let error = (f64::from(ln(x)) - want).abs();
            assert!(error < 3e-7 * want.abs().max(1e-30), "{x}: {}", ln(x));
        }
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn a_nan_stays_one_and_extremes_stay_finite() {
        for f in [exp, sigmoid, tanh, ln_1p_exp_neg_abs] {
            assert!(f(f32::NAN).is_nan());
        }
        assert_eq!(
            sigmoid(f32::NEG_INFINITY).to_bits(),
            0f32.to_bits().max(sigmoid(-1e9).to_bits())
        );
        assert_eq!(sigmoid(f32::INFINITY), 1.0);
        assert_eq!(exp(-1e9), 0.0);
        assert_eq!(ln_1p_exp_neg_abs(1e9), 0.0);
        assert_eq!(tanh(1e9), 1.0);
        assert_eq!(tanh(-0.0), 0.0);
    }

    /// A loop over vectors and their tail against one call at a time, which no vector instruction can take part in.
    #[test]
    fn a_vectorized_loop_gives_the_bits_of_single_calls() {
        let extremes = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            f32::MIN,
            f32::MIN_POSITIVE,
            f32::from_bits(1),
            -f32::from_bits(1),
            f32::from_bits(0x007f_ffff),
            0.0,
            -0.0,
            0.2,
            -87.3,
            -87.300_01,
            88.3,
            88.4,
        ];
        // Every exponent of both signs, and what networks have to do with.
        let anything = (0..2003u32).map(|i| f32::from_bits(i.wrapping_mul(2_144_337)));
        let usual = (0..2003).map(|i| (i - 1001) as f32 / 50.0);
        let many = anything.zip(usual).flat_map(|(x, y)| [x, y]);
        let xs: Vec<f32> = extremes.into_iter().chain(many).collect();
        macro_rules! check {
            ($f:ident) => {
                for n in [1, 2, 3, 7, 31, 33, 127, 1000, 1001, xs.len()] {
                    // Extremes in every lane, the tail's too.
                    for start in 0..extremes.len().min(xs.len() - n + 1) {
                        let xs = &xs[start..start + n];
                        let mut ys = vec![f32::NAN; n];
                        vectorized!(|| ys.iter_mut().zip(xs).for_each(|(y, x)| *y = $f(*x)));
                        for (x, y) in xs.iter().zip(ys) {
                            let want = $f(std::hint::black_box(*x));
                            assert!(
                                y.to_bits() == want.to_bits() || y.is_nan() && want.is_nan(),
                                "{} of {x:e}, among {n}: {y:e}, alone {want:e}",
                                stringify!($f)
                            );
                        }
                    }
                }
            };
        }
        check!(exp);
        check!(sigmoid);
        check!(tanh);
        check!(ln_1p_exp_neg_abs);
        check!(ln);
    }
}
