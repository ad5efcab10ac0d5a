//! The numbers of a contiguous CPU tensor as a slice, to read or to change in place.

use std::cell::Cell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Storage, Tensor, bail};

/// Elements per task of a parallel pass. Fixed, so that sums have the same order on any number of threads.
pub(crate) const CHUNK: usize = 16 * 1024;

/// Columns per task of a pass that sums over the rows of a matrix.
pub(crate) const BLOCK: usize = 256;

/// Rows of a `[B, columns]` matrix that make a task of a useful size.
pub(crate) fn rows_per_task(columns: usize) -> usize {
    (CHUNK / columns.max(1)).max(1)
}

/// The numbers that a storage holds for a contiguous `f32` layout.
pub(crate) fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("expected a contiguous tensor, found the layout {layout:?}"),
    }
}

/// Calls `f` with the numbers of `tensor`, which must be contiguous, `f32` and on the CPU.
pub(crate) fn read<T>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => f(contiguous(storage, layout)?),
        _ => bail!(
            "expected a tensor on the CPU, found one on {:?}",
            tensor.device()
        ),
    }
}

/// Calls `f` with the numbers of `tensor`, which must be contiguous, `f32` and on the CPU, to change them in place.
pub(crate) fn write<F: FnOnce(&mut [f32]) -> Result<()>>(tensor: &Tensor, f: F) -> Result<()> {
    tensor.inplace_op1(&Write(Cell::new(Some(f))))
}

struct Write<F>(Cell<Option<F>>);

impl<F: FnOnce(&mut [f32]) -> Result<()>> InplaceOp1 for Write<F> {
    fn name(&self) -> &'static str {
        "write"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("expected a contiguous tensor, found the layout {layout:?}")
        };
        match (storage, self.0.take()) {
            (CpuStorage::F32(numbers), Some(f)) => f(&mut numbers[start..end]),
            _ => bail!("expected an f32 tensor"),
        }
    }
}
