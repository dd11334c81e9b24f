//! The pool that all route calls of all requests go through: a bottleneck that is meant.

use std::sync::Arc;
use std::time::Duration;

use super::fixes::Fixes;
use super::queue::Held;
use super::wait::{self, Awaited};
use crate::cli::Shape;

const WORKER: Awaited = Awaited { operation: "pool.wait", what: "a route worker" };

/// So many workers, handed out in the order in which they are asked for.
#[derive(Debug)]
pub(crate) struct WorkerPool {
    fixes: Arc<Fixes>,
    shape: Shape,
}

/// A worker; the pool has it back when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker<'a> {
    /// How long the caller waited for it.
    pub(crate) waited: Duration,
    _held: Held<'a>,
}

impl WorkerPool {
    /// As many workers as the fixes say.
    pub(crate) const fn new(fixes: Arc<Fixes>, shape: Shape) -> Self {
        Self { fixes, shape }
    }

    /// Waits for a worker.
    pub(crate) async fn worker(&self) -> Worker<'_> {
        let mut entered = self.fixes.workers().enter();
        let waited = wait::turn(&mut entered, self.shape, WORKER).await;
        Worker { waited, _held: entered.held }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    #[tokio::test]
    async fn a_worker_is_waited_for() {
        let two = Cli::parse_from(["hotrod", "-W", "2"]).settings.simulation;
        let pool = WorkerPool::new(Arc::new(Fixes::new(&two)), Shape::Original);
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
