//! The thread's slots. No function here runs foreign code while the stack is borrowed: spans are
//! moved out first, and end (or are changed) afterwards.

use std::cell::{Cell, RefCell};

use crate::context::SpanContext;
use crate::span::Span;
use crate::tracer::{Core, Tracer};

/// Names a slot of this thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64);

struct Slot {
    key: Key,
    held: Held,
}

enum Held {
    Span(Span),
    /// The span is out, in the hands of `with`; this is what it has left.
    Taken(SpanContext, Option<&'static Core>),
    /// There is no span: a context was attached.
    ContextOnly(SpanContext),
}

impl Slot {
    #[inline]
    fn context(&self) -> &SpanContext {
        match &self.held {
            Held::Span(span) => span.context(),
            Held::Taken(context, _) | Held::ContextOnly(context) => context,
        }
    }

    const fn core(&self) -> Option<&'static Core> {
        match &self.held {
            Held::Span(span) => span.core(),
            Held::Taken(_, core) => *core,
            Held::ContextOnly(_) => None,
        }
    }

    fn take_span(&mut self) -> Option<Span> {
        let Held::Span(span) = &mut self.held else { return None };
        let left = Held::Taken(span.context().clone(), span.core());
        match std::mem::replace(&mut self.held, left) {
            Held::Span(span) => Some(span),
            Held::Taken(..) | Held::ContextOnly(_) => None,
        }
    }
}

thread_local! {
    static SLOTS: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
    static NEXT_KEY: Cell<u64> = const { Cell::new(0) };
}

/// Makes a span active. While a thread is torn down there is no stack, and the span stays where it is.
#[inline]
pub(super) fn push(span: &mut Option<Span>) -> Option<Key> {
    let key = next_key()?;
    with_slots(|slots| {
        slots.extend(span.take().map(|span| Slot { key, held: Held::Span(span) }));
    })?;
    Some(key)
}

/// Makes a context active.
pub(super) fn push_context(context: SpanContext) -> Option<Key> {
    let key = next_key()?;
    with_slots(|slots| slots.push(Slot { key, held: Held::ContextOnly(context) }))?;
    Some(key)
}

/// Takes a slot out, wherever it is, with its span if that is in it.
#[inline]
pub(super) fn pop(key: Key) -> Option<Span> {
    let slot = with_slots(|slots| match slots.last() {
        Some(last) if last.key == key => slots.pop(),
        _ => slots.iter().rposition(|slot| slot.key == key).map(|index| slots.remove(index)),
    })??;
    match slot.held {
        Held::Span(span) => Some(span),
        Held::Taken(..) | Held::ContextOnly(_) => None,
    }
}

#[inline]
fn next_key() -> Option<Key> {
    NEXT_KEY.try_with(|next| next.replace(next.get().wrapping_add(1))).ok().map(Key)
}

#[inline]
pub(super) fn top_context() -> Option<SpanContext> {
    with_slots(|slots| slots.last().map(|slot| slot.context().clone()))?
}

pub(super) fn top_tracer() -> Option<Tracer> {
    let core = with_slots(|slots| slots.iter().rev().find_map(Slot::core))??;
    Some(core.tracer())
}

/// Takes the active span out of its slot, which stays.
pub(super) fn take_top_span() -> Option<(Key, Span)> {
    with_slots(|slots| slots.last_mut().and_then(|slot| Some((slot.key, slot.take_span()?))))?
}

/// Takes the span of a slot, whether or not it is the active one.
pub(super) fn take_span(key: Key) -> Option<Span> {
    with_slots(|slots| slots.iter_mut().rfind(|slot| slot.key == key).and_then(Slot::take_span))?
}

/// Puts a taken span back. If its slot ended meanwhile, so does the span.
pub(super) fn put_back(key: Key, span: Span) {
    let mut span = Some(span);
    with_slots(|slots| {
        let slot = slots.iter_mut().rfind(|slot| slot.key == key);
        if let Some((slot, span)) = slot.and_then(|slot| Some((slot, span.take()?))) {
            slot.held = Held::Span(span);
        }
    });
}

/// The context of a slot.
pub(super) fn context_of(key: Key) -> Option<SpanContext> {
    with_slots(|slots| slots.iter().rfind(|slot| slot.key == key).map(|slot| slot.context().clone()))?
}

/// `None` while the thread is torn down, and for an allocator that traces what the stack itself allocates.
#[inline]
fn with_slots<R>(use_slots: impl FnOnce(&mut Vec<Slot>) -> R) -> Option<R> {
    SLOTS.try_with(|slots| slots.try_borrow_mut().ok().map(|mut slots| use_slots(&mut slots))).ok()?
}
