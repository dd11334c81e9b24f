//! Spans with four tags, for counting their instructions: `span_cost COUNT [RULES]`. The difference of two
//! counts tells what one span costs.

use std::hint::black_box;

use tracer_core::{SpanContext, SpanId, Switch, TraceFlags, TraceId, Tracer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().unwrap_or_default().parse()?;
    let switch = Switch::new();
    switch.set(&arguments.next().unwrap_or_default())?;
    let tracer = Tracer::builder("cost").switch(&switch).build();
    let sampled = TraceFlags::SAMPLED;
    let parent = SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), sampled);
    spans(&tracer, black_box(&parent), count);
    Ok(())
}

#[inline(never)]
fn spans(tracer: &Tracer, parent: &SpanContext, count: u32) {
    for number in 0..count {
        let mut span = tracer.span("query").child_of(parent).start();
        span.set_tag("db.type", "sql").set_tag("rows", number);
        span.set_tag("cached", false).set_tag("share", 0.5);
        black_box(span.context().trace_id());
        drop(span);
    }
}
