//! What the services wait for, simulated: the databases, the bottlenecks built in, and faults.

pub(crate) mod delay;
pub(crate) mod faults;
pub(crate) mod fixes;
pub(crate) mod lock;
pub(crate) mod mysql;
pub(crate) mod queue;
pub(crate) mod random;
pub(crate) mod redis;
pub(crate) mod wait;
pub(crate) mod worker_pool;
