//! Numbers that are handed over piece by piece: those of a slice, or of a product that is computed one piece at a time.

use crate::slices::CHUNK;

/// Numbers in pieces of one size, each to be had by any thread.
pub(crate) trait Pieces: Sync {
    /// How many numbers a piece has; the last may have fewer.
    fn size(&self) -> usize;

    /// Calls `f` with piece number `i`.
    fn with(&self, i: usize, f: &mut dyn FnMut(&[f32]));
}

impl Pieces for &[f32] {
    fn size(&self) -> usize {
        CHUNK
    }

    fn with(&self, i: usize, f: &mut dyn FnMut(&[f32])) {
        let rest = &self[i * CHUNK..];
        f(&rest[..CHUNK.min(rest.len())]);
    }
}
