//! The pipeline's life in each process: made anew in one that was forked, of what needs no inherited lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::hub::Hub;
use super::worker::{Drain, Worker};
use super::{Consumer, Settings};
use crate::clock::Clock;
use crate::export::Exporter;
use crate::fork::{self, Slot};

/// A pipeline in one process.
#[derive(Debug)]
pub(crate) struct Life {
    pub(super) hub: Arc<Hub>,
    pub(super) consumer: Consumer,
}

/// What all lives of a pipeline have in common.
pub(crate) struct Line {
    /// That of the latest process, if it was forked.
    heir: Slot<Life>,
    settings: Settings,
    clock: Clock,
    has_thread: bool,
    is_shut: AtomicBool,
    /// Of the exporters that can be used in a child.
    names: Vec<&'static str>,
    has_exporters: bool,
    /// Unused ones for the next child. Locked by a child alone, and only if it is free.
    exporters: Mutex<Vec<Box<dyn Exporter>>>,
}

impl Line {
    pub(super) fn new(
        exporters: &[Box<dyn Exporter>],
        settings: &Settings,
        clock: &Clock,
        has_thread: bool,
    ) -> Self {
        let has_exporters = !exporters.is_empty();
        let exporters = for_child(exporters);
        Self {
            heir: Slot::empty(),
            settings: settings.clone(),
            clock: clock.clone(),
            has_thread,
            is_shut: AtomicBool::new(false),
            has_exporters,
            names: exporters.iter().map(|exporter| exporter.name()).collect(),
            exporters: Mutex::new(exporters),
        }
    }

    /// There will be no further life.
    pub(super) fn shut(&self) {
        self.is_shut.store(true, Ordering::Release);
    }

    /// There is nobody left to have a further life.
    pub(super) fn forget(&self) {
        drop(std::mem::take(&mut *self.exporters.lock()));
    }

    /// The life in this process, if it has begun.
    pub(super) fn begun(&self) -> Option<&'static Life> {
        self.heir.get().filter(|life| !life.hub.is_inherited())
    }

    /// The life in this process, which was forked.
    pub(super) fn heir(self: &Arc<Self>) -> &'static Life {
        let last = self.heir.get();
        match last.filter(|life| !life.hub.is_inherited()) {
            Some(life) => life,
            None => self.begin(last),
        }
    }

    #[cold]
    fn begin(self: &Arc<Self>, last: Option<&'static Life>) -> &'static Life {
        let names = self.names.iter().copied();
        let hub = Arc::new(Hub::new(self.settings.budget(), names, Arc::clone(self)));
        let (consumer, questions) = if self.has_thread {
            let (worker, questions) = Worker::new();
            (Consumer::Thread(worker), Some(questions))
        } else {
            (Consumer::Caller(Mutex::new(None)), None)
        };
        let (life, is_ours) = self.heir.replace(last, Box::leak(Box::new(Life { hub, consumer })));
        if !is_ours {
            return life;
        }
        if self.is_shut.load(Ordering::Acquire) {
            life.hub.close();
            return life;
        }
        let drain = Drain::new(
            Arc::clone(&life.hub),
            self.take_exporters(),
            self.settings.clone(),
            self.clock.clone(),
        );
        match (&life.consumer, questions) {
            (Consumer::Caller(place), _) => *place.lock() = Some(Box::new(drain)),
            (Consumer::Thread(_), None) => {}
            (Consumer::Thread(_), Some(questions)) => {
                if let Err(error) = questions.answer_by(drain) {
                    log::error!("tracing is off: no thread for the span pipeline: {error}");
                }
            }
        }
        life
    }

    /// The exporters for this process; others are left for a child of it.
    fn take_exporters(&self) -> Vec<Box<dyn Exporter>> {
        let Some(mut unused) = self.exporters.try_lock() else { return Vec::new() };
        let next = for_child(&unused);
        if unused.is_empty() && self.has_exporters {
            log::warn!("no exporter works in a forked process: its spans are counted as failed");
        }
        std::mem::replace(&mut *unused, next)
    }
}

fn for_child(exporters: &[Box<dyn Exporter>]) -> Vec<Box<dyn Exporter>> {
    exporters.iter().filter_map(|exporter| exporter.for_child()).collect()
}

impl Hub {
    /// Whether it belongs to the process that this one was forked from.
    pub(crate) fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }

    /// Whether it has no exporter only since the process was forked.
    pub(super) fn has_lost_exporters(&self) -> bool {
        self.line().has_exporters
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("names", &self.names).finish_non_exhaustive()
    }
}
