//! HotROD as a whole: in this process for its traces, and as a program for how it starts and ends.

mod bad_input;
mod failures;
mod load;
mod page;
mod processes;
mod program;
mod shape;
mod support;
