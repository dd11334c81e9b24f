//! What targets share: texts, headers and contexts as input, a span's life as input, and what they
//! must come to.

pub mod context;
pub mod expected;
pub mod grammar;
pub mod headers;
pub mod life;
pub mod sizes;
pub mod strategies;
pub mod text;
