//! Pipelines that are flushed when a thread panics, or when a signal ends the process. Both are asked for.

#[cfg(all(unix, feature = "signals"))]
pub(crate) mod signals;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::worker::is_worker;
use super::{Consumer, Pipeline, Running};

/// Pipelines to be flushed, and how long that may take.
struct Registry(Mutex<Vec<(Weak<Running>, Duration)>>);

static ON_PANIC: Registry = Registry::new();

impl Pipeline {
    /// Flushes this pipeline whenever a thread panics, after the panic hook that is set now has run: so that
    /// spans that were finished before it arrive even where a panic aborts the process, `panic = "abort"`.
    ///
    /// A span that is open then is finished as its thread unwinds, after this flush; with `abort` never. A panic
    /// that somebody catches is one, too, and costs its thread a flush: at most `timeout`. To be set after the
    /// application's own hook. A second call for the same pipeline changes its timeout. Does nothing for
    /// pipelines without a thread, and if called by a thread that panics.
    pub fn flush_on_panic(&self, timeout: Duration) {
        static IS_SET: AtomicBool = AtomicBool::new(false);
        if std::thread::panicking() {
            return;
        }
        ON_PANIC.add(self, timeout);
        if IS_SET.swap(true, Ordering::AcqRel) {
            return;
        }
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            previous(info);
            // A worker cannot wait for itself, and catches its own.
            if !is_worker() {
                ON_PANIC.for_each(|pipeline, timeout| {
                    // The accounts have the result, if anybody lives to see them.
                    let _ = pipeline.flush(timeout);
                });
            }
        }));
    }
}

impl Registry {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn add(&self, pipeline: &Pipeline, timeout: Duration) {
        let mut entries = self.0.lock();
        let ours = Arc::downgrade(&pipeline.0);
        entries.retain(|(entry, _)| entry.strong_count() > 0 && !entry.ptr_eq(&ours));
        entries.push((ours, timeout));
    }

    /// Does something with each pipeline that is left and has a thread; with none if somebody has the lock, who
    /// may be in the midst of a panic.
    fn for_each(&self, mut work: impl FnMut(&Pipeline, Duration)) {
        let Some(entries) = self.0.try_lock() else { return };
        let pipelines: Vec<_> = entries
            .iter()
            .filter_map(|(entry, timeout)| Some((Pipeline(entry.upgrade()?), *timeout)))
            .filter(|(pipeline, _)| matches!(pipeline.0.life().1, Consumer::Thread(_)))
            .collect();
        drop(entries);
        pipelines.iter().for_each(|(pipeline, timeout)| work(pipeline, *timeout));
    }
}
