//! Waiting for one's turn, in a span of its own if that is asked for.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracer_core::active::Instrument;
use tracer_core::{Field, SpanContext, active};

use super::queue::{Blocker, Entered};
use crate::cli::Shape;

/// What is waited for, as traces show it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Awaited {
    /// The operation of the waiting span.
    pub(crate) operation: &'static str,
    /// For people.
    pub(crate) what: &'static str,
}

/// Waits until a place is worth something. Answers how long that took.
///
/// In the rich shape that is a span, with a link to the spans of other requests that stood ahead.
pub(crate) async fn turn(entered: &mut Entered<'_>, shape: Shape, awaited: Awaited) -> Duration {
    let asked = Instant::now();
    let Some(turn) = entered.turn.take() else {
        return Duration::ZERO;
    };
    match shape {
        // It fails only if the sender is gone, and that leaves with its place.
        Shape::Original => drop(turn.await),
        Shape::Rich => in_span(turn, &entered.ahead, awaited).await,
    }
    asked.elapsed()
}

async fn in_span(turn: oneshot::Receiver<()>, ahead: &[Blocker], awaited: Awaited) {
    let (tracer, own) = (active::tracer(), active::context().unwrap_or_default());
    let others = others(ahead, &own);
    let tags: Vec<[Field<'_>; 2]> = others
        .iter()
        .map(|blocker| [("link.type", "blocked_by".into()), ("request", blocker.request.as_str().into())])
        .collect();
    let of_own = ahead.iter().filter(|blocker| blocker.context.trace_id() == own.trace_id()).count();
    let mut span = tracer.span(awaited.operation).tag("wait.for", awaited.what);
    span = span.tag("queue.ahead", ahead.len()).tag("queue.ahead_own", of_own);
    for (blocker, tags) in others.iter().zip(&tags) {
        span = span.link(&blocker.context, tags);
    }
    // As above.
    drop(turn.in_span(span.start()).await);
}

/// One span of each other trace.
fn others<'a>(ahead: &'a [Blocker], own: &SpanContext) -> Vec<&'a Blocker> {
    let mut others: Vec<&Blocker> = Vec::new();
    for blocker in ahead {
        let id = blocker.context.trace_id();
        let is_known = others.iter().any(|other| other.context.trace_id() == id);
        if blocker.context.is_valid() && id != own.trace_id() && !is_known {
            others.push(blocker);
        }
    }
    others
}
