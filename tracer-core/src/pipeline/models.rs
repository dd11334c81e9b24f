//! Loom's models of what threads and the worker do together, beside the log itself: every interleaving. Run by
//! `ci/loom`.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use loom::sync::mpsc;
use loom::thread;
use parking_lot::Mutex;

use super::accounts::{Accounts, Stats, ThreadCounters};
use super::budget::{Budget, CHUNK_BYTES, Priority};
use super::chunk_log::Writer;
use super::registry::{Logs, Registry};
use super::ticket::{Answer, FlushFuture, ticket};

fn model(preemptions: usize, check: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(check);
}

/// What a hub holds of it.
struct Pipe {
    registry: Registry,
    accounts: Accounts,
}

/// A thread's end.
struct Local {
    writer: Writer,
    counters: Arc<ThreadCounters>,
}

impl Pipe {
    fn new() -> Arc<Self> {
        let registry = Registry::new(Budget::new(8 * CHUNK_BYTES, 0));
        Arc::new(Self { registry, accounts: Accounts::new(std::iter::empty()) })
    }

    fn enter(&self) -> Local {
        let (writer, counters) = self.registry.enter(&self.accounts);
        Local { writer, counters }
    }

    /// As `Hub::append`, and the count before it.
    fn finish(&self, local: &mut Local, row: u8) {
        local.counters.started.add(1);
        if self.registry.is_closed() {
            local.counters.dropped_shutdown.add(1);
        } else {
            local.writer.prepare(1, Priority::Ordinary).unwrap();
            let mut room = local.writer.room(1).unwrap();
            room.bytes().fill(row);
            room.publish(1);
        }
        local.counters.finished.add(1);
    }

    /// What the worker does with what it sweeps.
    fn sweep(&self, logs: &mut Logs, seen: &Mutex<Vec<u8>>) {
        let mut rows = Vec::new();
        logs.sweep(&self.registry, &self.accounts, |run| rows.extend_from_slice(run.bytes()));
        self.accounts.exported.add(rows.len() as u64);
        seen.lock().extend(rows);
    }
}

fn balance(stats: &Stats) -> [u64; 4] {
    [stats.finished, stats.exported, stats.dropped.total(), stats.pending]
}

/// Threads that come, have a span and end while the worker sweeps are all seen: their rows and their counts.
#[test]
fn threads_that_register_during_a_drain_are_not_lost() {
    model(3, || {
        let (pipe, seen) = (Pipe::new(), Mutex::default());
        let come_and_go = |row| {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || pipe.finish(&mut pipe.enter(), row))
        };
        let threads = [come_and_go(1), come_and_go(2)];
        let mut logs = Logs::default();
        pipe.sweep(&mut logs, &seen);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        pipe.sweep(&mut logs, &seen);
        seen.lock().sort_unstable();
        assert_eq!(*seen.lock(), [1, 2]);
        assert_eq!(logs.len(), 0, "a thread that has ended leaves nothing behind");
        assert_eq!(balance(&pipe.accounts.stats()), [2, 2, 0, 0]);
    });
}

/// Of two threads that each finish a span and flush, each has its own span in its flush, and both are answered.
#[test]
fn a_flush_has_every_span_that_finished_before_it() {
    model(2, || {
        let (pipe, seen) = (Pipe::new(), Arc::<Mutex<Vec<u8>>>::default());
        let (control, questions) = mpsc::channel::<Answer>();
        let finish_and_flush = |row| {
            let (pipe, seen, control) = (Arc::clone(&pipe), Arc::clone(&seen), control.clone());
            thread::spawn(move || {
                pipe.finish(&mut pipe.enter(), row);
                let (answer, ticket) = ticket();
                control.send(answer).unwrap();
                assert_eq!(ticket.wait_until(Instant::now() + Duration::from_secs(3_600)), Ok(()));
                assert!(seen.lock().contains(&row), "{row} is not in its flush");
            })
        };
        let threads = [finish_and_flush(1), finish_and_flush(2)];
        let mut logs = Logs::default();
        for _ in 0..2 {
            let answer = questions.recv().unwrap();
            pipe.sweep(&mut logs, &seen);
            answer.give(Ok(()));
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Who polls a flush beside its answer is told, or woken.
#[test]
fn a_future_that_is_not_ready_is_woken() {
    model(4, || {
        let (answer, ticket) = ticket();
        let mut future = pin!(FlushFuture::new(ticket));
        let worker = thread::spawn(move || answer.give(Ok(())));
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut poll = || future.as_mut().poll(&mut Context::from_waker(&waker));
        let first = poll();
        worker.join().unwrap();
        assert!(first.is_ready() || woken.0.load(Ordering::Relaxed) == 1, "it sleeps for ever");
        assert_eq!(poll(), Poll::Ready(Ok(())));
    });
}

/// A span that finishes beside a shutdown is exported or counted, whatever it sees of it; one that finished before
/// is exported.
#[test]
fn a_span_beside_a_shutdown_is_exported_or_counted() {
    model(3, || {
        let (pipe, seen) = (Pipe::new(), Mutex::default());
        let mut local = pipe.enter();
        pipe.finish(&mut local, 1);
        let other = Arc::clone(&pipe);
        let finishing = thread::spawn(move || (2..=3).for_each(|row| other.finish(&mut local, row)));
        assert!(pipe.registry.close());
        let mut logs = Logs::default();
        pipe.sweep(&mut logs, &seen);
        pipe.accounts.end();
        finishing.join().unwrap();
        let exported = seen.lock().len() as u64;
        assert_eq!(seen.lock().first(), Some(&1));
        assert_eq!(balance(&pipe.accounts.stats()), [3, exported, 3 - exported, 0]);
    });
}

/// Who looks at the accounts while the worker has its last spans exported sees none of these lost.
#[test]
fn what_is_exported_last_is_never_seen_as_lost() {
    model(4, || {
        let (pipe, seen) = (Pipe::new(), Mutex::default());
        let mut local = pipe.enter();
        pipe.finish(&mut local, 1);
        let watched = Arc::clone(&pipe);
        let watching = thread::spawn(move || watched.accounts.stats());
        pipe.sweep(&mut Logs::default(), &seen);
        pipe.accounts.end();
        let stats = watching.join().unwrap();
        assert_eq!(stats.dropped.total(), 0, "{stats:?}");
    });
}

/// A span that begins on one thread and ends on another has never ended before it began. What takes it from one to
/// the other orders the two counts as a single thread does here: were there two, and one had to wait, loom would
/// not try the orders that matter.
#[test]
fn no_span_is_seen_to_end_before_it_begins() {
    model(4, || {
        let pipe = Pipe::new();
        let (here, there) = (pipe.accounts.enter_thread(), pipe.accounts.enter_thread());
        let watched = Arc::clone(&pipe);
        let watching = thread::spawn(move || watched.accounts.stats());
        here.started.add(1);
        there.finished.add(1);
        let stats = watching.join().unwrap();
        assert!(stats.finished <= stats.started, "{stats:?}");
        assert_eq!(pipe.accounts.stats().open, 0);
    });
}
