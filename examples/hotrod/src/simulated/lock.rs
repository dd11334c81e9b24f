//! A lock that says who waits for whom: a database's connection pool of size one.
//!
//! Who is in the way is known from baggage: the member `request` of each holder's context.

use tracer_core::active;

use super::queue::{Held, Queue};
use super::wait::{self, Awaited};
use crate::cli::Shape;
use crate::http::client::micros;
use crate::log::Logger;

const CONNECTION: Awaited = Awaited { operation: "db.acquire", what: "the database connection" };

/// Waits until the lock is free, and tells the active span about it.
pub(crate) async fn lock<'a>(queue: &'a Queue, shape: Shape, logger: &Logger) -> Held<'a> {
    let mut entered = queue.enter();
    if !entered.ahead.is_empty() {
        let message = format!("Waiting for lock behind {} transactions", entered.ahead.len());
        let blockers: Vec<&str> = entered.ahead.iter().map(|blocker| blocker.request.as_str()).collect();
        logger.info(&message, &[("blockers", (&list(&blockers)).into())]);
    }
    let waited = wait::turn(&mut entered, shape, CONNECTION).await;
    active::set_tag("lock.wait_us", micros(waited));
    let waiters = queue.waiters();
    let message = format!("Acquired lock; {} transactions waiting behind", waiters.len());
    logger.info(&message, &[("waiters", (&list(&waiters)).into())]);
    entered.held
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
    use tracer_core::active::Instrument;
    use tracer_core::testing::TestTracer;
    use tracer_core::{SpanContext, SpanId};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    /// Two queries, one after the other, behind somebody who holds the lock until both wait.
    async fn two_queries(shape: Shape) -> (TestTracer, Vec<SpanId>) {
        let (queue, test) = (Arc::new(Queue::new(1)), TestTracer::new("mysql"));
        let logger = Logger::new("mysql", false);
        let held = lock(&queue, shape, &logger).await;
        let (mut queries, mut ids) = (Vec::new(), Vec::new());
        for request in ["1-1", "1-2"] {
            let context = SpanContext::default().with_baggage_item("request", request);
            let span = test.tracer().span("query").child_of(&context).start();
            ids.push(span.context().span_id());
            let (queue, logger) = (Arc::clone(&queue), logger.clone());
            let query = async move { drop(lock(&queue, shape, &logger).await) };
            queries.push(tokio::spawn(query.in_span(span)));
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(SHORT).await;
        assert!(test.spans().is_empty(), "nobody has the lock yet");
        drop(held);
        for query in queries {
            query.await.unwrap();
        }
        (test, ids)
    }

    #[tokio::test]
    async fn the_lock_is_given_in_order_and_says_who_blocks() {
        let (test, _) = two_queries(Shape::Original).await;
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
        assert_eq!(spans.len(), 2, "a wait is no span: {tree}");
    }

    #[tokio::test]
    async fn in_the_rich_shape_a_wait_is_a_span_that_links_to_who_is_ahead() {
        let (test, ids) = two_queries(Shape::Rich).await;
        let spans = test.spans();
        let waits: Vec<_> = spans.iter().filter(|span| span.name == "db.acquire").collect();
        assert_eq!(waits.len(), 2, "{}", test.tree());
        // The holder has no span.
        assert!(waits[0].links.is_empty(), "{:?}", waits[0].links);
        assert_eq!(waits[1].links.len(), 1);
        assert_eq!(waits[1].links[0].span_id, ids[0]);
        assert_eq!(waits[1].parent_span_id, ids[1]);
        let tree = test.tree();
        assert!(tree.contains("wait.for=the database connection queue.ahead=2"), "{tree}");
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_queue() {
        let (queue, logger) = (Queue::new(1), Logger::new("mysql", false));
        let lock = || lock(&queue, Shape::Original, &logger);
        let held = lock().await;
        assert!(timeout(SHORT, lock()).await.is_err());
        assert!(queue.waiters().is_empty());
        let mut second = Box::pin(lock());
        assert!(timeout(SHORT, &mut second).await.is_err());
        // Its turn has come, and it does not take it.
        drop(held);
        drop(second);
        assert!(timeout(SHORT, lock()).await.is_ok());
    }
}
