//! How much of a context leaves.

use std::borrow::Cow;

use tracer_core::{Baggage, SpanContext, TraceState};

/// What a request takes along. Tracing headers that it had before never go out.
///
/// | | ids and flags | tracestate | baggage |
/// |---|---|---|---|
/// | `Full` | yes | yes | yes |
/// | `TraceOnly` | yes | yes | no |
/// | `IdsOnly` | yes | no | no |
/// | `None` | no | no | no |
///
/// `true` stands for all, and `false` for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Propagation {
    /// Context and baggage.
    #[default]
    Full,
    /// The context, without baggage: for servers of others.
    TraceOnly,
    /// The context without baggage and tracestate: where no other vendor's notes on the trace may be
    /// seen either.
    IdsOnly,
    /// Nothing. The span is recorded all the same.
    None,
}

impl Propagation {
    /// What of a context is to be injected. `None` gives a context without ids, for which codecs
    /// write nothing and remove what was there.
    ///
    /// ```
    /// use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
    /// use tracer_propagation::Propagation;
    ///
    /// let ids = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
    /// let plain = SpanContext::new(ids.0, ids.1, TraceFlags::SAMPLED);
    /// let context = plain.clone().with_baggage_item("session", "7");
    /// assert_eq!(*Propagation::TraceOnly.apply(&context), plain);
    /// assert!(!Propagation::None.apply(&context).is_valid());
    /// ```
    #[must_use]
    pub fn apply(self, context: &SpanContext) -> Cow<'_, SpanContext> {
        let has_baggage = !context.baggage().is_empty();
        match self {
            Self::Full => Cow::Borrowed(context),
            Self::TraceOnly if has_baggage => Cow::Owned(context.clone().with_baggage(Baggage::new())),
            Self::IdsOnly if has_baggage || context.trace_state().is_some() => {
                let bare = context.clone().with_baggage(Baggage::new());
                Cow::Owned(bare.with_trace_state(TraceState::default()))
            }
            Self::TraceOnly | Self::IdsOnly => Cow::Borrowed(context),
            Self::None => Cow::Owned(SpanContext::default()),
        }
    }
}

impl From<bool> for Propagation {
    fn from(may_leave: bool) -> Self {
        if may_leave { Self::Full } else { Self::None }
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::{SpanId, TraceFlags, TraceId};

    use super::*;

    #[test]
    fn each_leaves_out_what_it_says_and_nothing_else() {
        let plain =
            SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::SAMPLED)
                .with_parent_id(SpanId::from_bytes([3; 8]))
                .into_remote();
        let mut state = TraceState::default();
        state.insert("congo", "1").unwrap();
        let with_state = plain.clone().with_trace_state(state);
        let with_all = with_state.clone().with_baggage_item("k", "v");
        for (propagation, left) in [
            (Propagation::Full, &with_all),
            (Propagation::TraceOnly, &with_state),
            (Propagation::IdsOnly, &plain),
            (Propagation::None, &SpanContext::default()),
        ] {
            assert_eq!(&*propagation.apply(&with_all), left, "{propagation:?}");
        }
        let only_baggage = plain.clone().with_baggage_item("k", "v");
        assert_eq!(*Propagation::IdsOnly.apply(&only_baggage), plain);
        for same in [Propagation::Full, Propagation::TraceOnly, Propagation::IdsOnly] {
            assert!(matches!(same.apply(&plain), Cow::Borrowed(_)), "{same:?}");
        }
    }
}
