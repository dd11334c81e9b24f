//! What a process forked from this one must not take over.
//!
//! Of all threads only the one that forked lives on in the child, and any lock may be held there for ever by one
//! that does not. So nothing of a pipeline is shared with the parent: the system calls [`in_child`] in the child,
//! on that thread, before anything else runs there; it empties what the thread keeps, so that its next span goes
//! the slow way, which looks at the [`generation`] and makes a new pipeline, tracer core and seed. What is
//! checked nowhere else costs nothing else.
//!
//! ```text
//! parent   Tracer ──> Core, generation 0 ──> Hub 0 ──> worker
//! fork ─── the thread's ends and its id generator are emptied; generation = 1
//! child    Tracer ──> Core, generation 1 ──> Hub 1 ──> worker of its own, with Exporter::for_child
//!          spans begun before the fork still name the old core: dropped, and counted as `forked`
//! ```
//!
//! The unsafe code's invariants:
//! 1. The handler takes no lock, allocates nothing, frees nothing and cannot unwind.
//! 2. A [`Slot`] holds null, or what a leaked box holds, which is never freed; a [`Held`] is never null.
//!
//! `vfork` and a bare `clone` run no handler; both are for those who exec at once.

#![expect(unsafe_code, reason = "see the invariants above")]

use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);

/// How many forks lie between this process and the first that traced.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Has forks noticed from now on.
#[cfg(unix)]
pub(crate) fn watch() {
    use std::sync::atomic::AtomicBool;
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if WATCHED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the handler may run in a child at that moment (invariant 1).
    let failed = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    if failed != 0 {
        log::warn!("a process forked from this one must not trace: no memory for its handler");
    }
}

/// Without `fork` there is nothing to watch.
#[cfg(not(unix))]
pub(crate) const fn watch() {}

#[cfg(unix)]
extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    crate::pipeline::local::forget_thread();
    crate::id_generator::forget_thread();
    #[cfg(feature = "signals")]
    for signal in crate::pipeline::hooks::signals::forget().into_iter().flatten() {
        // SAFETY: one of the calls that are allowed in a handler, for two signals that exist.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// A place for something that is never freed, to be replaced without a lock.
#[derive(Debug)]
pub(crate) struct Slot<T: 'static>(AtomicPtr<T>, PhantomData<&'static T>);

impl<T> Slot<T> {
    pub(crate) const fn empty() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()), PhantomData)
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: null, or a box's that is never freed, and only shared since (invariant 2).
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    /// Puts something there instead of what was found, and says what is there now, and whether it is that:
    /// another thread may have been first.
    pub(crate) fn replace(&self, found: Option<&'static T>, new: &'static T) -> (&'static T, bool) {
        let found = found.map_or(ptr::null_mut(), |found| ptr::from_ref(found).cast_mut());
        let new_ptr = ptr::from_ref(new).cast_mut();
        match self.0.compare_exchange(found, new_ptr, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => (new, true),
            Err(_) => (self.get().unwrap_or(new), false),
        }
    }
}

/// A [`Slot`] that is never empty.
#[derive(Debug)]
pub(crate) struct Held<T: 'static>(Slot<T>);

impl<T> Held<T> {
    pub(crate) const fn new(first: &'static T) -> Self {
        Self(Slot(AtomicPtr::new(ptr::from_ref(first).cast_mut()), PhantomData))
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &'static T {
        let ptr = self.0.0.load(Ordering::Acquire);
        // SAFETY: never null: it was not at first, and `replace` puts references there.
        unsafe { std::hint::assert_unchecked(!ptr.is_null()) };
        // SAFETY: as in `Slot::get`.
        unsafe { &*ptr }
    }

    /// As [`Slot::replace`].
    pub(crate) fn replace(&self, found: &'static T, new: &'static T) -> &'static T {
        self.0.replace(Some(found), new).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_who_replace_the_same_one_is_first() {
        static NUMBERS: [u32; 2] = [1, 2];
        let slot = Slot::<u32>::empty();
        assert_eq!(slot.get(), None);
        let [one, two] = &NUMBERS;
        assert_eq!(slot.replace(None, one), (one, true));
        assert_eq!(slot.replace(None, two), (one, false));
        assert_eq!(slot.replace(Some(one), two), (two, true));
        assert_eq!(slot.get(), Some(two));
        let held = Held::new(one);
        assert_eq!((held.replace(one, two), held.replace(one, one), held.get()), (two, two, two));
    }
}
