//! What the services wait for, simulated: the databases, and the bottlenecks built in.

pub(crate) mod delay;
pub(crate) mod lock;
pub(crate) mod mysql;
pub(crate) mod random;
pub(crate) mod redis;
pub(crate) mod worker_pool;
