//! What may leave for which server.

/// What a request takes along. Tracing headers that it had before never go out.
///
/// `true` stands for all, and `false` for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Context and baggage.
    #[default]
    Full,
    /// The context, without baggage: for servers of others.
    TraceOnly,
    /// Nothing. The span is recorded all the same.
    None,
}

impl From<bool> for Propagation {
    fn from(may_leave: bool) -> Self {
        if may_leave { Self::Full } else { Self::None }
    }
}
