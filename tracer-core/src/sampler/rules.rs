//! By operation, kind and tags.

use super::{Decision, Sampler, SamplingParams};
use crate::span::SpanKind;
use crate::switch::Glob;
use crate::tags::Key;
use crate::value::{Field, TagRef};

/// Asks the sampler of the first rule that matches; undecided if none does, so that another sampler can follow
/// by [`or_else`](Sampler::or_else).
///
/// ```
/// use tracer_core::sampler::{ConstSampler, ProbabilisticSampler, Rule, RulesSampler, Sampler};
/// use tracer_core::{SpanKind, Tracer};
///
/// let sampler = RulesSampler::new()
///     .rule(Rule::any().tag("customer", "vip"), ConstSampler::ON)
///     .rule(Rule::operation("GET /health*").kind(SpanKind::Server), ConstSampler::OFF)
///     .or_else(ProbabilisticSampler::new(0.1)?);
/// let tracer = Tracer::builder("shop").sampler(sampler).build();
/// assert!(tracer.span("order").tag("customer", "vip").start().context().is_sampled());
/// # Ok::<(), tracer_core::InvalidProbability>(())
/// ```
#[derive(Debug, Default)]
pub struct RulesSampler {
    rules: Vec<(Rule, Box<dyn Sampler>)>,
}

/// What a root must have, all of it, for its rule to hold. Tags are those that are set before the start.
#[derive(Debug, Default)]
pub struct Rule {
    operation: Option<Glob>,
    kind: Option<SpanKind>,
    tags: Vec<(Box<str>, OwnedValue)>,
}

impl RulesSampler {
    /// No rules: undecided about everything.
    #[must_use]
    pub const fn new() -> Self {
        Self { rules: Vec::new() }
    }

    /// With one rule more, behind the others.
    #[must_use]
    pub fn rule(mut self, rule: Rule, sampler: impl Sampler + 'static) -> Self {
        self.rules.push((rule, Box::new(sampler)));
        self
    }
}

impl Sampler for RulesSampler {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        let first = self.rules.iter().find(|(rule, _)| rule.matches(params));
        first.map_or(Decision::UNDECIDED, |(_, sampler)| sampler.sample(params))
    }

    fn close(&self) {
        self.rules.iter().for_each(|(_, sampler)| sampler.close());
    }
}

impl Rule {
    /// Holds for everything.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Holds for operations whose whole name matches: `*` is any text, `?` one character, `\` takes the next
    /// one as it is, and a leading `!` turns the pattern round.
    #[must_use]
    pub fn operation(pattern: &str) -> Self {
        Self { operation: Some(Glob::new(pattern)), ..Self::default() }
    }

    /// Holds for spans of this kind only.
    #[must_use]
    pub const fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Holds only where this tag is set to this value, of the same type. Of several tags of one key the last
    /// one counts.
    #[must_use]
    pub fn tag<'a, V: Into<TagRef<'a>>>(mut self, key: impl Key<'a, V>, value: V) -> Self {
        self.tags.push((key.into_str().into(), OwnedValue::new(value.into())));
        self
    }

    fn matches(&self, params: &SamplingParams<'_>) -> bool {
        self.kind.is_none_or(|kind| kind == params.kind)
            && self.operation.as_ref().is_none_or(|pattern| pattern.matches(params.operation_name))
            && self.tags.iter().all(|(key, value)| last(params.tags, key).is_some_and(|tag| value.is(tag)))
    }
}

/// The value that a key has in the end.
fn last<'a>(tags: &[Field<'a>], key: &str) -> Option<TagRef<'a>> {
    tags.iter().rev().find(|(name, _)| *name == key).map(|(_, value)| *value)
}

/// A value that outlives where it was given.
#[derive(Debug)]
enum OwnedValue {
    Str(Box<str>),
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Bytes(Box<[u8]>),
    StrArray(Box<[Box<str>]>),
    BoolArray(Box<[bool]>),
    I64Array(Box<[i64]>),
    F64Array(Box<[f64]>),
}

