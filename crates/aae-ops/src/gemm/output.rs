//! Where a product goes.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// Memory for the result of a product, which is written over or added to.
///
/// Over memory that nobody has written before, too: a kernel gets addresses, and never a slice of numbers that are none yet.
pub(crate) struct Output<'a> {
    cells: Cells,
    len: usize,
    accumulate: bool,
    borrowed: PhantomData<&'a mut [f32]>,
}

impl<'a> Output<'a> {
    /// The product shall take the place of what is there.
    pub(crate) fn over(c: &'a mut [f32]) -> Self {
        Self::new(c.as_mut_ptr(), c.len(), false)
    }

    /// The product shall be written where nothing is yet.
    pub(crate) fn fresh(c: &'a mut [MaybeUninit<f32>]) -> Self {
        Self::new(c.as_mut_ptr().cast(), c.len(), false)
    }

    /// The product shall be added to what is there.
    pub(crate) fn plus(c: &'a mut [f32]) -> Self {
        Self::new(c.as_mut_ptr(), c.len(), true)
    }

    /// [`plus`](Self::plus) if `accumulate`, or else [`over`](Self::over).
    pub(crate) fn over_or_plus(c: &'a mut [f32], accumulate: bool) -> Self {
        Self::new(c.as_mut_ptr(), c.len(), accumulate)
    }

    fn new(first: *mut f32, len: usize, accumulate: bool) -> Self {
        Self {
            cells: Cells(first),
            len,
            accumulate,
            borrowed: PhantomData,
        }
    }

    /// How many numbers there is room for.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether the product is added to what is there, which then are numbers.
    pub(super) fn accumulates(&self) -> bool {
        self.accumulate
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// What a product without an inner dimension does: it is zero.
    pub(super) fn add_nothing(self) {
        if self.accumulate {
            return;
        }
        for index in 0..self.len {
            // SAFETY: the index is inside the memory, which is borrowed mutably for as long as `self` lives.
            #[allow(unsafe_code)]
            unsafe {
                self.cells.at(index).write(0.0);
            }
        }
    }
}

/// The result's first number, shared by the tasks that each write their own part of it.
pub(super) struct Cells(*mut f32);

// SAFETY: the pointer is used for disjoint parts only, and its memory outlives the parallel loop that shares it.
#[allow(unsafe_code)]
unsafe impl Sync for Cells {}

impl Cells {
    /// # Safety
    /// `index` must be inside the result.
    #[allow(unsafe_code)]
    pub(super) unsafe fn at(&self, index: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(index) }
    }
}
