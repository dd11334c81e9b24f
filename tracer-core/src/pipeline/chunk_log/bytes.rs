//! The bytes of a chunk: plain memory, or, for loom's models, cells that notice unordered accesses.

#[cfg(tracer_loom)]
pub(super) use self::modelled::Bytes;
#[cfg(not(tracer_loom))]
pub(super) use self::plain::Bytes;

#[cfg(not(tracer_loom))]
mod plain {
    use std::ptr::NonNull;

    /// Memory of a fixed size, initialized.
    #[derive(Debug)]
    pub(in super::super) struct Bytes(NonNull<[u8]>);

    // SAFETY: the memory is this value's own; who may touch what is said at `write` and `read`.
    unsafe impl Send for Bytes {}
    // SAFETY: as above.
    unsafe impl Sync for Bytes {}

    impl Bytes {
        pub(in super::super) fn new(len: usize) -> Self {
            Self(NonNull::from(Box::leak(vec![0; len].into_boxed_slice())))
        }

        #[inline]
        pub(in super::super) const fn len(&self) -> usize {
            self.0.len()
        }

        /// A range, to be written.
        ///
        /// # Safety
        /// The range is within `len`, and nobody else reads or writes it while it is borrowed.
        #[inline(always)]
        #[expect(clippy::mut_from_ref, reason = "the caller sees to it that nobody else has the range")]
        pub(in super::super) unsafe fn room(&self, at: usize, len: usize) -> &mut [u8] {
            debug_assert!(at + len <= self.len());
            // SAFETY: `at` is within the allocation.
            let start = unsafe { self.0.cast::<u8>().add(at) };
            // SAFETY: the range is initialized, and the caller's alone.
            unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), len) }
        }

        /// For the models: what was written is seen as written now.
        #[inline(always)]
        #[expect(clippy::unused_self, reason = "the models' twin of this type has use for it")]
        pub(in super::super) const fn written(&self, _at: usize, _len: usize) {}

        /// Shows a range.
        ///
        /// # Safety
        /// The range is within `len`, and nobody writes it meanwhile.
        pub(in super::super) unsafe fn read(&self, from: usize, to: usize, show: &mut impl FnMut(&[u8])) {
            debug_assert!(from <= to && to <= self.len());
            // SAFETY: `from` is within the allocation.
            let start = unsafe { self.0.cast::<u8>().add(from) };
            // SAFETY: the range is not written while it is borrowed.
            show(unsafe { std::slice::from_raw_parts(start.as_ptr(), to - from) });
        }
    }

    impl Drop for Bytes {
        fn drop(&mut self) {
            // SAFETY: `new` leaked this box, and this is the one place that takes it back.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

#[cfg(tracer_loom)]
mod modelled {
    use loom::cell::UnsafeCell;

    #[derive(Debug)]
    pub(in super::super) struct Bytes {
        cells: Vec<UnsafeCell<u8>>,
        /// What the writer has been given room in.
        room: std::cell::UnsafeCell<Vec<u8>>,
    }

    // SAFETY: the room is the writer's; loom checks the cells.
    unsafe impl Sync for Bytes {}

    impl Bytes {
        pub(in super::super) fn new(len: usize) -> Self {
            let cells = (0..len).map(|_| UnsafeCell::new(0)).collect();
            Self { cells, room: std::cell::UnsafeCell::new(vec![0; len]) }
        }

        pub(in super::super) fn len(&self) -> usize {
            self.cells.len()
        }

        pub(in super::super) unsafe fn room(&self, at: usize, len: usize) -> &mut [u8] {
            // SAFETY: only the writer has the room.
            let room = unsafe { &mut *self.room.get() };
            &mut room[at..at + len]
        }

        pub(in super::super) fn written(&self, at: usize, len: usize) {
            // SAFETY: only the writer has the room.
            let room = unsafe { &*self.room.get() };
            for (cell, byte) in self.cells[at..at + len].iter().zip(&room[at..]) {
                // SAFETY: loom's cell checks that nobody else accesses it.
                cell.with_mut(|cell| unsafe { *cell = *byte });
            }
        }

        pub(in super::super) unsafe fn read(&self, from: usize, to: usize, show: &mut impl FnMut(&[u8])) {
            // SAFETY: loom's cell checks that nobody writes it.
            let bytes: Vec<_> =
                self.cells[from..to].iter().map(|cell| cell.with(|cell| unsafe { *cell })).collect();
            show(&bytes);
        }
    }
}
