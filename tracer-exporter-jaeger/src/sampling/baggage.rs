//! Baggage restrictions as Jaeger's agents served them at `/baggageRestrictions`, here from a text.

use serde_json::Value;
use tracer_core::BaggageRestrictions;

const TEXT_BYTES_MAX: usize = 1 << 20;
const KEYS_MAX: usize = 10_000;

/// Why a text is no list of restrictions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaggageRestrictionsError {
    /// It is too large.
    #[error("baggage restrictions of {bytes} bytes, more than {TEXT_BYTES_MAX}")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// It is not JSON.
    #[error("baggage restrictions: not JSON: {cause}")]
    NotJson {
        /// What the parser says.
        cause: String,
    },
    /// An entry is not `{"baggageKey": "…", "maxValueLength": …}`.
    #[error("baggage restrictions: entry {index}: {reason}")]
    Entry {
        /// Counted from 1.
        index: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// It is JSON and no array, or one of more than 10,000 entries.
    #[error("baggage restrictions: not an array of at most {KEYS_MAX} entries")]
    NotAList,
}

/// Reads `[{"baggageKey": "session", "maxValueLength": 64}, …]`. Lengths are bytes; without one a value may be
/// 2,048 bytes long, as in Jaeger's clients. Nothing fetches such a list while running: the agents that served
/// them are gone.
///
/// # Errors
/// If it is anything else.
///
/// ```
/// use tracer_exporter_jaeger::baggage_restrictions_from_json;
///
/// let restrictions = baggage_restrictions_from_json(r#"[{"baggageKey":"session","maxValueLength":4}]"#)?;
/// assert_eq!(restrictions.check("session", "s-12345"), Some("s-12"));
/// assert_eq!(restrictions.check("card", "1"), None);
/// # Ok::<(), tracer_exporter_jaeger::BaggageRestrictionsError>(())
/// ```
pub fn baggage_restrictions_from_json(text: &str) -> Result<BaggageRestrictions, BaggageRestrictionsError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(BaggageRestrictionsError::TooLarge { bytes: text.len() });
    }
    let list: Value = serde_json::from_str(text)
        .map_err(|error| BaggageRestrictionsError::NotJson { cause: error.to_string() })?;
    let list =
        list.as_array().filter(|list| list.len() <= KEYS_MAX).ok_or(BaggageRestrictionsError::NotAList)?;
    let mut restrictions = BaggageRestrictions::new();
    for (index, entry) in list.iter().enumerate() {
        let (key, value_bytes_max) =
            read(entry).map_err(|reason| BaggageRestrictionsError::Entry { index: index + 1, reason })?;
        restrictions = restrictions.allow(key, value_bytes_max);
    }
    Ok(restrictions)
}

fn read(entry: &Value) -> Result<(&str, usize), &'static str> {
    const DEFAULT_VALUE_BYTES_MAX: usize = 2048;
    let key = entry.get("baggageKey").and_then(Value::as_str).filter(|key| !key.is_empty());
    let key = key.ok_or("no text as `baggageKey`")?;
    match entry.get("maxValueLength") {
        None | Some(Value::Null) => Ok((key, DEFAULT_VALUE_BYTES_MAX)),
        Some(length) => {
            let length = length.as_u64().and_then(|length| usize::try_from(length).ok());
            Ok((key, length.ok_or("`maxValueLength` is no length in bytes")?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read() {
        let text = r#"[{"baggageKey":"a","maxValueLength":3},{"baggageKey":"b","x":1},{"baggageKey":"c","maxValueLength":0}]"#;
        let restrictions = baggage_restrictions_from_json(text).unwrap();
        let long = "x".repeat(3_000);
        let lengths = ["a", "b", "c", "d"].map(|key| restrictions.check(key, &long).map(str::len));
        assert_eq!(lengths, [Some(3), Some(2048), Some(0), None]);
        assert!(baggage_restrictions_from_json("[]").unwrap().check("a", "").is_none());
    }

    #[test]
    fn anything_else_is_told() {
        let error = |text: &str| baggage_restrictions_from_json(text).unwrap_err().to_string();
        assert!(error("[").starts_with("baggage restrictions: not JSON: "));
        assert_eq!(error("{}"), "baggage restrictions: not an array of at most 10000 entries");
        for entry in ["1", "{}", r#"{"baggageKey":1}"#, r#"{"baggageKey":""}"#] {
            assert_eq!(
                error(&format!("[{entry}]")),
                "baggage restrictions: entry 1: no text as `baggageKey`",
                "{entry}"
            );
        }
        for length in ["-1", "1.5", "\"7\""] {
            let text = format!(r#"[{{"baggageKey":"a"}},{{"baggageKey":"k","maxValueLength":{length}}}]"#);
            assert_eq!(
                error(&text),
                "baggage restrictions: entry 2: `maxValueLength` is no length in bytes",
                "{length}"
            );
        }
        assert!(error(&" ".repeat(TEXT_BYTES_MAX + 1)).contains("bytes, more than"));
        assert!(error(&format!("[{}1]", "1,".repeat(KEYS_MAX))).contains("at most 10000"));
    }
}
