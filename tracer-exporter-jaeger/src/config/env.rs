//! The environment's settings, by OpenTelemetry's names (protocol/exporter specification).
//!
//! Each has a form for traces alone, which goes before the one for all signals. An empty variable
//! counts as not set.

use std::ffi::OsString;
use std::time::Duration;

use super::headers::Headers;
use super::{ConfigError, OtlpEncoding, OtlpHttpBuilder};

/// Where variables are read: the process's environment, or a test's own.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

const ENDPOINT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const TIMEOUT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const PROTOCOL: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

/// The process's environment.
pub(crate) fn process_env(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

impl OtlpHttpBuilder {
    /// The defaults, and what the environment says otherwise.
    pub(crate) fn from_lookup(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let mut builder = Self::new();
        if let Some((setting, value)) = first(lookup, PROTOCOL)? {
            builder.otlp_encoding = match value.trim().to_ascii_lowercase().as_str() {
                "http/protobuf" => OtlpEncoding::Protobuf,
                "http/json" => OtlpEncoding::Json,
                _ => return Err(ConfigError::Protocol { setting, value: shown(&value) }),
            };
        }
        if let Some((setting, value)) = first(lookup, ENDPOINT)? {
            let is_exact = setting == ENDPOINT[0];
            builder = if is_exact { builder.exact_endpoint(value) } else { builder.base_endpoint(value) };
            builder.endpoint.setting = setting;
        }
        if let Some((setting, value)) = first(lookup, HEADERS)? {
            builder.headers = Headers::parse(setting, &value)?;
        }
        if let Some((setting, value)) = first(lookup, TIMEOUT)? {
            let timeout_ms = value.trim().parse::<u64>().ok().filter(|timeout_ms| *timeout_ms > 0);
            let timeout_ms =
                timeout_ms.ok_or_else(|| ConfigError::Timeout { setting, value: shown(&value) })?;
            builder.timeout = Duration::from_millis(timeout_ms);
        }
        Ok(builder)
    }
}

/// The first of these variables that is set, and its value.
fn first(
    lookup: Lookup<'_>,
    names: [&'static str; 2],
) -> Result<Option<(&'static str, String)>, ConfigError> {
    for name in names {
        if let Some(value) = lookup(name).filter(|value| !value.is_empty()) {
            let value = value.into_string().map_err(|_| ConfigError::NotUnicode { setting: name })?;
            if !value.trim().is_empty() {
                return Ok(Some((name, value)));
            }
        }
    }
    Ok(None)
}

fn shown(value: &str) -> String {
    value.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_exporter::OtlpHttp;

    fn build(variables: &[(&str, &str)]) -> Result<OtlpHttp, ConfigError> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        OtlpHttpBuilder::from_lookup(&lookup)?.build()
    }

    #[test]
    fn the_endpoint_of_traces_goes_first_and_is_used_as_it_is() {
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[], "http://localhost:4318/v1/traces"),
            (&[(ENDPOINT[1], "http://c:1")], "http://c:1/v1/traces"),
            (&[(ENDPOINT[1], "http://c:1/base/")], "http://c:1/base/v1/traces"),
            (&[(ENDPOINT[0], "http://t:2/x"), (ENDPOINT[1], "http://c:1")], "http://t:2/x"),
            (&[(ENDPOINT[0], "http://t:2")], "http://t:2/"),
            (&[(ENDPOINT[0], " "), (ENDPOINT[1], "http://c:1")], "http://c:1/v1/traces"),
        ];
        for (variables, endpoint) in cases {
            assert_eq!(build(variables).unwrap().endpoint(), endpoint, "{variables:?}");
        }
    }

    #[test]
    fn the_timeout_is_in_milliseconds() {
        assert_eq!(build(&[]).unwrap().timeout(), Duration::from_secs(10));
        assert_eq!(build(&[(TIMEOUT[1], "2500")]).unwrap().timeout(), Duration::from_millis(2500));
        let both = [(TIMEOUT[1], "2500"), (TIMEOUT[0], " 40 ")];
        assert_eq!(build(&both).unwrap().timeout(), Duration::from_millis(40));
    }

    #[test]
    fn malformed_values_are_told_by_variable_and_value() {
        let cases = [
            (
                (ENDPOINT[1], "me:secret@c:1"),
                "OTEL_EXPORTER_OTLP_ENDPOINT: no end point for spans: \"c:1\": \
                 it begins with neither http:// nor https://",
            ),
            (
                (TIMEOUT[0], "10s"),
                "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: no timeout in milliseconds, from 1: \"10s\"",
            ),
            ((TIMEOUT[1], "0"), "OTEL_EXPORTER_OTLP_TIMEOUT: no timeout in milliseconds, from 1: \"0\""),
            ((HEADERS[0], "key"), "OTEL_EXPORTER_OTLP_TRACES_HEADERS: header \"entry 1\": no `=` in it"),
            (
                (PROTOCOL[1], "grpc"),
                "OTEL_EXPORTER_OTLP_PROTOCOL: protocol not supported: \"grpc\"; use http/protobuf or http/json",
            ),
        ];
        for (variable, message) in cases {
            assert_eq!(build(&[variable]).unwrap_err().to_string(), message);
        }
        assert!(build(&[(PROTOCOL[0], "http/protobuf"), (PROTOCOL[1], "grpc")]).is_ok());
        assert!(build(&[(PROTOCOL[0], "HTTP/JSON")]).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_told() {
        use std::os::unix::ffi::OsStringExt;
        let lookup = |name: &str| (name == HEADERS[1]).then(|| OsString::from_vec(vec![b'k', b'=', 0xff]));
        let error = OtlpHttpBuilder::from_lookup(&lookup).unwrap_err();
        assert_eq!(error, ConfigError::NotUnicode { setting: "OTEL_EXPORTER_OTLP_HEADERS" });
    }
}
