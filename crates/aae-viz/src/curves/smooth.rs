//! The moving average that makes a noisy loss readable.

/// Each value averaged with its neighbours, a fortieth of the series on either side.
///
/// At the start, where losses fall steeply, the window stays the same on both sides and so gets narrow; at the end, where
/// a narrow window would make noise look like a turn, it loses the side that is missing.
pub(crate) fn smoothed(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let reach = points.len() / 40;
    let mut sums = Vec::with_capacity(points.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for point in points {
        sum += point[1].clamp(-1e100, 1e100);
        sums.push(sum);
    }
    let average = |index: usize| {
        let reach = reach.min(index);
        let (start, end) = (index - reach, (index + reach + 1).min(points.len()));
        (sums[end] - sums[start]) / (end - start) as f64
    };
    points
        .iter()
        .enumerate()
        .map(|(index, point)| [point[0], average(index)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_stays_itself_and_noise_shrinks_to_the_end() {
        let noisy = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        let line: Vec<[f64; 2]> = (0..400).map(|i| [i as f64, 3.0 * i as f64]).collect();
        for (smooth, exact) in smoothed(&line).iter().zip(&line).take(390) {
            assert!((smooth[1] - exact[1]).abs() < 1e-6);
        }
        let noise: Vec<[f64; 2]> = (0..400).map(|i| [i as f64, noisy(i)]).collect();
        assert!(
            smoothed(&noise)[20..]
                .iter()
                .all(|point| point[1].abs() < 0.1)
        );
    }

    #[test]
    fn nothing_smoothed_is_nothing() {
        assert!(smoothed(&[]).is_empty());
    }
}
