//! The checks of the W3C's validation service (specification level 2, strict), under its names:
//! [`harness`] asks the service over a real socket, and receives its calls on another.

mod harness;
mod several;
mod traceparent;
mod tracestate;
