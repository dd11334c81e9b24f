//! What a search asks for, read from the text of its address.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use tracer_core::{Clock, TraceId};

use super::duration::{self, InvalidDuration};
use super::trace_id::{self, InvalidTraceId};

/// How far back a search looks that does not say.
const DEFAULT_LOOKBACK: Duration = Duration::from_secs(2 * 24 * 3600);
/// How many traces a search gives that does not say.
pub(super) const DEFAULT_LIMIT: usize = 100;

/// The parameters of an address, in their order; keys may repeat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

/// A search for traces.
#[derive(Clone, Debug)]
pub(crate) struct TraceQuery {
    /// Given ids replace all conditions.
    pub(crate) trace_ids: Vec<TraceId>,
    pub(crate) filter: Filter,
    pub(crate) limit: usize,
}

/// What one span of a trace must be, all at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) service: Option<String>,
    pub(crate) operation: Option<String>,
    /// When it starts, both ends included.
    pub(crate) start_unix_ns: (u64, u64),
    /// How long it takes, both ends included.
    pub(crate) duration_ns: (u64, u64),
    pub(crate) tags: BTreeMap<String, String>,
    /// Asked of the trace as a whole: that a span of it failed.
    pub(crate) error: bool,
    /// Asked of the trace as a whole: what a field of a log contains, in small letters.
    pub(crate) text: Option<String>,
}

/// Whose parameters a search has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `service` is required.
    Jaeger,
    /// `service` is optional; `lookback`, `error` and `text` are understood.
    Viewer,
}

/// By which clocks the times of a trace are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clocks {
    /// Each host's own.
    Recorded,
    /// The root's: what seems to be off is taken away.
    Adjusted,
}

