//! The two ends of a question to the worker: who asks waits for the first answer, blocking or as a future.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::FlushError;
use crate::sync::{Condvar, WaitGuard, WaitMutex};

/// A flush or shutdown under way: a future that needs no runtime.
///
/// The work began with the call that made it. Dropping it stops nothing; nobody learns the result then.
/// It is ready at its deadline at the latest, whatever the exporter does.
#[derive(Debug)]
#[must_use = "the work goes on without it, but nobody waits"]
pub struct FlushFuture(Arc<Ticket>);

/// Where the answer is put.
#[derive(Debug, Default)]
pub(super) struct Ticket {
    state: WaitMutex<State>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    result: Option<Result<(), FlushError>>,
    waker: Option<Waker>,
}

/// The answering end. Dropped without an answer, it says that the pipeline is shut down.
#[derive(Debug)]
pub(super) struct Answer(Arc<Ticket>);

/// Both ends.
pub(super) fn ticket() -> (Answer, Arc<Ticket>) {
    let ticket = Arc::<Ticket>::default();
    (Answer(Arc::clone(&ticket)), ticket)
}

impl Ticket {
    /// Puts the result there, unless there is one.
    pub(super) fn settle(&self, result: Result<(), FlushError>) {
        let mut state = self.lock();
        state.result.get_or_insert(result);
        let waker = state.waker.take();
        drop(state);
        self.settled.notify_all();
        if let Some(waker) = waker {
            // A waker is somebody else's code.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }

    /// Waits on this thread.
    pub(super) fn wait_until(&self, deadline: Instant) -> Result<(), FlushError> {
        let mut state = self.lock();
        loop {
            if let Some(result) = state.result {
                return result;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FlushError::TimedOut);
            }
            let waited = self.settled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> WaitGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    pub(super) fn give(self, result: Result<(), FlushError>) {
        self.0.settle(result);
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.0.settle(Err(FlushError::ShutDown));
    }
}

impl FlushFuture {
    pub(super) const fn new(ticket: Arc<Ticket>) -> Self {
        Self(ticket)
    }

    /// One that is ready.
    pub(crate) fn ready(result: Result<(), FlushError>) -> Self {
        let ticket = Arc::<Ticket>::default();
        ticket.settle(result);
        Self(ticket)
    }
}

impl Future for FlushFuture {
    type Output = Result<(), FlushError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        match state.result {
            Some(result) => Poll::Ready(result),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(all(test, not(tracer_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_counts_and_silence_means_shut_down() {
        let (answer, ticket) = ticket();
        ticket.settle(Err(FlushError::TimedOut));
        answer.give(Ok(()));
        assert_eq!(ticket.wait_until(Instant::now()), Err(FlushError::TimedOut));
        let (answer, ticket) = super::ticket();
        assert_eq!(ticket.wait_until(Instant::now()), Err(FlushError::TimedOut));
        drop(answer);
        assert_eq!(ticket.wait_until(Instant::now()), Err(FlushError::ShutDown));
    }
}
