//! Inputs that nobody would write, made from ones that somebody did: a seeded stream of mutations.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Most inputs that are kept to be changed further.
const MOST_KEPT: usize = 512;
/// Longest input: what is to be found is found in small ones.
const LONGEST: usize = 16 << 10;

/// Numbers that lengths and counts go wrong at.
const EDGES: [u64; 14] = [
    0,
    1,
    7,
    8,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 32,
    (1 << 53) + 1,
    i64::MAX as u64,
    u64::MAX,
];

/// Makes inputs from the ones that it was given, and from those that turned out to be something new.
pub(crate) struct Mutator {
    rng: ChaCha8Rng,
    kept: Vec<Vec<u8>>,
    words: &'static [&'static str],
}

impl Mutator {
    /// `words` are those of the format.
    pub(crate) fn new(seed: u64, seeds: Vec<Vec<u8>>, words: &'static [&'static str]) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            kept: seeds,
            words,
        }
    }

    /// Keeps an input that brought about something new.
    pub(crate) fn keep(&mut self, input: &[u8]) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push(input.to_vec());
        } else {
            let at = self.below(MOST_KEPT);
            self.kept[at] = input.to_vec();
        }
    }

    /// Makes the next input, in place of the one before.
    pub(crate) fn next(&mut self, input: &mut Vec<u8>) {
        let from = self.below(self.kept.len());
        input.clear();
        input.extend_from_slice(&self.kept[from]);
        for _ in 0..=self.below(4) {
            self.change(input);
        }
        input.truncate(LONGEST);
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(16)).min(input.len());
        match self.below(9) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.rng.random(),
            2 => input.truncate(at),
            3 => drop(input.drain(at..end)),
            4 => {
                let copy = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, copy);
            }
            5 => self.write_number(input, at),
            6 => {
                let other = self.below(self.kept.len());
                let from = self.below(self.kept[other].len() + 1);
                input.truncate(at);
                input.extend_from_slice(&self.kept[other][from..]);
            }
            7 => self.replace_digits(input, at),
            _ => {
                let word = self.below(self.words.len());
                let over = if self.below(2) == 0 { at } else { end };
                input.splice(at..over, self.words[word].bytes());
            }
        }
    }

    /// A number of 1 to 8 bytes over what is there.
    fn write_number(&mut self, input: &mut [u8], at: usize) {
        let number = EDGES[self.below(EDGES.len())];
        let size = 1 << self.below(4);
        let bytes = match self.below(2) {
            0 => number.to_le_bytes()[..size].to_vec(),
            _ => number.to_be_bytes()[8 - size..].to_vec(),
        };
        for (to, from) in input.iter_mut().skip(at).zip(bytes) {
            *to = from;
        }
    }

    /// Another number for the next one that is written in digits.
    fn replace_digits(&mut self, input: &mut Vec<u8>, at: usize) {
        let Some(begin) = input[at..].iter().position(u8::is_ascii_digit) else {
            return;
        };
        let begin = at + begin;
        let digits = input[begin..].iter().take_while(|c| c.is_ascii_digit());
        let end = begin + digits.count();
        let number = EDGES[self.below(EDGES.len())].to_string();
        input.splice(begin..end, number.into_bytes());
    }

    fn below(&mut self, end: usize) -> usize {
        self.rng.random_range(0..end.max(1))
    }
}
