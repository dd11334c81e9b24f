//! What targets share: texts as input, a span's life as input, and what it must come to.

pub mod expected;
pub mod life;
pub mod sizes;
pub mod text;
