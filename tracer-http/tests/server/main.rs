//! What the server's layer does with requests, responses and their ends.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod bodies;
mod ends;
mod headers;
mod names_and_tags;
mod support;
