//! A thread's ends of the pipelines that it uses.
//!
//! ```text
//! CURRENT ──> Place ──> Local { writer, counters, bodies }   the pipeline that was used last; empty while in use
//! OTHERS  ──> Place, Place, …                                the thread's other pipelines
//! SPARE   ──> Place, Place, …                                empty, of threads that have ended
//! ```
//!
//! A place is never freed: so it can be found by one load, without asking whether the thread's destructors have
//! run. It is moved out while it is used, so whoever comes back meanwhile (an allocator that traces) gets
//! another one.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::accounts::ThreadCounters;
use super::chunk_log::Writer;
use super::run::{MARK_BYTES, NO_SOURCE, put_mark};
use crate::id_generator::IdGenerator;
use crate::row::body::Body;
use crate::row::writer::Row;

const SPARE_TIMEOUT: Duration = Duration::from_millis(10);
/// How many bodies a thread keeps for each pipeline.
const BODIES_MAX: usize = 32;

/// A thread's end of a pipeline.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) hub_id: u64,
    pub(crate) writer: Writer,
    pub(crate) counters: Arc<ThreadCounters>,
    /// Of the row that was appended last.
    source: u32,
    /// Empty bodies, so that a span that is tagged allocates nothing.
    bodies: [Option<Box<Body>>; BODIES_MAX],
    bodies_len: usize,
    /// Draws span ids.
    pub(crate) ids: IdGenerator,
}

/// Where a thread keeps an end. Emptied when the thread ends.
#[derive(Debug, Default)]
struct Place(Option<Local>);

