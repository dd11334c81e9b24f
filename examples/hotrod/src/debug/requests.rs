//! Whose requests are answered.

use std::net::IpAddr;

use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, StatusCode, Uri};

use crate::http::query::Parameters;

/// The trace that is asked for.
///
/// # Errors
/// What is wrong, for whoever asked.
pub(super) fn trace_id(uri: &Uri) -> Result<String, String> {
    let parameters = Parameters::of(uri).map_err(|error| error.to_string())?;
    let text = parameters.required("trace").map_err(|error| error.to_string())?;
    let is_id = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_id {
        return Err("Parameter 'trace' is not 32 hexadecimal digits".to_owned());
    }
    Ok(text.to_ascii_lowercase())
}

/// Whether somebody may change something: a page of another origin may not, nor one whose name was
/// pointed at this machine, nor a form. Browsers say where a change comes from; who does not say it is
/// no page, but a program or another service.
///
/// # Errors
/// The status and what is wrong.
pub(super) fn check_writer(headers: &HeaderMap, own_host: &str) -> Result<(), (StatusCode, String)> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(HOST).unwrap_or_default();
    let is_same_origin = |origin: &str| origin.split_once("://").is_some_and(|(_, of)| of == host);
    if let Some(origin) = text(ORIGIN) {
        if !is_own(host, own_host) {
            return Err((StatusCode::FORBIDDEN, "the Host header does not name this server".to_owned()));
        }
        if !is_same_origin(origin) {
            return Err((
                StatusCode::FORBIDDEN,
                "the request comes from a page of another origin".to_owned(),
            ));
        }
    }
    let media_type = text(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json".to_owned()));
    }
    Ok(())
}

/// An address, `localhost`, or the name that was given: nobody else's page has such a host.
fn is_own(host: &str, own_host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || (!name.is_empty() && name.eq_ignore_ascii_case(own_host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)]) -> Option<u16> {
        let pairs = headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        });
        check_writer(&pairs.collect(), "demo.internal").err().map(|(status, _)| status.as_u16())
    }

    #[test]
    fn only_this_servers_own_pages_and_programs_change_anything() {
        let json = ("content-type", "application/json; charset=utf-8");
        for (host, origin) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("localhost:8080", "http://localhost:8080"),
            ("demo.internal", "https://demo.internal"),
        ] {
            assert_eq!(check(&[json, ("host", host), ("origin", origin)]), None, "{host}");
            assert_eq!(check(&[json, ("host", host)]), None, "{host}");
            assert_eq!(check(&[json, ("host", host), ("origin", "http://evil.example")]), Some(403));
            assert_eq!(check(&[json, ("host", host), ("origin", "null")]), Some(403));
            assert_eq!(check(&[("content-type", "text/plain"), ("host", host)]), Some(415));
            assert_eq!(check(&[("host", host)]), Some(415));
        }
        assert_eq!(
            check(&[json, ("host", "evil.example:8080"), ("origin", "http://evil.example:8080")]),
            Some(403)
        );
        // Another service, which calls this one by its name.
        assert_eq!(check(&[json, ("host", "customer.internal:8081")]), None);
    }

    #[test]
    fn a_trace_is_named_by_its_digits() {
        let of = |query: &str| trace_id(&format!("/debug/headers{query}").parse().unwrap());
        let id = "0AF7651916cd43dd8448eb211c80319c";
        assert_eq!(of(&format!("?trace={id}")), Ok(id.to_ascii_lowercase()));
        for query in ["", "?trace=", "?trace=1", "?trace=%3Cb%3E", "?trace=xaf7651916cd43dd8448eb211c80319c"]
        {
            assert!(of(query).is_err(), "{query}");
        }
    }
}
