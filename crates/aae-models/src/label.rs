//! Labels as tensors: one-hot rows.

use candle_core::{Device, Result, Tensor, bail};

/// Labels as one-hot rows: `labels` `[B]`, each below `ways` -> `[B, ways]`.
///
/// Errors: if a label is not below `ways`.
pub fn one_hot(labels: &[u8], ways: usize, device: &Device) -> Result<Tensor> {
    if let Some(label) = labels.iter().find(|label| usize::from(**label) >= ways) {
        bail!("expected labels below {ways}, found {label}")
    }
    let mut rows = vec![0f32; labels.len() * ways];
    for (row, &label) in rows.chunks_exact_mut(ways.max(1)).zip(labels) {
        row[usize::from(label)] = 1.0;
    }
    Tensor::from_vec(rows, (labels.len(), ways), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_label_set() {
        let rows = one_hot(&[2, 0], 3, &Device::Cpu).unwrap();
        assert_eq!(
            rows.to_vec2::<f32>().unwrap(),
            [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
        );
        assert!(one_hot(&[3], 3, &Device::Cpu).is_err());
        assert!(one_hot(&[3], 0, &Device::Cpu).is_err());
    }
}