/// The places of a thread but the current one. Its end is the thread's.
struct Others(RefCell<Vec<&'static mut Place>>);

thread_local! {
    static CURRENT: Cell<Option<&'static mut Place>> = const { Cell::new(None) };
    static OTHERS: Others = const { Others(RefCell::new(Vec::new())) };
}

/// Several, so that hundreds of threads that end at once find one that nobody holds.
static SPARE: [Mutex<Vec<&'static mut Place>>; 8] = [const { Mutex::new(Vec::new()) }; 8];

/// This thread's end of the pipeline that it used last, out of its cell. To be put back.
pub(crate) struct Current(&'static mut Place);

impl Current {
    /// Takes the end that was used last.
    #[inline(always)]
    pub(crate) fn take() -> Option<Self> {
        CURRENT.with(Cell::take).map(Self)
    }

    /// The end, if it is one of that pipeline.
    #[inline(always)]
    pub(crate) fn local(&mut self, hub_id: u64) -> Option<&mut Local> {
        match &mut self.0.0 {
            Some(local) if local.hub_id == hub_id => Some(local),
            _ => None,
        }
    }

    /// Puts the end back. (Not a destructor, nor a closure: those are not always inlined.)
    #[inline(always)]
    pub(crate) fn put_back(self) {
        CURRENT.with(|current| current.set(Some(self.0)));
    }
}

/// In a forked process: all ends are the parent's, and stay as they are.
#[cfg(unix)]
pub(crate) fn forget_thread() {
    // A thread that has no current end has no others: they are never touched here for the first time, since
    // that would register a destructor.
    if CURRENT.try_with(Cell::take).ok().flatten().is_some() {
        let _ = OTHERS.try_with(|others| others.0.try_borrow_mut().map(|mut others| others.clear()));
    }
}

/// Uses this thread's end of a pipeline. It is made by `enter` if there is none.
#[cold]
#[inline(never)]
pub(crate) fn with_local<R>(
    hub_id: u64,
    enter: impl FnOnce() -> Local,
    work: impl FnOnce(&mut Local) -> R,
) -> R {
    let place = find(hub_id).unwrap_or_else(Place::empty);
    let done = work(place.0.get_or_insert_with(enter));
    keep(place);
    done
}

/// The place of that pipeline, if the thread has one; whatever was used last goes to the others.
fn find(hub_id: u64) -> Option<&'static mut Place> {
    let mut last = CURRENT.take();
    if last.as_ref().is_some_and(|place| place.is_of(hub_id)) {
        return last;
    }
    let found = OTHERS.try_with(|others| {
        let mut others = others.0.try_borrow_mut().ok()?;
        others.extend(last.take());
        let index = others.iter().position(|place| place.is_of(hub_id))?;
        Some(others.swap_remove(index))
    });
    last.into_iter().for_each(Place::vacate);
    found.ok().flatten()
}

/// Keeps a place for the thread's next span; the one that came there meanwhile goes.
fn keep(place: &'static mut Place) {
    if OTHERS.try_with(|others| others.vacate_ended()).is_ok() {
        CURRENT.replace(Some(place)).into_iter().for_each(Place::vacate);
    } else {
        // The thread is being torn down: an end is used once.
        place.vacate();
    }
}

impl Place {
    fn empty() -> &'static mut Self {
        // Nobody waits for these locks: a new place does as well.
        let spare = SPARE.iter().find_map(|spare| spare.try_lock()?.pop());
        spare.unwrap_or_else(|| Box::leak(Box::default()))
    }

    #[inline(always)]
    fn is_of(&self, hub_id: u64) -> bool {
        self.0.as_ref().is_some_and(|local| local.hub_id == hub_id)
    }

    /// Closes what is in it, and keeps the place for another thread.
    fn vacate(&'static mut self) {
        drop(self.0.take());
        let free = SPARE.iter().find_map(Mutex::try_lock);
        // Others hold a lock for some instructions; for ever it is held only by this very thread, in an
        // allocator that traces, or by one that a fork left behind. A place is then given up.
        let free = free.or_else(|| SPARE.first()?.try_lock_for(SPARE_TIMEOUT));
        if let Some(mut spare) = free {
            spare.push(self);
        }
    }
}

impl Others {
    /// Closes the ends of pipelines that have ended: those hold no counters any more.
    fn vacate_ended(&self) {
        let Ok(mut others) = self.0.try_borrow_mut() else { return };
        let mut index = 0;
        while let Some(place) = others.get(index) {
            match &place.0 {
                Some(local) if Arc::strong_count(&local.counters) > 1 => index += 1,
                _ => others.swap_remove(index).vacate(),
            }
        }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        CURRENT.take().into_iter().for_each(Place::vacate);
        self.0.get_mut().drain(..).for_each(Place::vacate);
    }
}

impl Local {
    pub(crate) fn new(hub_id: u64, writer: Writer, counters: Arc<ThreadCounters>) -> Self {
        Self {
            hub_id,
            writer,
            counters,
            source: NO_SOURCE,
            bodies: [const { None }; BODIES_MAX],
            bodies_len: 0,
            ids: IdGenerator::new(),
        }
    }

    /// Appends a row, if it is of the same source as the last one and the log's last chunk has room for it.
    #[inline(always)]
    pub(crate) fn append(&mut self, row: &Row<'_>) -> Option<()> {
        if self.needs_mark(row.source) {
            return None;
        }
        let mut room = self.writer.room(row.room_bytes())?;
        let len = row.write(room.bytes())?;
        room.publish(len);
        Some(())
    }

    /// Whether a row of that source needs a mark in front.
    #[inline(always)]
    pub(crate) const fn needs_mark(&self, source: u32) -> bool {
        self.source != source
    }

    /// Appends a row of any source, with a mark in front if it needs one; there is room for both.
    pub(crate) fn append_marked(&mut self, row: &Row<'_>) -> Option<()> {
        if self.needs_mark(row.source) {
            let mut room = self.writer.room(MARK_BYTES)?;
            put_mark(room.bytes(), row.source)?;
            room.publish(MARK_BYTES);
            self.source = row.source;
        }
        self.append(row)
    }

    /// The room that a row takes with a mark in front.
    pub(crate) const fn room_bytes(row: &Row<'_>) -> usize {
        MARK_BYTES + row.room_bytes()
    }

    /// An empty body, if one is kept.
    #[inline(always)]
    pub(crate) fn take_body(&mut self) -> Option<Box<Body>> {
        let last = self.bodies_len.checked_sub(1)?;
        self.bodies_len = last;
        self.bodies.get_mut(last)?.take()
    }

    /// Takes a body back.
    #[inline(always)]
    pub(crate) fn give_back(&mut self, mut body: Box<Body>) {
        if let Some(place) = self.bodies.get_mut(self.bodies_len) {
            body.clear();
            *place = Some(body);
            self.bodies_len += 1;
        }
    }
}
