//! Random numbers that a seed decides, so that a failure can be repeated as far as times can be.

use std::time::Duration;

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of one story among those of a seed.
    pub(crate) fn new(seed: u64, story: u64) -> Self {
        let mut chance = Self(seed);
        Self(chance.next() ^ story.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A time between nothing and `most`.
    pub(crate) fn time(&mut self, most: Duration) -> Duration {
        most.mul_f64((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// Whether a coin shows heads.
    pub(crate) fn heads(&mut self) -> bool {
        self.next() >> 63 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_algorithm_and_times_lie_within() {
        // The reference implementation's first number for the seed 0.
        assert_eq!(Chance(0).next(), 0xe220_a839_7b1d_cdaf);
        let mut chance = Chance::new(1, 2);
        let most = Duration::from_millis(10);
        assert!((0..100).all(|_| chance.time(most) < most));
        assert_ne!(Chance::new(1, 2).next(), Chance::new(1, 3).next());
    }
}
