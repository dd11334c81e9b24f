//! Secrets in queries: signatures and tokens that must not end in a trace.

use std::borrow::Cow;
use std::sync::Arc;

/// What a secret's value is replaced with.
const REDACTED: &str = "REDACTED";

/// Query keys whose values are secrets unless other ones are named, in any case of letters.
///
/// The first four are OpenTelemetry's (HTTP semantic conventions, `url.query`).
pub const SENSITIVE_QUERY_KEYS: [&str; 18] = [
    "AWSAccessKeyId",
    "Signature",
    "sig",
    "X-Goog-Signature",
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "api_key",
    "apikey",
    "password",
    "passwd",
    "pwd",
    "secret",
    "client_secret",
];

/// The keys whose values are not shown.
#[derive(Clone, Debug)]
pub(crate) enum SensitiveKeys {
    Usual,
    Named(Arc<[Box<str>]>),
}

impl SensitiveKeys {
    pub(crate) fn named<K: Into<Box<str>>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self::Named(keys.into_iter().map(Into::into).collect())
    }

    /// The query without secrets; copied only if it has some.
    pub(crate) fn redact<'q>(&self, query: &'q str) -> Cow<'q, str> {
        if !pairs(query).any(|pair| self.secret_of(pair).is_some()) {
            return Cow::Borrowed(query);
        }
        let mut shown = String::with_capacity(query.len());
        for pair in pairs(query) {
            match self.secret_of(pair) {
                Some((key, end)) => shown.extend([key, "=", REDACTED, end]),
                None => shown.push_str(pair),
            }
        }
        Cow::Owned(shown)
    }

    /// The key of a pair with a secret, and the separator after it.
    fn secret_of<'q>(&self, pair: &'q str) -> Option<(&'q str, &'q str)> {
        let (key, value) = pair.split_once('=')?;
        let end = if value.ends_with(SEPARATORS) { value.len() - 1 } else { value.len() };
        let (value, end) = value.split_at_checked(end)?;
        (!value.is_empty() && self.has(key)).then_some((key, end))
    }

    fn has(&self, key: &str) -> bool {
        match self {
            Self::Usual => SENSITIVE_QUERY_KEYS.iter().any(|name| is_same(key, name)),
            Self::Named(names) => names.iter().any(|name| is_same(key, name)),
        }
    }
}

const SEPARATORS: [char; 2] = ['&', ';'];

/// The pairs of a query, each with the separator that ends it.
fn pairs(query: &str) -> impl Iterator<Item = &str> {
    query.split_inclusive(SEPARATORS)
}

/// Whether a key of a query, maybe encoded, is a name.
fn is_same(key: &str, name: &str) -> bool {
    crate::percent::decoded(key.as_bytes())
        .map(|byte| byte.to_ascii_lowercase())
        .eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_nothing_else() {
        for (query, shown) in [
            ("", ""),
            ("customer=123&nonse=0.5", "customer=123&nonse=0.5"),
            ("a=1&sig=abc&b=2", "a=1&sig=REDACTED&b=2"),
            ("TOKEN=x;b=2", "TOKEN=REDACTED;b=2"),
            ("%74oken=x", "%74oken=REDACTED"),
            ("token", "token"),
            ("token=", "token="),
            ("tokens=1&=&&=x", "tokens=1&=&&=x"),
            ("token=a=b&c", "token=REDACTED&c"),
            ("token=é&sig=%", "token=REDACTED&sig=REDACTED"),
        ] {
            assert_eq!(SensitiveKeys::Usual.redact(query), shown, "{query}");
        }
    }

    #[test]
    fn other_keys_can_be_named() {
        let keys = SensitiveKeys::named(["ssn"]);
        assert_eq!(keys.redact("SSN=1&token=2"), "SSN=REDACTED&token=2");
        let none = SensitiveKeys::named([""; 0]);
        assert!(matches!(none.redact("token=2"), Cow::Borrowed("token=2")));
    }
}
