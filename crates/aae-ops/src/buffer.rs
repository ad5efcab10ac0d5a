//! Memory that a step leaves for the next one: a training step needs the same sizes over and over.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut, Range};

/// Numbers that a thread keeps: more than a step of the networks here needs for outputs, gradients and copies of operands. When there
/// are more, the buffers that have been free for longest go.
const KEPT: usize = 1 << 22;

/// Buffers that it keeps however large they are: those of a large batch.
const FEW: usize = 32;

/// As how many numbers a buffer counts that has fewer: so many buffers there are at most, which are looked through for one.
const LEAST: usize = KEPT / 256;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// The `n` numbers that came back last, which are the likeliest to be in the core's cache.
fn kept(n: usize) -> Option<Vec<f32>> {
    FREE.with_borrow_mut(|free| {
        let at = free.iter().rposition(|buffer| buffer.len() == n)?;
        Some(free.remove(at))
    })
}

fn counts(buffer: &[f32]) -> usize {
    buffer.len().max(LEAST)
}

/// Numbers that go back to their thread when they are no longer needed.
pub(crate) struct Buffer(Vec<f32>);

impl Buffer {
    /// `n` numbers that may be anything: whoever asks for them reads none that it has not written.
    pub(crate) fn unwritten(n: usize) -> Self {
        Self(kept(n).unwrap_or_else(|| vec![0.0; n]))
    }

    /// `n` zeros, to sum up in.
    pub(crate) fn zeros(n: usize) -> Self {
        let mut zeros = Self::unwritten(n);
        zeros.fill(0.0);
        zeros
    }

    /// The same numbers.
    pub(crate) fn copy_of(numbers: &[f32]) -> Self {
        let mut copy = Self::room(numbers.len());
        copy.extend_from_slice(numbers);
        Self(copy)
    }

    /// Room for `n` numbers and none in it yet: what is new of it is not cleared.
    pub(crate) fn room(n: usize) -> Vec<f32> {
        let mut numbers = kept(n).unwrap_or_else(|| Vec::with_capacity(n));
        numbers.clear();
        numbers
    }

    /// The numbers, for somebody who keeps them.
    pub(crate) fn into_vec(mut self) -> Vec<f32> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<f32>> for Buffer {
    fn from(numbers: Vec<f32>) -> Self {
        Self(numbers)
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        if buffer.is_empty() {
            return;
        }
        // At the end of a thread its list may be gone, and the memory is freed.
        let _ = FREE.try_with(|free| {
            if let Ok(mut free) = free.try_borrow_mut() {
                free.push(buffer);
                let mut kept: usize = free.iter().map(|buffer| counts(buffer)).sum();
                while kept > KEPT && free.len() > FEW {
                    kept -= counts(&free.remove(0));
                }
            }
        });
    }
}

/// Bytes of a line of the cache. A register of AVX-512 and a row of a tile of AMX have as many: where they lie across two lines, reading
/// them takes twice as long.
const LINE: usize = 64;

/// How many numbers hold `n` that begin with a line, wherever they begin themselves.
pub(crate) const fn aligned_size<T>(n: usize) -> usize {
    n + LINE / size_of::<T>() - 1
}

/// `n` numbers that begin with a line, out of [`aligned_size`].
pub(crate) fn aligned<T>(numbers: &mut [T], n: usize) -> &mut [T] {
    let first = numbers.as_ptr().align_offset(LINE);
    &mut numbers[first..][..n]
}

/// A [`Buffer`] that begins with a line of the cache.
pub(crate) struct AlignedBuffer {
    buffer: Buffer,
    range: Range<usize>,
}

impl AlignedBuffer {
    /// As [`Buffer::unwritten`].
    pub(crate) fn unwritten(n: usize) -> Self {
        let buffer = Buffer::unwritten(aligned_size::<f32>(n));
        let first = buffer.as_ptr().align_offset(LINE);
        Self {
            buffer,
            range: first..first + n,
        }
    }
}

impl Deref for AlignedBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.buffer[self.range.clone()]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[self.range.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_to_who_asks_for_its_size() {
        let buffer = Buffer::unwritten(123);
        let place = buffer.as_ptr();
        drop(buffer);
        assert_ne!(Buffer::unwritten(124).as_ptr(), place);
        let again = Buffer::unwritten(123);
        assert_eq!(again.as_ptr(), place);
        assert_ne!(Buffer::unwritten(123).as_ptr(), place);
        let kept = again.into_vec();
        assert_eq!(kept.as_ptr(), place);
    }

    #[test]
    fn so_many_numbers_or_a_few_buffers_are_kept_and_the_oldest_go() {
        let kept =
            || -> Vec<usize> { FREE.with_borrow(|free| free.iter().map(Vec::len).collect()) };
        let most = KEPT / LEAST;
        let many: Vec<Buffer> = (1..=2 * most).map(Buffer::unwritten).collect();
        many.into_iter().for_each(drop);
        assert!(kept().into_iter().eq(most + 1..=2 * most));
        drop(Buffer::unwritten(KEPT / 2));
        let newest = most + most / 2 + 1..=2 * most;
        assert!(kept().into_iter().eq(newest.chain([KEPT / 2])));
        drop(Buffer::unwritten(KEPT));
        let newest = 2 * most - FEW + 3..=2 * most;
        assert!(kept().into_iter().eq(newest.chain([KEPT / 2, KEPT])));
    }

    #[test]
    fn an_aligned_buffer_begins_with_a_line_of_the_cache() {
        for n in [1, 7, 16, 1000] {
            let mut buffer = AlignedBuffer::unwritten(n);
            assert_eq!(buffer.len(), n);
            assert_eq!(buffer.as_ptr().align_offset(LINE), 0);
            buffer.fill(1.0);
            let mut cells = vec![0u32; aligned_size::<u32>(n)];
            let cells = aligned(&mut cells, n);
            assert_eq!((cells.len(), cells.as_ptr().align_offset(LINE)), (n, 0));
        }
    }
}
