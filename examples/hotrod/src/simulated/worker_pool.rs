//! The pool that all route calls of all requests go through: a bottleneck that is meant.

use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// So many workers, handed out in the order in which they are asked for.
#[derive(Debug)]
pub(crate) struct WorkerPool {
    workers: Semaphore,
}

/// A worker; the pool has it back when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker<'a> {
    /// How long the caller waited for it.
    pub(crate) waited: Duration,
    _permit: Option<SemaphorePermit<'a>>,
}

impl WorkerPool {
    pub(crate) fn new(size: u32) -> Self {
        let size = usize::try_from(size).map_or(Semaphore::MAX_PERMITS, |it| it.min(Semaphore::MAX_PERMITS));
        Self { workers: Semaphore::new(size) }
    }

    /// Waits for a worker.
    pub(crate) async fn worker(&self) -> Worker<'_> {
        let asked = Instant::now();
        // The pool is never closed, so there is always a permit.
        let permit = self.workers.acquire().await.ok();
        Worker { waited: asked.elapsed(), _permit: permit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_is_waited_for() {
        let pool = WorkerPool::new(2);
        let (first, _second) = (pool.worker().await, pool.worker().await);
        let short = Duration::from_millis(20);
        assert!(tokio::time::timeout(short, pool.worker()).await.is_err());
        let free_it = async {
            tokio::time::sleep(short).await;
            drop(first);
        };
        let (third, ()) = tokio::join!(pool.worker(), free_it);
        assert!(third.waited >= short / 2, "{:?}", third.waited);
    }
}
