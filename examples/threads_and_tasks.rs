//! Carrying the active span over threads, tasks and channels, and what happens without.
//!
//! ```text
//! cargo run -p examples --example threads_and_tasks
//! ```

use std::io::Write;
use std::time::Duration;

use tracer_core::active::{self, Carried, Instrument};
use tracer_core::testing::TestTracer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A tracer that keeps its spans in memory: the tree below is the whole output.
    let test = TestTracer::new("shop");
    let request = test.tracer().span("request").start();

    let tracer = test.tracer().clone();
    async {
        // A future with a span of its own keeps it over awaits and thread hops.
        let charge = tracer.span("charge").start();
        async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            active::set_tag("cents", 999);
        }
        .in_span(charge)
        .await;

        // A spawned task takes along what is active here; without `in_current_context` it does not.
        let linked = {
            let tracer = tracer.clone();
            async move { tracer.span("send mail").start().finish() }.in_current_context()
        };
        let lost = {
            let tracer = tracer.clone();
            async move { tracer.span("lost mail").start().finish() }
        };
        let _ = tokio::join!(tokio::spawn(linked), tokio::spawn(lost));

        // A thread, or a job in a pool.
        let on_thread = active::carry({
            let tracer = tracer.clone();
            move || tracer.span("resize image").start().finish()
        });
        let _ = tokio::task::spawn_blocking(on_thread).await;

        // A value that waits in a queue.
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let _ = sender.send(Carried::new("parcel")).await;
        if let Some(job) = receiver.recv().await {
            job.run(|parcel| tracer.span("ship").tag("what", parcel).start().finish());
        }
    }
    .in_span(request)
    .await;

    write!(std::io::stdout(), "{}", test.tree())?;
    Ok(())
}
