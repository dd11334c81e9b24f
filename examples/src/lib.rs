//! The examples are the files beside this folder; run one with
//! `cargo run -p examples --example first_trace`.
//!
//! This library holds nothing but the README's code, which is tested here.

#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
struct Readme;
