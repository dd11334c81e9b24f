//! The sockets: who may ask, what may be answered, and the thread that does it.

pub(crate) mod accept;
pub(crate) mod guard;
mod patience;
pub(crate) mod thread;
