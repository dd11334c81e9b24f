//! The address of a receiver.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use ureq::http::{HeaderValue, Uri};

const URL_BYTES_MAX: usize = 2048;

/// What becomes of a URL's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathRule {
    /// Used as it is.
    AsIs,
    /// This is appended to it.
    Append(&'static str),
    /// Used as it is if there is one, else this.
    DefaultIfNone(&'static str),
    /// There must be none, and no query.
    None,
}

/// A URL to post to.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    uri: Uri,
    shown: String,
    authorization: Option<HeaderValue>,
}

impl Endpoint {
    /// Takes a URL apart, or says what is wrong with it.
    pub(crate) fn parse(url: &str, path_rule: PathRule) -> Result<Self, &'static str> {
        let url = url.trim();
        if url.len() > URL_BYTES_MAX {
            return Err("it is longer than 2048 bytes");
        }
        let uri: Uri = url.parse().map_err(|_| "it is not a URL")?;
        let scheme = scheme(&uri)?;
        let authority = uri.authority().ok_or("it has no host")?.as_str();
        let (credentials, host_port) = match authority.rsplit_once('@') {
            Some((credentials, host_port)) => (Some(credentials), host_port),
            None => (None, authority),
        };
        if host_port.is_empty() || host_port.starts_with(':') {
            return Err("it has no host");
        }
        if uri.port_u16() == Some(0) || has_malformed_port(&uri, host_port) {
            return Err("its port is not a number from 1 to 65535");
        }
        if path_rule == PathRule::None && (uri.path().len() > 1 || uri.query().is_some()) {
            return Err("gRPC has no paths");
        }
        let shown = format!("{scheme}://{host_port}{}", path(uri.path(), path_rule));
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self {
            uri: format!("{shown}{query}").parse().map_err(|_| "it is not a URL")?,
            shown,
            authorization: credentials.map(basic).transpose()?,
        })
    }

    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Scheme, host, port and path: no credentials and no query, which may hold a key.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// What the URL's `user:password@` stands for.
    pub(crate) const fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

/// A URL that may be malformed, for an error's message: user, password and query left out.
pub(crate) fn without_credentials(url: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 200;
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            (format!("{scheme}://"), rest)
        }
        _ => (String::new(), url),
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    (scheme + rest).chars().take(SHOWN_CHARS_MAX).collect()
}

fn scheme(uri: &Uri) -> Result<&'static str, &'static str> {
    match uri.scheme_str() {
        Some("http") => Ok("http"),
        Some("https") if cfg!(feature = "tls") => Ok("https"),
        Some("https") => Err("https needs this crate's feature `tls`"),
        _ => Err("it begins with neither http:// nor https://"),
    }
}

/// Whether there is something behind the host's colon that is no port.
fn has_malformed_port(uri: &Uri, host_port: &str) -> bool {
    let after_host = host_port.rsplit_once(']').map_or(host_port, |(_, rest)| rest);
    after_host.contains(':') && uri.port_u16().is_none()
}

fn path(path: &str, rule: PathRule) -> String {
    let base = path.trim_end_matches('/');
    match rule {
        PathRule::Append(appended) => format!("{base}{appended}"),
        PathRule::DefaultIfNone(default) if base.is_empty() => default.to_owned(),
        PathRule::None => "/".to_owned(),
        PathRule::AsIs if path.is_empty() => "/".to_owned(),
        PathRule::AsIs | PathRule::DefaultIfNone(_) => path.to_owned(),
    }
}

/// The header of RFC 7617.
fn basic(credentials: &str) -> Result<HeaderValue, &'static str> {
    let credentials: Vec<u8> = percent_decode_str(credentials).collect();
    let value = format!("Basic {}", BASE64_STANDARD.encode(credentials));
    let mut value = HeaderValue::try_from(value).map_err(|_| "its credentials cannot be sent")?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPEND: PathRule = PathRule::Append("/v1/traces");
    const DEFAULT_IF_NONE: PathRule = PathRule::DefaultIfNone("/v1/traces");

    #[test]
    fn the_path_follows_its_rule() {
        use PathRule::AsIs;
        let cases = [
            ("http://h:4318", APPEND, "http://h:4318/v1/traces"),
            ("http://h:4318/", APPEND, "http://h:4318/v1/traces"),
            (" http://h/otlp/ ", APPEND, "http://h/otlp/v1/traces"),
            ("http://h:4318", AsIs, "http://h:4318/"),
            ("http://h:4318/spans/", AsIs, "http://h:4318/spans/"),
            ("http://h:4318", DEFAULT_IF_NONE, "http://h:4318/v1/traces"),
            ("http://h:4318/", DEFAULT_IF_NONE, "http://h:4318/v1/traces"),
            ("http://h:4318/x", DEFAULT_IF_NONE, "http://h:4318/x"),
            ("HTTP://[::1]:4318", DEFAULT_IF_NONE, "http://[::1]:4318/v1/traces"),
        ];
        for (url, rule, expected) in cases {
            let endpoint = Endpoint::parse(url, rule).unwrap();
            assert_eq!(endpoint.uri().to_string(), expected, "{url}");
            assert_eq!(endpoint.shown(), expected, "{url}");
        }
    }

    #[test]
    fn credentials_and_query_are_used_but_not_shown() {
        let endpoint = Endpoint::parse("http://me:p%40ss@h:1/p?key=secret", APPEND).unwrap();
        assert_eq!(endpoint.shown(), "http://h:1/p/v1/traces");
        assert_eq!(endpoint.uri().to_string(), "http://h:1/p/v1/traces?key=secret");
        let authorization = endpoint.authorization().unwrap();
        assert_eq!(authorization, "Basic bWU6cEBzcw==");
        assert!(!format!("{authorization:?}").contains("bWU"));
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        let long = format!("http://h/{}", "x".repeat(3000));
        let cases = [
            ("", "it is not a URL"),
            ("localhost:4318", "it begins with neither http:// nor https://"),
            ("/v1/traces", "it begins with neither http:// nor https://"),
            ("ftp://h", "it begins with neither http:// nor https://"),
            ("grpc://h:4317", "it begins with neither http:// nor https://"),
            ("http://", "it is not a URL"),
            ("http://h:port", "its port is not a number from 1 to 65535"),
            ("http://h:0", "its port is not a number from 1 to 65535"),
            ("http://h:70000", "its port is not a number from 1 to 65535"),
            ("http://a b", "it is not a URL"),
            (&long, "it is longer than 2048 bytes"),
        ];
        for (url, reason) in cases {
            assert_eq!(Endpoint::parse(url, APPEND).unwrap_err(), reason, "{url}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn https_without_the_feature_is_told() {
        let error = Endpoint::parse("https://h", APPEND).unwrap_err();
        assert_eq!(error, "https needs this crate's feature `tls`");
    }

    #[test]
    fn malformed_urls_are_shown_without_credentials() {
        let cases = [
            ("http://me:secret@h:1/p", "http://h:1/p"),
            ("http:/me:secret@h", "h"),
            ("me:secret@h", "h"),
            ("http://me:sec?ret@h/p?key=secret", "http://h/p"),
            ("me:se://cret@h", "h"),
            ("http://h#f", "http://h"),
        ];
        for (url, shown) in cases {
            assert_eq!(without_credentials(url), shown, "{url}");
        }
        assert_eq!(without_credentials(&"x".repeat(999)).len(), 200);
    }
}
