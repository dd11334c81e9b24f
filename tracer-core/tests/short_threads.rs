//! Threads that come and go. Alone in its program, since it looks at the memory of all of it.
#![cfg(all(target_os = "linux", not(feature = "recording-off")))]

use std::time::{Duration, Instant};

use tracer_core::{Batch, ExportError, Exported, Exporter, Pipeline, Tracer};

const SOON: Duration = Duration::from_secs(60);

/// The memory that the process holds, in bytes.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

#[test]
fn short_threads_leave_no_memory_behind() {
    let pipeline = Pipeline::builder().exporter(Forget).interval(Duration::from_millis(5)).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let short_threads = |count| {
        for number in 1..=count {
            std::thread::scope(|threads| {
                threads.spawn(|| tracer.span("short").tag("n", 1).start().finish());
            });
            if number % 500 == 0 {
                pipeline.flush(SOON).unwrap();
            }
        }
    };
    short_threads(1_000);
    let before = resident_bytes();
    short_threads(10_000);
    // A chunk for each thread would be 80 MB.
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 24 << 20, "{grown} bytes more");
    assert_eq!(pipeline.stats().exported, 11_000);
}

/// Takes spans and keeps none.
struct Forget;

impl Exporter for Forget {
    fn name(&self) -> &'static str {
        "forget"
    }

    fn export(&mut self, _: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        Ok(Exported::ALL)
    }
}
