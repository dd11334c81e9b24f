//! What happens to spans when a process ends in other ways than by its `main`: this program starts itself, as a
//! child that ends so.

#![cfg(not(feature = "recording-off"))]
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests may, as tests do")]

use std::fs::File;
#[cfg(feature = "signals")]
use std::io::Read;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tracer_core::{Batch, ExportError, Exported, Exporter, Pipeline, Tracer};

const SOON: Duration = Duration::from_secs(60);
const CHILD: &str = "TRACER_TEST_CHILD";

/// Adds the number of spans to a file, as so many bytes.
struct Count(File);

impl Exporter for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        let written = self.0.write_all(&vec![b'.'; batch.rows.len()]);
        written.map(|()| Exported::ALL).map_err(|error| ExportError::Failed(error.to_string()))
    }
}

/// In the child: a pipeline that would sleep for an hour, and a tracer with three finished spans and an open one.
fn in_child(test: &str) -> Option<(Pipeline, Tracer, tracer_core::Span)> {
    let path =
        std::env::var_os(CHILD).filter(|_| std::env::var("TRACER_TEST_NAME").as_deref() == Ok(test))?;
    let exporter = Count(File::options().append(true).open(path).unwrap());
    let pipeline = Pipeline::builder().exporter(exporter).interval(Duration::from_secs(3_600)).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    (0..3).for_each(|_| tracer.span("work").start().finish());
    let open = tracer.span("open").start();
    Some((pipeline, tracer, open))
}

struct Ending {
    child: Child,
    path: PathBuf,
}

/// Starts the child that plays a test's other part.
fn start(test: &str) -> Ending {
    let path = std::env::temp_dir().join(format!("tracer-hooks-{}-{test}", std::process::id()));
    File::create(&path).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, &path)
        .env("TRACER_TEST_NAME", test);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    Ending { child, path }
}

impl Ending {
    /// How it ended, and how many spans it exported.
    fn of(mut self) -> (ExitStatus, usize) {
        // Waiting would close it, which tells the child that its parent is gone.
        let _stdin = self.child.stdin.take();
        let status = self.child.wait().unwrap();
        let spans = std::fs::read(&self.path).unwrap().len();
        std::fs::remove_file(&self.path).unwrap();
        (status, spans)
    }

    /// Waits until the child says that it is ready.
    #[cfg(feature = "signals")]
    fn ready(&mut self) {
        let stdout = self.child.stdout.as_mut().unwrap();
        let (mut seen, mut byte) = (Vec::new(), [0]);
        while !seen.ends_with(b"ready") {
            stdout.read_exact(&mut byte).unwrap();
            seen.extend(byte);
        }
    }
}

#[test]
fn a_panic_that_aborts_is_preceded_by_a_flush() {
    let Some((pipeline, _tracer, _open)) = in_child("a_panic_that_aborts_is_preceded_by_a_flush") else {
        let (status, spans) = start("a_panic_that_aborts_is_preceded_by_a_flush").of();
        assert_eq!((status.signal(), spans), (Some(libc::SIGABRT), 3));
        return;
    };
    pipeline.flush_on_panic(SOON);
    pipeline.flush_on_panic(SOON);
    // Nothing unwinds out of such a function: the process is aborted.
    extern "C" fn abort_by_panic() {
        panic!("on purpose");
    }
    abort_by_panic();
}

#[test]
fn a_panic_that_unwinds_finishes_what_is_open_and_the_guard_flushes_it() {
    const TEST: &str = "a_panic_that_unwinds_finishes_what_is_open_and_the_guard_flushes_it";
    let Some((pipeline, tracer, open)) = in_child(TEST) else {
        let (status, spans) = start(TEST).of();
        assert_eq!((status.code(), spans), (Some(101), 5));
        return;
    };
    // Dropped last.
    let _guard = pipeline.shutdown_on_drop(SOON);
    let _open = open;
    let _active = tracer.span("active").start_active();
    panic!("on purpose");
}

#[test]
fn a_process_that_just_exits_exports_nothing_more_and_does_not_hang() {
    const TEST: &str = "a_process_that_just_exits_exports_nothing_more_and_does_not_hang";
    let Some((_pipeline, _tracer, _open)) = in_child(TEST) else {
        let (status, spans) = start(TEST).of();
        assert_eq!((status.code(), spans), (Some(7), 0));
        return;
    };
    std::process::exit(7);
}

#[cfg(feature = "signals")]
mod signals {
    use super::*;

    fn kill(child: &Child, signal: i32) {
        let pid = i32::try_from(child.id()).unwrap();
        // SAFETY: a child that has not been waited for.
        #[expect(unsafe_code, reason = "no other way to send a signal")]
        let killed = unsafe { libc::kill(pid, signal) };
        assert_eq!(killed, 0);
    }

    /// In the child: says that the hook is set, and works on until something ends it.
    fn work_on() -> ! {
        std::io::stdout().write_all(b"ready").unwrap();
        std::io::stdout().flush().unwrap();
        // Its other end goes with the parent.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(3);
    }

    #[test]
    fn sigterm_and_sigint_shut_down_and_end_the_process_as_they_do() {
        const TEST: &str = "signals::sigterm_and_sigint_shut_down_and_end_the_process_as_they_do";
        let Some((pipeline, _tracer, _open)) = in_child(TEST) else {
            for signal in [libc::SIGTERM, libc::SIGINT] {
                let mut ending = start(TEST);
                ending.ready();
                kill(&ending.child, signal);
                let (status, spans) = ending.of();
                assert_eq!((status.signal(), spans), (Some(signal), 3));
            }
            return;
        };
        pipeline.flush_on_signal(SOON).unwrap();
        pipeline.flush_on_signal(SOON).unwrap();
        work_on();
    }

    #[test]
    fn a_hung_exporter_does_not_keep_a_signal_from_ending_the_process() {
        const TEST: &str = "signals::a_hung_exporter_does_not_keep_a_signal_from_ending_the_process";
        struct Hung;
        impl Exporter for Hung {
            fn name(&self) -> &'static str {
                "hung"
            }
            fn export(&mut self, _: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
                loop {
                    std::thread::park();
                }
            }
        }
        if in_child(TEST).is_none() {
            // By its deadline; and by a second signal, long before an hour.
            for timeout in ["50", "3600000"] {
                let mut ending = start(TEST);
                ending.child.stdin.as_mut().unwrap().write_all(format!("{timeout}\n").as_bytes()).unwrap();
                ending.ready();
                kill(&ending.child, libc::SIGTERM);
                while timeout != "50" && ending.child.try_wait().unwrap().is_none() {
                    kill(&ending.child, libc::SIGINT);
                    std::thread::sleep(Duration::from_millis(5));
                }
                assert!(matches!(ending.of().0.signal(), Some(libc::SIGTERM | libc::SIGINT)));
            }
            return;
        }
        let mut timeout = String::new();
        std::io::stdin().read_line(&mut timeout).unwrap();
        let pipeline = Pipeline::builder().exporter(Hung).start();
        let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
        tracer.span("work").start().finish();
        pipeline.flush_on_signal(Duration::from_millis(timeout.trim().parse().unwrap())).unwrap();
        work_on();
    }
}
