//! HotROD as a whole: in this process for its traces, and as a program for how it starts and ends.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod context;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod five;
#[cfg(test)]
mod fixes;
#[cfg(test)]
mod load;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod page;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod program;
#[cfg(test)]
mod rich;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod support;
