//! HotROD as a whole: in this process for its traces, and as a program for how it starts and ends.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod load;
mod metrics;
#[cfg(test)]
mod page;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod program;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod support;
