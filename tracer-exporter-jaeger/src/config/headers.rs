//! Further request headers: API keys, tenants.

use percent_encoding::percent_decode_str;
use ureq::http::header::AUTHORIZATION;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::ConfigError;
use super::endpoint::Endpoint;

const HEADERS_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 8 * 1024;

/// Headers that the exporter or the HTTP client sets itself.
const RESERVED: [&str; 8] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "transfer-encoding",
];

/// Headers as they were given.
#[derive(Clone, Default)]
pub(super) struct Headers(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    setting: &'static str,
    name: String,
    value: String,
}

impl Headers {
    pub(super) fn push(&mut self, setting: &'static str, name: String, value: String) {
        self.0.push(Entry { setting, name, value });
    }

    /// Reads `name=value,name=value` with percent-encoded values, as OpenTelemetry's variables have
    /// them. Empty entries are ignored.
    pub(super) fn parse(setting: &'static str, list: &str) -> Result<Self, ConfigError> {
        let mut headers = Self::default();
        for (index, entry) in list.split(',').enumerate() {
            let entry = entry.trim();
            if entry.is_empty() {
                continue;
            }
            let error = |reason| {
                let name = format!("entry {}", index + 1);
                ConfigError::Header { setting, name, reason }
            };
            // The entry itself may be a secret that lost its name.
            let (name, value) = entry.split_once('=').ok_or_else(|| error("no `=` in it"))?;
            let value = percent_decode_str(value.trim()).decode_utf8();
            let value = value.map_err(|_| error("percent-encoded text is not UTF-8"))?;
            headers.push(setting, name.trim().to_owned(), value.into_owned());
        }
        Ok(headers)
    }

    /// The headers, ready to be sent.
    fn into_map(self) -> Result<HeaderMap, ConfigError> {
        let mut map = HeaderMap::new();
        for Entry { setting, name, value } in self.0 {
            let error = |reason| ConfigError::Header { setting, name: shown(&name), reason };
            let key = HeaderName::try_from(&name).map_err(|_| error("not a header name"))?;
            if RESERVED.contains(&key.as_str()) {
                return Err(error("set by the exporter itself"));
            }
            if value.len() > VALUE_BYTES_MAX {
                return Err(error("value is longer than 8192 bytes"));
            }
            let mut value = HeaderValue::try_from(value).map_err(|_| error("not a header value"))?;
            value.set_sensitive(true);
            map.insert(key, value);
            if map.len() > HEADERS_MAX {
                return Err(error("more than 64 headers"));
            }
        }
        Ok(map)
    }

    /// The headers for an end point: its own credentials are the authorization, if no other is set.
    pub(super) fn into_map_for(self, endpoint: &Endpoint) -> Result<HeaderMap, ConfigError> {
        let mut map = self.into_map()?;
        if let Some(authorization) = endpoint.authorization() {
            map.entry(AUTHORIZATION).or_insert_with(|| authorization.clone());
        }
        Ok(map)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|entry| entry.name.as_str()).collect()
    }
}

fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: &str = "OTEL_EXPORTER_OTLP_HEADERS";

    #[test]
    fn a_list_is_read_as_opentelemetry_writes_it() {
        let list = "api-key=a%20b%2Cc, X-Tenant = shop ,,empty=,eq=a=b,api-key=last";
        let headers = Headers::parse(SETTING, list).unwrap().into_map().unwrap();
        let mut seen: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        seen.sort_unstable();
        assert_eq!(seen, [("api-key", "last"), ("empty", ""), ("eq", "a=b"), ("x-tenant", "shop")]);
        assert!(!format!("{headers:?}").contains("shop"));
        let encoded = Headers::parse(SETTING, "k=a%20b%2Cc").unwrap().into_map().unwrap();
        assert_eq!(encoded["k"], "a b,c");
    }

    #[test]
    fn malformed_entries_are_told_without_their_values() {
        let long = format!("k={}", "x".repeat(9000));
        let many: Vec<String> = (0..65).map(|n| format!("k{n}=v")).collect();
        let cases = [
            ("a=1,secret", "header \"entry 2\": no `=` in it"),
            ("k=%ff", "header \"entry 1\": percent-encoded text is not UTF-8"),
            ("=secret", "header \"\": not a header name"),
            ("a b=secret", "header \"a b\": not a header name"),
            ("k=sec%0d%0aret", "header \"k\": not a header value"),
            ("Content-Length=1", "header \"Content-Length\": set by the exporter itself"),
            (&long, "header \"k\": value is longer than 8192 bytes"),
            (&many.join(","), "header \"k64\": more than 64 headers"),
        ];
        for (list, message) in cases {
            let error = Headers::parse(SETTING, list).and_then(Headers::into_map).unwrap_err();
            assert_eq!(error.to_string(), format!("{SETTING}: {message}"));
        }
    }
}
