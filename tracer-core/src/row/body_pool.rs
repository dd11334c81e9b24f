//! Each thread keeps a few bodies for reuse, so that a span that is tagged allocates nothing.
//!
//! A span may end on another thread than it began: the body then stays there.

use std::cell::RefCell;

use super::body::Body;

/// How many bodies a thread keeps.
const KEPT_MAX: usize = 64;

thread_local! {
    #[expect(clippy::vec_box, reason = "spans hold boxes: a body is not copied in and out")]
    static POOL: RefCell<Vec<Box<Body>>> = const { RefCell::new(Vec::new()) };
}

/// An empty body.
#[inline]
pub(crate) fn take() -> Box<Body> {
    let pooled = POOL.try_with(|pool| pool.try_borrow_mut().ok()?.pop());
    pooled.ok().flatten().unwrap_or_default()
}

/// Takes a body back.
#[inline]
pub(crate) fn give_back(mut body: Box<Body>) {
    body.clear();
    // While the thread is torn down the body is simply freed.
    let _ = POOL.try_with(|pool| {
        if let Some(mut pool) = pool.try_borrow_mut().ok().filter(|pool| pool.len() < KEPT_MAX) {
            pool.push(body);
        }
    });
}
