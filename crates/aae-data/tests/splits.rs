//! Splits, permutations and batches: which images, in which order, with which values.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::Arc;

use aae_data::{Batches, DataError, Dataset, Split, permutation, steps_per_epoch};
use candle_core::{Device, Tensor};
use proptest::prelude::*;
use rand::{SeedableRng, TryRng, rngs::ChaCha8Rng};

/// `n` images of 2 × 3 pixels; image i is filled with i, and its label is i mod 7.
fn split(n: u8) -> Split {
    let pixels = (0..n).flat_map(|index| [index; 6]).collect();
    let labels = (0..n).map(|index| index % 7).collect();
    Split::all(&Arc::new(Dataset::new(pixels, labels, 2, 3, 7).unwrap()))
}

fn members(split: &Split) -> Vec<u8> {
    (0..split.len())
        .map(|position| split.image(position)[0])
        .collect()
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

#[test]
fn a_larger_balanced_draw_has_all_images_of_a_smaller_one() {
    let whole = split(100);
    let drawn = |n| members(&whole.balanced(n, &mut rng(3)).unwrap());
    let largest = drawn(70);
    for n in 0..70 {
        assert!(drawn(n).iter().all(|image| largest.contains(image)), "{n}");
    }
}

#[test]
fn a_balanced_draw_has_as_many_of_each_class_and_repeats() {
    let whole = split(100);
    let drawn = whole.balanced(16, &mut rng(3)).unwrap();
    let count = |class| {
        drawn
            .labels()
            .iter()
            .filter(|&&label| label == class)
            .count()
    };
    // 16 = 7 · 2 + 2: the first two classes have one more.
    assert_eq!([0, 1, 2, 3, 4, 5, 6].map(count), [3, 3, 2, 2, 2, 2, 2]);
    assert!(drawn.indices().is_sorted() && drawn.len() == 16);
    assert_eq!(
        members(&drawn),
        members(&whole.balanced(16, &mut rng(3)).unwrap())
    );
    assert_ne!(
        members(&drawn),
        members(&whole.balanced(16, &mut rng(4)).unwrap())
    );
    // However many a file asks for.
    assert!(whole.balanced(usize::MAX, &mut rng(3)).is_err());
    let error = whole.balanced(7 * 15, &mut rng(3)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "data.labelled: expected at least 15 images of class 2, found 14; \
         at most 100 labelled images can be dealt evenly"
    );
    assert_eq!(whole.balanced(100, &mut rng(3)).unwrap().len(), 100);
    assert!(whole.balanced(101, &mut rng(3)).is_err());
}

#[test]
fn a_class_that_the_data_set_has_no_image_of_has_no_share_of_a_balanced_draw() {
    // Class 0 is empty, as of EMNIST's letters, and so is class 3.
    let labels = (0..40_usize).map(|index| [1, 2, 4][index % 3]).collect();
    let pixels = (0..40).flat_map(|index| [index; 6]).collect();
    let data = Dataset::new(pixels, labels, 2, 3, 5).unwrap();
    let whole = Split::all(&Arc::new(data));
    let labels = whole.balanced(8, &mut rng(3)).unwrap().labels();
    let count = |class| labels.iter().filter(|&&label| label == class).count();
    assert_eq!([0, 1, 2, 3, 4].map(count), [0, 3, 3, 0, 2]);
    // One that only a part of the data set has no image of is asked for all the same.
    let error = whole.take(2).balanced(3, &mut rng(3)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "data.labelled: expected at least 1 images of class 4, found 0; \
         at most 2 labelled images can be dealt evenly"
    );
}

#[test]
fn every_pixel_value_is_scaled_to_exactly_its_255th() {
    let data = Dataset::new((0..=255).collect(), vec![0], 16, 16, 1).unwrap();
    let mut out = vec![9.0; 3];
    Split::all(&Arc::new(data)).gather(&[0], &mut out);
    assert_eq!(out.len(), 256);
    for (value, pixel) in out.iter().zip(0..=255_u8) {
        assert_eq!(value.to_bits(), (pixel as f32 / 255.0).to_bits());
    }
}

#[test]
fn a_batch_holds_the_images_asked_for_in_that_order() {
    let batch = split(10).take(8).batch(&[7, 0, 7], &Device::Cpu).unwrap();
    assert_eq!(batch.dims(), [3, 6]);
    let bytes: Vec<f32> = batch.flatten_all().unwrap().to_vec1().unwrap();
    let expected: Vec<f32> = [7.0_f32, 0.0, 7.0]
        .iter()
        .flat_map(|value| [value / 255.0; 6])
        .collect();
    assert_eq!(bytes, expected);
}

#[test]
fn an_image_is_laid_out_row_by_row() {
    let data = Dataset::new((0..12).collect(), vec![0, 0], 2, 3, 1).unwrap();
    let batch = Split::all(&Arc::new(data))
        .batch(&[1], &Device::Cpu)
        .unwrap();
    let image: Tensor = (batch.reshape((2, 3)).unwrap() * 255.0).unwrap();
    let rows: Vec<Vec<f32>> = image.to_vec2().unwrap();
    let rounded: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| row.iter().map(|x| x.round() as u8).collect())
        .collect();
    assert_eq!(rounded, [[6, 7, 8], [9, 10, 11]]);
}

