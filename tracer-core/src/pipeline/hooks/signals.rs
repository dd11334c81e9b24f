//! SIGTERM and SIGINT: a last flush, and then the end that the signal meant.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::{Pipeline, Registry};
use crate::fork;

static ON_SIGNAL: Registry = Registry::new();
static IS_LISTENING: AtomicBool = AtomicBool::new(false);
/// The process that listens.
static LISTENS_IN: AtomicU32 = AtomicU32::new(0);

impl Pipeline {
    /// Shuts this pipeline down when SIGTERM or SIGINT arrives, within the timeout, and then lets the signal do
    /// what it does by default: the process ends by it, as its parent can see. A second signal does not wait.
    ///
    /// Not for an application that handles these signals itself, for a graceful end for instance: that should
    /// call [`shutdown`](Pipeline::shutdown) when it is done. A signal that was ignored when the process began
    /// (`nohup`, a shell's background job) is not ignored any more. A forked process does not listen: there both
    /// signals do at once what they do by default. A second call for the same pipeline changes its timeout.
    ///
    /// # Errors
    /// If the system refuses, or this process was forked from one that listens.
    pub fn flush_on_signal(&self, timeout: Duration) -> io::Result<()> {
        if IS_LISTENING.load(Ordering::Acquire) && LISTENS_IN.load(Ordering::Relaxed) != fork::generation() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "forked from a process that listens"));
        }
        ON_SIGNAL.add(self, timeout);
        if !IS_LISTENING.swap(true, Ordering::AcqRel) {
            LISTENS_IN.store(fork::generation(), Ordering::Relaxed);
            listen().inspect_err(|_| IS_LISTENING.store(false, Ordering::Release))?;
        }
        Ok(())
    }
}

/// In a forked process: its handlers would wake a thread that is not there.
pub(crate) fn forget() -> Option<[i32; 2]> {
    IS_LISTENING.load(Ordering::Relaxed).then_some([SIGTERM, SIGINT])
}

fn listen() -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let handle = signals.handle();
    let listener = std::thread::Builder::new().name("tracer-signals".into());
    let listening = listener.spawn(move || {
        let mut is_ending = false;
        for signal in signals.forever() {
            if std::mem::replace(&mut is_ending, true) {
                end_by(signal);
            }
            // On a thread of its own, so that this one hears the next signal.
            let ending = std::thread::Builder::new().name("tracer-shutdown".into());
            if ending.spawn(move || shut_down_and_end_by(signal)).is_err() {
                shut_down_and_end_by(signal);
            }
        }
    });
    listening.map(drop).inspect_err(|_| handle.close())
}

fn shut_down_and_end_by(signal: i32) {
    ON_SIGNAL.for_each(|pipeline, timeout| {
        // It ends now, whatever the result.
        let _ = pipeline.shutdown(timeout);
    });
    end_by(signal);
}

fn end_by(signal: i32) {
    if let Err(error) = emulate_default_handler(signal) {
        log::error!("signal {signal} cannot end the process: {error}");
        std::process::exit(128 + signal);
    }
}
