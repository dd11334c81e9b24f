//! A queue for what there is only so much of: one database connection, three workers.
//!
//! ```text
//! [ holds | holds | holds | waits | waits ]      capacity 3, in order of arrival
//!                             └─ ahead of it: all that stand before it
//! ```

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tracer_core::{SpanContext, active};

/// First come, first served; whoever gives up while waiting leaves the queue.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    capacity: usize,
    next_number: u64,
    places: VecDeque<Place>,
}

#[derive(Debug)]
struct Place {
    number: u64,
    who: Blocker,
    /// Tells a waiter that it is its turn; `None` once it holds.
    turn: Option<oneshot::Sender<()>>,
}

/// Somebody in the queue, as those behind see them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocker {
    /// The member `request` of the baggage; empty if there is none.
    pub(crate) request: String,
    /// The span that was active.
    pub(crate) context: SpanContext,
}

/// A new place.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    pub(crate) held: Held<'a>,
    /// What to wait for before the place is worth anything; `None` if it is at once.
    pub(crate) turn: Option<oneshot::Receiver<()>>,
    /// All who stand before it, in order of arrival.
    pub(crate) ahead: Vec<Blocker>,
}

/// A place in the queue, whether it holds or waits; it is left on drop.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    queue: &'a Queue,
    number: u64,
}

impl Queue {
    /// For so many at once.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { state: Mutex::new(State { capacity, next_number: 0, places: VecDeque::new() }) }
    }

    /// For so many from now on. Who holds keeps it.
    pub(crate) fn set_capacity(&self, capacity: usize) {
        let mut state = self.state.lock();
        state.capacity = capacity;
        state.admit();
    }

    /// Takes the last place.
    pub(crate) fn enter(&self) -> Entered<'_> {
        let context = active::context().unwrap_or_default();
        let request = context.baggage_item("request").unwrap_or_default().to_owned();
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        let ahead = state.places.iter().map(|place| place.who.clone()).collect();
        let number = state.next_number;
        state.next_number += 1;
        state.places.push_back(Place { number, who: Blocker { request, context }, turn: Some(sender) });
        state.admit();
        let waits = state.places.back().is_some_and(|place| place.turn.is_some());
        Entered { held: Held { queue: self, number }, turn: waits.then_some(receiver), ahead }
    }

    /// The requests that wait, in order of arrival.
    pub(crate) fn waiters(&self) -> Vec<String> {
        let state = self.state.lock();
        let waiting = state.places.iter().filter(|place| place.turn.is_some());
        waiting.map(|place| place.who.request.clone()).collect()
    }

    fn leave(&self, number: u64) {
        let mut state = self.state.lock();
        state.places.retain(|place| place.number != number);
        state.admit();
    }
}

impl State {
    /// Tells those whose turn it is.
    fn admit(&mut self) {
        let holding = self.places.iter().filter(|place| place.turn.is_none()).count();
        let waiting = self.places.iter_mut().filter(|place| place.turn.is_some());
        for place in waiting.take(self.capacity.saturating_sub(holding)) {
            if let Some(turn) = place.turn.take() {
                // A receiver that is gone is being dropped, and leaves in turn.
                let _ = turn.send(());
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.queue.leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a place's turn has come.
    fn holds(entered: &mut Entered<'_>) -> bool {
        entered.turn.as_mut().is_none_or(|turn| turn.try_recv().is_ok())
    }

    #[test]
    fn as_many_as_there_is_room_for_hold_and_the_next_in_order_follows() {
        let queue = Queue::new(2);
        let (first, second) = (queue.enter(), queue.enter());
        assert!(first.turn.is_none() && second.turn.is_none());
        let (mut third, mut fourth) = (queue.enter(), queue.enter());
        assert_eq!((third.ahead.len(), fourth.ahead.len(), queue.waiters().len()), (2, 3, 2));
        drop(second);
        assert!(holds(&mut third) && !holds(&mut fourth));
        drop(third);
        assert!(holds(&mut fourth));
    }

    #[test]
    fn a_capacity_that_changes_counts_at_once_and_takes_nothing_away() {
        let queue = Queue::new(1);
        let first = queue.enter();
        let (mut second, mut third, mut fourth) = (queue.enter(), queue.enter(), queue.enter());
        queue.set_capacity(3);
        assert!(holds(&mut second) && holds(&mut third) && !holds(&mut fourth));
        queue.set_capacity(1);
        drop((first, second));
        assert!(!holds(&mut fourth), "the third still holds");
        drop(third);
        assert!(holds(&mut fourth));
    }
}
