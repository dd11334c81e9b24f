//! Processes forked from one that traces, while its other threads hold whatever locks they hold. Without the test
//! harness, whose threads and output would be forked, too.

#![cfg_attr(
    all(unix, not(feature = "recording-off")),
    expect(unsafe_code, reason = "fork and its like are the system's own functions")
)]

#[cfg(any(not(unix), feature = "recording-off"))]
fn main() {}

#[cfg(all(unix, not(feature = "recording-off")))]
fn main() {
    unix::children_trace_for_themselves();
    unix::a_child_of_a_hung_exporter_is_not_held();
    unix::without_an_exporter_for_children_their_spans_are_counted_as_failed();
    unix::what_was_shut_down_stays_so();
}

#[cfg(all(unix, not(feature = "recording-off")))]
#[expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]
mod unix {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use tracer_core::row::record::SpanRecord;
    use tracer_core::testing::InMemoryExporter;
    use tracer_core::{Batch, ExportError, Exported, Exporter, FlushError, Pipeline, Span, Stats, Tracer};

    const SOON: Duration = Duration::from_secs(60);

    /// Appends a line for each span: the process that exported it, that of its resource, id, name.
    struct ToFile {
        path: PathBuf,
        file: File,
        hangs: bool,
    }

    impl ToFile {
        fn new(path: &Path, hangs: bool) -> Self {
            let file = File::options().append(true).create(true).open(path).unwrap();
            Self { path: path.to_owned(), file, hangs }
        }
    }

    impl Exporter for ToFile {
        fn name(&self) -> &'static str {
            "file"
        }

        fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
            if self.hangs {
                loop {
                    std::thread::park();
                }
            }
            let tags = batch.resource.tags();
            let pid =
                tags.iter().find(|(key, _)| key == "process.pid").map(|(_, pid)| pid.to_string()).unwrap();
            let mut lines = String::new();
            for row in batch.rows.iter() {
                let span = SpanRecord::decode(row).unwrap();
                lines += &format!("{} {pid} {} {}\n", std::process::id(), span.span_id, span.name);
            }
            self.file.write_all(lines.as_bytes()).map_err(|error| ExportError::Failed(error.to_string()))?;
            Ok(Exported::ALL)
        }

        fn for_child(&self) -> Option<Box<dyn Exporter>> {
            Some(Box::new(Self::new(&self.path, false)))
        }
    }

    /// Runs a child, and gives its process id once it has ended well. One that hangs is ended by the system.
    fn in_child(child: impl FnOnce()) -> u32 {
        // SAFETY: the child runs code that has been made for this, and ends by `_exit`.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "no fork");
        if pid == 0 {
            // SAFETY: a number of seconds.
            unsafe { libc::alarm(120) };
            let code = i32::from(catch_unwind(AssertUnwindSafe(child)).is_err());
            // SAFETY: ends this process, and runs no destructor.
            unsafe { libc::_exit(code) };
        }
        let mut status = 0;
        // SAFETY: a child of this process, and a place for its status.
        let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
        assert_eq!((waited, status), (pid, 0), "the child failed or hung");
        pid.unsigned_abs()
    }

    fn balanced(stats: Stats) -> Stats {
        let ended = stats.exported + stats.failed + stats.dropped.total();
        assert_eq!(stats.finished, ended + stats.pending, "{stats:?}");
        assert_eq!(stats.started, stats.finished + stats.open, "{stats:?}");
        stats
    }

    /// What a child does: it ends a span of its parent, before or after those of its own, and has ten of those.
    fn trace(tracer: &Tracer, inherited: Span, ends_it_first: bool) {
        let mut inherited = Some(inherited);
        if ends_it_first {
            drop(inherited.take());
        }
        let active = tracer.span("child").start_active();
        (0..8).for_each(|_| tracer.span("child").start().finish());
        std::thread::scope(|threads| {
            threads.spawn(|| tracer.span("child").start().finish());
        });
        active.finish();
        drop(inherited);
        tracer.flush(SOON).unwrap();
        let stats = balanced(tracer.stats());
        assert_eq!(
            (stats.exported, stats.dropped.forked, stats.pending, stats.open),
            (10, 1, 0, 0),
            "{stats:?}"
        );
    }

    fn fresh_path(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tracer-fork-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    /// How many spans each process exported; each span once, and by the process that its resource names.
    fn exported_by(path: &Path) -> BTreeMap<u32, usize> {
        let (mut counts, mut ids) = (BTreeMap::new(), BTreeSet::new());
        let lines = std::fs::read_to_string(path).unwrap();
        for line in lines.lines() {
            let [by, of, id, _] = line.splitn(4, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            assert_eq!(by, of, "{line}");
            assert!(ids.insert(id.to_owned()), "twice: {line}");
            *counts.entry(by.parse().unwrap()).or_default() += 1;
        }
        std::fs::remove_file(path).unwrap();
        counts
    }

    /// Threads and tracers that come and go: they hold the locks that a fork may find held.
    fn churn(pipeline: &Pipeline, tracer: &Tracer, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            std::thread::scope(|threads| {
                threads.spawn(|| tracer.span("parent").start().finish());
            });
            drop(Tracer::builder("another").pipeline(pipeline).build());
            let _ = pipeline.stats();
        }
    }

    /// A child has a child of its own, to which the span that is open is foreign again; and comes to its end.
    fn fork_and_end(pipeline: &Pipeline, tracer: &Tracer, told: &mut Told) {
        let mut open = tracer.span("open at the second fork").start();
        told.tell(in_child(|| trace(tracer, std::mem::take(&mut open), true)));
        open.finish();
        drop(Tracer::builder("new").pipeline(pipeline).build());
        tracer.shutdown(SOON).unwrap();
    }

    pub(super) fn children_trace_for_themselves() {
        const CHILDREN: usize = 30;
        let path = fresh_path("many");
        let pipeline = Pipeline::builder()
            .exporter(ToFile::new(&path, false))
            .interval(Duration::from_millis(1))
            .start();
        let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
        let stop = AtomicBool::new(false);
        let mut expected = BTreeMap::new();
        std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| churn(&pipeline, &tracer, &stop));
            }
            for n in 0..CHILDREN {
                let mut open = tracer.span("open at the fork").start();
                let mut grandchild = Told::new();
                let pid = in_child(|| {
                    trace(&tracer, std::mem::take(&mut open), n % 2 == 0);
                    let forks_again = n % 5 == 0;
                    forks_again.then(|| fork_and_end(&pipeline, &tracer, &mut grandchild));
                });
                expected.insert(pid, if n % 5 == 0 { 11 } else { 10 });
                if n % 5 == 0 {
                    expected.insert(grandchild.hear(), 10);
                }
                open.finish();
            }
            stop.store(true, Ordering::Relaxed);
        });
        pipeline.shutdown(SOON).unwrap();
        let stats = balanced(pipeline.stats());
        assert_eq!((stats.dropped.total(), stats.open, stats.pending), (0, 0, 0), "{stats:?}");
        expected.insert(std::process::id(), usize::try_from(stats.exported).unwrap());
        assert_eq!(exported_by(&path), expected);
    }

    pub(super) fn a_child_of_a_hung_exporter_is_not_held() {
        let path = fresh_path("hung");
        let tracer = Tracer::builder("svc").exporter(ToFile::new(&path, true)).build();
        tracer.span("parent").start().finish();
        assert_eq!(tracer.flush(Duration::from_millis(10)), Err(FlushError::TimedOut));
        let mut open = tracer.span("open").start();
        let pid = in_child(|| trace(&tracer, std::mem::take(&mut open), false));
        open.finish();
        assert_eq!(exported_by(&path), BTreeMap::from([(pid, 10)]));
    }

    pub(super) fn without_an_exporter_for_children_their_spans_are_counted_as_failed() {
        let exporter = InMemoryExporter::default();
        let tracer = Tracer::builder("svc").exporter(exporter.clone()).build();
        tracer.span("pending at the fork").start().finish();
        in_child(|| {
            tracer.span("child").start().finish();
            assert_eq!(tracer.flush(SOON), Err(FlushError::ExportFailed));
            let stats = balanced(tracer.stats());
            assert_eq!((stats.failed, stats.exported, stats.pending), (1, 0, 0), "{stats:?}");
        });
        tracer.flush(SOON).unwrap();
        assert_eq!(exporter.spans().len(), 1);
    }

    pub(super) fn what_was_shut_down_stays_so() {
        let path = fresh_path("shut");
        let tracer = Tracer::builder("svc").exporter(ToFile::new(&path, false)).build();
        tracer.shutdown(SOON).unwrap();
        in_child(|| {
            tracer.span("child").start().finish();
            assert_eq!(tracer.flush(SOON), Err(FlushError::ShutDown));
            assert_eq!(balanced(tracer.stats()).dropped.shutdown, 1);
        });
        assert!(exported_by(&path).is_empty());
    }

    /// A way for a child to tell a number.
    struct Told(UnixStream, UnixStream);

    impl Told {
        fn new() -> Self {
            let (reader, writer) = UnixStream::pair().unwrap();
            Self(reader, writer)
        }

        fn tell(&mut self, number: u32) {
            self.1.write_all(&number.to_le_bytes()).unwrap();
        }

        fn hear(&mut self) -> u32 {
            let mut bytes = [0; 4];
            self.0.read_exact(&mut bytes).unwrap();
            u32::from_le_bytes(bytes)
        }
    }
}