impl OwnedValue {
    fn new(value: TagRef<'_>) -> Self {
        match normal(value) {
            TagRef::Str(text) => Self::Str(text.into()),
            TagRef::Bool(truth) => Self::Bool(truth),
            TagRef::I64(number) => Self::I64(number),
            TagRef::U64(number) => Self::U64(number),
            TagRef::F64(number) => Self::F64(number),
            TagRef::Bytes(bytes) => Self::Bytes(bytes.into()),
            TagRef::StrArray(texts) => Self::StrArray(texts.iter().map(|text| Box::from(*text)).collect()),
            TagRef::BoolArray(truths) => Self::BoolArray(truths.into()),
            TagRef::I64Array(numbers) => Self::I64Array(numbers.into()),
            TagRef::F64Array(numbers) => Self::F64Array(numbers.into()),
        }
    }

    fn is(&self, value: TagRef<'_>) -> bool {
        let own = match self {
            Self::Str(text) => TagRef::Str(text),
            Self::Bool(truth) => TagRef::Bool(*truth),
            Self::I64(number) => TagRef::I64(*number),
            Self::U64(number) => TagRef::U64(*number),
            Self::F64(number) => TagRef::F64(*number),
            Self::Bytes(bytes) => TagRef::Bytes(bytes),
            Self::BoolArray(truths) => TagRef::BoolArray(truths),
            Self::I64Array(numbers) => TagRef::I64Array(numbers),
            Self::F64Array(numbers) => TagRef::F64Array(numbers),
            Self::StrArray(texts) => return is_str_array(texts, value),
        };
        own == normal(value)
    }
}

fn is_str_array(own: &[Box<str>], value: TagRef<'_>) -> bool {
    matches!(value, TagRef::StrArray(texts) if own.iter().map(|text| &**text).eq(texts.iter().copied()))
}

/// A number is the same whether its type has a sign or not.
fn normal(value: TagRef<'_>) -> TagRef<'_> {
    match value {
        TagRef::U64(number) => i64::try_from(number).map_or(value, TagRef::I64),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::TraceId;
    use crate::sampler::ConstSampler;

    fn matches(rule: &Rule, name: &str, kind: SpanKind, tags: &[Field<'_>]) -> bool {
        rule.matches(&SamplingParams {
            kind,
            tags,
            ..SamplingParams::root(TraceId::from_bytes([1; 16]), name)
        })
    }

    #[test]
    fn a_rule_holds_if_all_of_it_does() {
        let rule = Rule::operation("GET /*").kind(SpanKind::Server).tag("tenant", 7).tag("tier", "gold");
        let tags: &[Field<'_>] = &[("tenant", 7_usize.into()), ("tier", "gold".into())];
        assert!(matches(&rule, "GET /a/b", SpanKind::Server, tags));
        assert!(!matches(&rule, "PUT /a/b", SpanKind::Server, tags));
        assert!(!matches(&rule, "GET /a/b", SpanKind::Client, tags));
        assert!(!matches(&rule, "GET /a/b", SpanKind::Server, &tags[..1]));
        let changed = [tags[0], tags[1], ("tier", "free".into())];
        assert!(!matches(&rule, "GET /a/b", SpanKind::Server, &changed));
        assert!(matches(&Rule::any(), "", SpanKind::Internal, &[]));
    }

    #[test]
    fn every_type_of_value_equals_itself_and_nothing_else() {
        let values = [
            TagRef::Str("1"),
            TagRef::Bool(true),
            TagRef::I64(1),
            TagRef::U64(u64::MAX),
            TagRef::F64(1.0),
            TagRef::Bytes(b"1"),
            TagRef::StrArray(&["1"]),
            TagRef::BoolArray(&[true]),
            TagRef::I64Array(&[1]),
            TagRef::F64Array(&[1.0]),
        ];
        for (index, own) in values.iter().enumerate() {
            for (other_index, other) in values.iter().enumerate() {
                assert_eq!(OwnedValue::new(*own).is(*other), index == other_index, "{own:?} {other:?}");
            }
        }
        assert!(OwnedValue::new(TagRef::U64(5)).is(TagRef::I64(5)));
        assert!(!OwnedValue::new(TagRef::StrArray(&["a", "b"])).is(TagRef::StrArray(&["a"])));
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let sampler = RulesSampler::new()
            .rule(Rule::operation("a*"), ConstSampler::OFF)
            .rule(Rule::operation("ab"), ConstSampler::ON)
            .rule(Rule::operation("b"), ConstSampler::ON);
        let said = |name| sampler.sample(&SamplingParams::root(TraceId::from_bytes([1; 16]), name)).sampled;
        assert_eq!([said("ab"), said("b"), said("c")], [Some(false), Some(true), None]);
    }
}
