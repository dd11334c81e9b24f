//! Stage 8 of a span's walk: what is asked of an exporter, and what it answers.

use std::time::Instant;

use crate::pipeline::Dropped;
use crate::resource::{Resource, Scope};
use crate::row::Rows;

/// Finished spans of one service and one library.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Batch<'a> {
    /// The service.
    pub resource: &'a Resource,
    /// The library.
    pub scope: &'a Scope,
    /// The spans.
    pub rows: Rows<'a>,
    /// What was lost before.
    pub losses: Losses,
    /// Which of its pipeline's batches in this process it is, from 1; 0 if nobody counts.
    pub number: u64,
}

/// What a pipeline lost from its start until a batch was cut, so that the back end can be told: whoever looks at
/// traces should know that some are not whole. Sums, so that a report that gets lost itself does no harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// Spans that no exporter saw, of all services on the pipeline.
    pub dropped: Dropped,
    /// Spans that this exporter was given and did not get through.
    pub failed: u64,
}

impl Losses {
    /// Losses, for an exporter's own tests.
    #[must_use]
    pub const fn new(dropped: Dropped, failed: u64) -> Self {
        Self { dropped, failed }
    }

    /// Whether nothing was lost. Spans that somebody asked to have dropped are no loss.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_reason().iter().all(|(_, count)| *count == 0)
    }

    /// How many spans were lost, by the reasons' names.
    #[must_use]
    pub const fn by_reason(&self) -> [(&'static str, u64); 5] {
        let [memory, shutdown, panic, forked] = self.dropped.losses();
        [memory, shutdown, panic, forked, ("failed", self.failed)]
    }
}

impl<'a> Batch<'a> {
    /// A batch, for an exporter's own tests and for programs that hand rows on.
    #[must_use]
    pub const fn new(resource: &'a Resource, scope: &'a Scope, rows: Rows<'a>) -> Self {
        Self { resource, scope, rows, losses: Losses::new(Dropped::NONE, 0), number: 0 }
    }

    /// The same, with what was lost before.
    #[must_use]
    pub const fn with_losses(mut self, losses: Losses) -> Self {
        self.losses = losses;
        self
    }

    /// The same, with its number.
    #[must_use]
    pub const fn with_number(mut self, number: u64) -> Self {
        self.number = number;
        self
    }
}

/// What became of a batch that was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Spans that the receiver took the batch without.
    pub rejected: usize,
}

impl Exported {
    /// The receiver took all spans.
    pub const ALL: Self = Self { rejected: 0 };

    /// The receiver took all spans but so many.
    #[must_use]
    pub const fn all_but(rejected: usize) -> Self {
        Self { rejected }
    }
}

/// Why a batch was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Nobody answers at the end point.
    #[error("cannot reach {endpoint}: {cause}")]
    Unreachable {
        /// The end point, without credentials.
        endpoint: String,
        /// What the system said.
        cause: String,
    },
    /// The receiver answered with an error.
    #[error("{endpoint} answered {status}: {message}")]
    Refused {
        /// The end point, without credentials.
        endpoint: String,
        /// The HTTP or gRPC status.
        status: u16,
        /// The start of what it said.
        message: String,
    },
    /// There was no answer before the deadline.
    #[error("no answer from {endpoint} in time")]
    TimedOut {
        /// The end point, without credentials.
        endpoint: String,
    },
    /// The exporter itself failed: it panicked, or a file could not be written.
    #[error("exporter failed: {0}")]
    Failed(String),
}

/// Sends finished spans somewhere. It is called by one thread at a time, never by the
/// application's, and may block until the deadline that it is given.
///
/// ```
/// use std::time::Instant;
/// use tracer_core::{Batch, ExportError, Exported, Exporter};
///
/// struct Count(usize);
///
/// impl Exporter for Count {
///     fn name(&self) -> &'static str {
///         "count"
///     }
///     fn export(&mut self, batch: &Batch<'_>, _deadline: Instant) -> Result<Exported, ExportError> {
///         self.0 += batch.rows.len();
///         Ok(Exported::ALL)
///     }
/// }
/// ```
pub trait Exporter: Send {
    /// A short name for logs and accounts.
    fn name(&self) -> &'static str;

    /// Sends a batch and says what became of it.
    ///
    /// # Errors
    /// If none of it was taken.
    fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError>;

    /// An exporter to the same place for a process that is forked from this one. It is made when the pipeline
    /// starts, and kept unused until then, since a child can use nothing that the parent may be in the midst of:
    /// it must share no connection, thread or lock with this one.
    ///
    /// Without one, which is the default, spans of forked processes are counted as failed.
    fn for_child(&self) -> Option<Box<dyn Exporter>> {
        None
    }

    /// Further exporters to the same place, so that several batches are sent at the same time: each of them, and this
    /// one, is then used by a thread of its own. Asked once, when the pipeline starts, and not where it has no thread.
    ///
    /// None, which is the default, means that one batch is sent after the other. More are wanted where an answer is
    /// slower than the spans come: a receiver far away. Batches may then arrive in another order.
    fn concurrent(&self) -> Vec<Box<dyn Exporter>> {
        Vec::new()
    }

    /// Tells of losses when there are no spans to tell them with: the batch is empty but for its
    /// [`losses`](Batch::losses). Called at a flush and at the end if more was lost than the last batch said, and
    /// otherwise half a minute later.
    ///
    /// # Errors
    /// If it could not be told; it is tried again.
    fn report_losses(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<(), ExportError> {
        let _ = (batch, deadline);
        Ok(())
    }

    /// Sends what the exporter itself holds back; called at a flush and before the end.
    ///
    /// # Errors
    /// If something held back could not be sent.
    fn flush(&mut self, deadline: Instant) -> Result<(), ExportError> {
        let _ = deadline;
        Ok(())
    }
}
