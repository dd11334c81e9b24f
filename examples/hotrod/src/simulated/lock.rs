//! A lock that says who waits for whom: a database's connection pool of size one.
//!
//! Who is in the way is known from baggage: the member `request` of each holder's context.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tracer_core::active;

use crate::log::Logger;

/// First come, first served; whoever gives up while waiting leaves the queue.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    queue: Mutex<Queue>,
}

/// The holder is in front.
#[derive(Debug, Default)]
struct Queue {
    next_number: u64,
    places: VecDeque<Place>,
}

#[derive(Debug)]
struct Place {
    number: u64,
    request: String,
    /// Tells a waiter that it is its turn; `None` once it was told.
    turn: Option<oneshot::Sender<()>>,
}

/// A place in the queue, whether in front of it or not; it is left on drop.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    lock: &'a Lock,
    number: u64,
}

impl Lock {
    /// Waits until the lock is free, and tells the active span about it.
    pub(crate) async fn lock(&self, logger: &Logger) -> Locked<'_> {
        let asked = Instant::now();
        let request = baggage_item("request");
        let (locked, turn, blockers) = self.enter(request);
        if !blockers.is_empty() {
            let message = format!("Waiting for lock behind {} transactions", blockers.len());
            logger.info(&message, &[("blockers", (&list(&blockers)).into())]);
        }
        if let Some(turn) = turn {
            // It fails only if the sender is gone, and that leaves with its place.
            let _ = turn.await;
        }
        let wait_us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
        active::set_tag("lock.wait_us", wait_us);
        let waiters = self.waiters();
        let message = format!("Acquired lock; {} transactions waiting behind", waiters.len());
        logger.info(&message, &[("waiters", (&list(&waiters)).into())]);
        locked
    }

    /// Takes the last place. Says what to wait for, and who is in front.
    fn enter(&self, request: String) -> (Locked<'_>, Option<oneshot::Receiver<()>>, Vec<String>) {
        let mut queue = self.queue.lock();
        let blockers: Vec<String> = queue.places.iter().map(|place| place.request.clone()).collect();
        let number = queue.next_number;
        queue.next_number += 1;
        let (sender, receiver) = oneshot::channel();
        let (turn, wait) = if blockers.is_empty() { (None, None) } else { (Some(sender), Some(receiver)) };
        queue.places.push_back(Place { number, request, turn });
        (Locked { lock: self, number }, wait, blockers)
    }

    fn waiters(&self) -> Vec<String> {
        self.queue.lock().places.iter().skip(1).map(|place| place.request.clone()).collect()
    }

    fn leave(&self, number: u64) {
        let mut queue = self.queue.lock();
        queue.places.retain(|place| place.number != number);
        if let Some(turn) = queue.places.front_mut().and_then(|place| place.turn.take()) {
            // A receiver that is gone is being dropped, and leaves in turn.
            let _ = turn.send(());
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.lock.leave(self.number);
    }
}

/// A baggage item of the active context; empty if there is none.
pub(crate) fn baggage_item(key: &str) -> String {
    let context = active::context();
    context.as_ref().and_then(|it| it.baggage_item(key)).unwrap_or_default().to_owned()
}

/// As Go prints a list.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    format!("[{}]", items.join(" "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::timeout;
    use tracer_core::SpanContext;
    use tracer_core::active::Instrument;
    use tracer_core::testing::TestTracer;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn the_lock_is_given_in_order_and_says_who_blocks() {
        let (lock, test) = (Arc::new(Lock::default()), TestTracer::new("mysql"));
        let logger = Logger::new("mysql", false);
        let held = lock.lock(&logger).await;
        let mut queries = Vec::new();
        for request in ["1-1", "1-2"] {
            let context = SpanContext::default().with_baggage_item("request", request);
            let span = test.tracer().span("query").child_of(&context).start();
            let (lock, logger) = (Arc::clone(&lock), logger.clone());
            let query = async move { drop(lock.lock(&logger).await) };
            queries.push(tokio::spawn(query.in_span(span)));
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(SHORT).await;
        assert!(test.spans().is_empty(), "nobody has the lock yet");
        drop(held);
        for query in queries {
            query.await.unwrap();
        }
        let spans = test.spans();
        let logs: Vec<Vec<&str>> =
            spans.iter().map(|span| span.events.iter().map(|event| event.name.as_str()).collect()).collect();
        assert_eq!(
            logs[0],
            ["Waiting for lock behind 1 transactions", "Acquired lock; 1 transactions waiting behind"]
        );
        assert_eq!(
            logs[1],
            ["Waiting for lock behind 2 transactions", "Acquired lock; 0 transactions waiting behind"]
        );
        let tree = test.tree();
        assert!(tree.contains("[ 1-1]"), "{tree}");
        assert!(tree.contains("[1-2]"), "{tree}");
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_queue() {
        let (lock, logger) = (Lock::default(), Logger::new("mysql", false));
        let held = lock.lock(&logger).await;
        assert!(timeout(SHORT, lock.lock(&logger)).await.is_err());
        assert!(lock.waiters().is_empty());
        let mut second = Box::pin(lock.lock(&logger));
        assert!(timeout(SHORT, &mut second).await.is_err());
        // Its turn has come, and it does not take it.
        drop(held);
        drop(second);
        assert!(timeout(SHORT, lock.lock(&logger)).await.is_ok());
    }
}
