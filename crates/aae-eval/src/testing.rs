//! What the tests share: two clouds of points that NumPy can make too, and a comparison.

/// Two clouds of 700 points in the plane, spread without order: more than two blocks, and not a whole number of them.
pub(crate) fn scattered() -> (Vec<f32>, Vec<f32>) {
    let at = |i: u32, factor: u32, modulus: u32| f64::from(i * factor % modulus);
    let cloud =
        |point: &dyn Fn(u32) -> [f64; 2]| (0..700).flat_map(point).map(|x| x as f32).collect();
    (
        cloud(&|i| [at(i, 7919, 1009) / 100.0, at(i, 104_729, 997) / 90.0]),
        cloud(&|i| [at(i, 7907, 1013) / 80.0, at(i, 104_723, 991) / 110.0 - 1.0]),
    )
}

/// The first of these clouds, and a label for each of its points, in stripes.
pub(crate) fn striped() -> (Vec<f32>, Vec<u8>) {
    let labels = (0..700).map(|i| (i * 7919 % 1009 / 150) as u8).collect();
    (scattered().0, labels)
}

#[track_caller]
pub(crate) fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "expected {expected}, found {found}"
    );
}

/// `n` values in `[0, 1)` without order, another row of them for each `seed`.
pub(crate) fn pixels(n: u64, seed: u64) -> Vec<f32> {
    let value = |i| ((i * 7919 + seed * 104_729) % 1009) as f64 / 1009.0;
    (0..n).map(|i| value(i) as f32).collect()
}
