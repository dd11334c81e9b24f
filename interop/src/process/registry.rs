//! All children that run, so that the end of the runner by a signal is theirs too.

use std::process::{Child, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parking_lot::Mutex;

static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Sends SIGTERM to every child that runs. For the end of the runner by a signal: nothing is
/// dropped then.
pub fn terminate_all() {
    for pid in RUNNING.lock().drain(..) {
        if let Ok(pid) = i32::try_from(pid) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
    }
}

pub(super) fn add(child: &Child) {
    RUNNING.lock().push(child.id());
}

/// Learns whether a child has ended. The lock is held, so that its process id, which may belong
/// to another process once it is reaped, is never signalled after that.
pub(super) fn reap(child: &mut Child) -> Option<ExitStatus> {
    let mut running = RUNNING.lock();
    let status = child.try_wait().ok().flatten()?;
    running.retain(|pid| *pid != child.id());
    Some(status)
}