#[test]
fn holding_out_parts_the_images_and_keeps_their_order() {
    let whole = split(100);
    let (train, validation) = whole.hold_out(30, &mut rng(1)).unwrap();
    assert_eq!((train.len(), validation.len()), (70, 30));
    for part in [&train, &validation] {
        assert!(members(part).is_sorted());
        assert_eq!(
            part.labels(),
            members(part)
                .iter()
                .map(|index| index % 7)
                .collect::<Vec<u8>>()
        );
    }
    let mut together = [members(&train), members(&validation)].concat();
    together.sort_unstable();
    assert_eq!(together, members(&whole));

    let (again, _) = whole.hold_out(30, &mut rng(1)).unwrap();
    assert_eq!(members(&again), members(&train));
    let (other, _) = whole.hold_out(30, &mut rng(2)).unwrap();
    assert_ne!(members(&other), members(&train));
}

#[test]
fn holding_out_nothing_keeps_everything_and_holding_out_everything_is_refused() {
    let (train, validation) = split(5).hold_out(0, &mut rng(0)).unwrap();
    assert_eq!(members(&train), [0, 1, 2, 3, 4]);
    assert!(validation.is_empty() && !train.is_empty());
    let error = split(5).hold_out(5, &mut rng(0)).unwrap_err();
    assert!(matches!(
        error,
        DataError::HoldOut {
            requested: 5,
            available: 5
        }
    ));
    assert_eq!(
        error.to_string(),
        "validation: expected fewer than the 5 images there are, found 5; hold out fewer"
    );
}

#[test]
fn splits_of_splits_address_the_same_data_set() {
    let (train, _) = split(50).hold_out(20, &mut rng(3)).unwrap();
    let first = train.take(10);
    assert_eq!(members(&first), members(&train)[..10]);
    let (rest, held) = first.hold_out(4, &mut rng(4)).unwrap();
    let mut together = [members(&rest), members(&held)].concat();
    together.sort_unstable();
    assert_eq!(together, members(&first));
    assert_eq!(train.take(1000).len(), 30);
}

#[test]
fn evaluation_batches_visit_every_image_once_in_order() {
    let split = split(10);
    let batches: Vec<Vec<u32>> = split.all_batches(4).collect();
    assert_eq!(batches, [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9]]);
    assert_eq!(split.all_batches(10).count(), 1);
    assert_eq!(split.take(0).all_batches(4).count(), 0);
}

#[test]
fn an_epoch_drops_its_last_partial_batch() {
    let epoch = Batches::new(vec![4, 3, 2, 1, 0], 2).unwrap();
    assert_eq!(epoch.steps(), 2);
    assert_eq!(
        (epoch.positions(0), epoch.positions(1)),
        (&[4, 3][..], &[2, 1][..])
    );
    assert_eq!(
        (
            steps_per_epoch(60_000, 128),
            steps_per_epoch(127, 128),
            steps_per_epoch(5, 0)
        ),
        (468, 0, 0)
    );
}

#[test]
fn batches_of_nothing_or_of_more_than_there_is_are_refused() {
    for (n, batch_size) in [(5, 0), (5, 6), (0, 1)] {
        let error = Batches::new((0..n).collect(), batch_size).unwrap_err();
        assert!(matches!(error, DataError::BatchSize { .. }), "{error}");
    }
    let error = Batches::new((0..5).collect(), 6).unwrap_err();
    assert_eq!(
        error.to_string(),
        "batch_size: expected 1 to 5 (the number of images), found 6; choose another size"
    );
}

/// A generator that is easy to write down elsewhere, for the golden order below.
struct SplitMix64(u64);

impl TryRng for SplitMix64 {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.0 as u8);
        Ok(())
    }
}

/// From Python, with `w` yielding SplitMix64's upper 32 bits from seed 0:
/// ```python
/// def below(b):
///     while True:
///         p = next(w) * b
///         if p % 2**32 >= (2**32 - b) % b: return p >> 32
/// o = list(range(n))
/// for last in range(n - 1, 0, -1):
///     j = below(last + 1); o[last], o[j] = o[j], o[last]
/// ```
#[test]
fn the_order_for_a_seed_is_the_same_for_ever() {
    assert_eq!(
        permutation(12, &mut SplitMix64(0)),
        [5, 11, 6, 7, 3, 1, 2, 9, 8, 0, 4, 10]
    );
    let order = permutation(60_000, &mut SplitMix64(0));
    assert_eq!(order[..6], [14_406, 19_635, 56_127, 29_872, 40_125, 4_758]);
}

/// Words from a list, first to last.
struct Words(std::vec::IntoIter<u32>);

impl TryRng for Words {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next().unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("a permutation takes 32-bit words")
    }

    fn try_fill_bytes(&mut self, _bytes: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("a permutation takes 32-bit words")
    }
}

#[test]
fn a_word_that_would_favour_an_index_is_drawn_again() {
    // 2^32 = 1 modulo 3: of the words that lead to index 0 of 3, one is too many, and that is 0.
    let mut rng = Words(vec![0, u32::MAX, 0].into_iter());
    assert_eq!(permutation(3, &mut rng), [1, 0, 2]);
}

#[test]
fn every_order_of_three_is_equally_likely() {
    let mut rng = rng(0);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..6000 {
        *counts.entry(permutation(3, &mut rng)).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 6);
    // Binomial with mean 1000 and standard deviation 29.
    assert!(
        counts.values().all(|&count| (880..1120).contains(&count)),
        "{counts:?}"
    );
}

proptest! {
    #[test]
    fn an_epoch_visits_no_image_twice(n in 1..500_usize, batch_size in 1..64_usize, seed: u64) {
        prop_assume!(batch_size <= n);
        let epoch = Batches::new(permutation(n, &mut rng(seed)), batch_size).unwrap();
        let mut seen: Vec<u32> = (0..epoch.steps()).flat_map(|step| epoch.positions(step)).copied().collect();
        prop_assert_eq!(seen.len(), n / batch_size * batch_size);
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), n / batch_size * batch_size);
        prop_assert!(seen.iter().all(|&position| (position as usize) < n));
    }
}