/// Why a search cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParamError {
    #[error("parameter 'service' is required")]
    NoService,
    #[error("unable to parse param '{name}': {text:?} is not a whole number")]
    NotANumber { name: &'static str, text: String },
    #[error("'limit' must be greater than 0")]
    NoLimit,
    #[error("unable to parse param '{name}': {cause}")]
    Duration { name: &'static str, cause: InvalidDuration },
    #[error("'maxDuration' should be greater than 'minDuration'")]
    DurationsCrossed,
    #[error("unable to parse param 'lookback': not a time such as 90s, 1h, 2d or milliseconds: {0:?}")]
    Lookback(String),
    #[error("unable to parse param 'error': {0:?} is neither true nor false")]
    NotABool(String),
    #[error("unable to parse param 'clocks': {0:?} is neither recorded nor adjusted")]
    Clocks(String),
    #[error("malformed 'tag' parameter, expecting key:value, received: {0:?}")]
    Tag(String),
    #[error("malformed 'tags' parameter, expecting a JSON object of strings: {0}")]
    Tags(String),
    #[error("cannot parse traceID param: {0}")]
    TraceId(#[from] InvalidTraceId),
}

impl Params {
    pub(crate) const fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of a key; an empty one counts as none.
    pub(crate) fn first(&self, key: &str) -> Option<&str> {
        self.all(key).next().filter(|value| !value.is_empty())
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u64>, ParamError> {
        let Some(text) = self.first(name) else {
            return Ok(None);
        };
        let not_a_number = |_| ParamError::NotANumber { name, text: text.chars().take(64).collect() };
        text.parse().map(Some).map_err(not_a_number)
    }

    /// How many are asked for at most.
    pub(crate) fn limit(&self, default: usize) -> Result<usize, ParamError> {
        match self.number("limit")? {
            Some(0) => Err(ParamError::NoLimit),
            Some(limit) => Ok(usize::try_from(limit).unwrap_or(usize::MAX)),
            None => Ok(default),
        }
    }

    /// By which clocks, as they were recorded if it is not said.
    pub(crate) fn clocks(&self) -> Result<Clocks, ParamError> {
        match self.first("clocks") {
            None | Some("recorded") => Ok(Clocks::Recorded),
            Some("adjusted") => Ok(Clocks::Adjusted),
            Some(other) => Err(ParamError::Clocks(other.chars().take(64).collect())),
        }
    }

    /// A search.
    pub(crate) fn trace_query(&self, dialect: Dialect) -> Result<TraceQuery, ParamError> {
        let trace_ids: Vec<_> = self.all("traceID").map(trace_id::parse).collect::<Result<_, _>>()?;
        let service = self.first("service").map(str::to_owned);
        let limit = self.limit(DEFAULT_LIMIT)?;
        let is_viewers = dialect == Dialect::Viewer;
        let filter = Filter {
            service,
            operation: self.first("operation").map(str::to_owned),
            start_unix_ns: self.start_range(dialect)?,
            duration_ns: self.duration_range()?,
            tags: self.tags()?,
            error: is_viewers && self.bool("error")?,
            text: self.first("text").filter(|_| is_viewers).map(str::to_lowercase),
        };
        if filter.service.is_none() && trace_ids.is_empty() && !is_viewers {
            return Err(ParamError::NoService);
        }
        Ok(TraceQuery { trace_ids, filter, limit })
    }

    /// `start` and `end`, in microseconds; unix nanoseconds, both ends included.
    pub(crate) fn start_range(&self, dialect: Dialect) -> Result<(u64, u64), ParamError> {
        let to_ns = |time_us: u64| time_us.saturating_mul(1_000);
        let (start, end) = (self.number("start")?.map(to_ns), self.number("end")?.map(to_ns));
        let lookback = match dialect {
            Dialect::Viewer => self.lookback()?.unwrap_or(DEFAULT_LOOKBACK),
            Dialect::Jaeger => DEFAULT_LOOKBACK,
        };
        let lookback_ns = u64::try_from(lookback.as_nanos()).unwrap_or(u64::MAX);
        let now_ns = now_unix_ns();
        // An end that is given in microseconds includes all of its last one.
        let end = end.map_or(now_ns, |end| end.saturating_add(999));
        Ok((start.unwrap_or_else(|| now_ns.saturating_sub(lookback_ns)), end))
    }

    /// A duration, days, or milliseconds. The page of Jaeger says `custom` beside a start.
    fn lookback(&self) -> Result<Option<Duration>, ParamError> {
        let Some(text) = self.first("lookback").filter(|text| *text != "custom") else {
            return Ok(None);
        };
        let malformed = || ParamError::Lookback(text.chars().take(64).collect());
        if let Ok(ms) = text.parse() {
            return Ok(Some(Duration::from_millis(ms)));
        }
        let parsed = match text.strip_suffix('d') {
            Some(days) => days.parse::<u32>().ok().map(|days| Duration::from_secs(24 * 3600) * days),
            None => duration::parse(text).ok(),
        };
        parsed.map(Some).ok_or_else(malformed)
    }

    fn bool(&self, name: &'static str) -> Result<bool, ParamError> {
        match self.first(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(ParamError::NotABool(other.chars().take(64).collect())),
        }
    }

    fn duration_range(&self) -> Result<(u64, u64), ParamError> {
        let (min, max) = (self.duration_ns("minDuration")?, self.duration_ns("maxDuration")?);
        match (min, max) {
            (Some(min), Some(max)) if max < min => Err(ParamError::DurationsCrossed),
            _ => Ok((min.unwrap_or(0), max.unwrap_or(u64::MAX))),
        }
    }

    /// A duration; zero counts as none.
    fn duration_ns(&self, name: &'static str) -> Result<Option<u64>, ParamError> {
        let Some(text) = self.first(name) else {
            return Ok(None);
        };
        let duration = duration::parse(text).map_err(|cause| ParamError::Duration { name, cause })?;
        Ok(u64::try_from(duration.as_nanos()).ok().filter(|ns| *ns > 0))
    }

    fn tags(&self) -> Result<BTreeMap<String, String>, ParamError> {
        let mut tags = BTreeMap::new();
        for tag in self.all("tag") {
            let (key, value) =
                tag.split_once(':').ok_or_else(|| ParamError::Tag(tag.chars().take(64).collect()))?;
            tags.insert(key.to_owned(), value.to_owned());
        }
        for json in self.all("tags").filter(|json| !json.is_empty()) {
            let more: BTreeMap<String, String> =
                serde_json::from_str(json).map_err(|error| ParamError::Tags(error.to_string()))?;
            tags.extend(more);
        }
        Ok(tags)
    }

    fn all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == key).map(|(_, value)| value.as_str())
    }
}

/// The time of day, unix nanoseconds.
pub(crate) fn now_unix_ns() -> u64 {
    let since = Clock::system().now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &[(&str, &str)]) -> Result<TraceQuery, ParamError> {
        let pairs = text.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Params::new(pairs.collect()).trace_query(Dialect::Jaeger)
    }

    #[test]
    fn a_search_is_read_as_jaeger_reads_it() {
        let query = query(&[
            ("service", "frontend"),
            ("operation", ""),
            ("start", "5"),
            ("end", "7"),
            ("minDuration", "1ms"),
            ("tag", "url:http://x"),
            ("tags", r#"{"driver":"T7","error":"true"}"#),
            ("tag", "n:3"),
            ("lookback", "custom"),
            ("limit", "20"),
        ])
        .unwrap();
        assert_eq!(query.limit, 20);
        assert_eq!(query.filter.operation, None);
        assert_eq!(query.filter.start_unix_ns, (5_000, 7_999));
        assert_eq!(query.filter.duration_ns, (1_000_000, u64::MAX));
        let tags: Vec<_> = query.filter.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(tags, ["driver=T7", "error=true", "n=3", "url=http://x"]);
    }

    #[test]
    fn what_cannot_be_understood_is_an_error_that_names_it() {
        let cases: [(&[(&str, &str)], &str); 9] = [
            (&[], "'service' is required"),
            (&[("service", "s"), ("start", "x")], "'start'"),
            (&[("service", "s"), ("end", "-1")], "'end'"),
            (&[("service", "s"), ("limit", "0")], "'limit'"),
            (&[("service", "s"), ("minDuration", "5")], "'minDuration'"),
            (&[("service", "s"), ("minDuration", "5s"), ("maxDuration", "1s")], "'maxDuration' should"),
            (&[("service", "s"), ("tag", "no colon")], "'tag'"),
            (&[("service", "s"), ("tags", r#"{"n":3}"#)], "'tags'"),
            (&[("traceID", "xyz")], "traceID"),
        ];
        for (text, expected) in cases {
            let error = query(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
