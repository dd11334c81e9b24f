//! What keeps web pages of strangers out.
//!
//! A page anywhere can make a browser send requests to 127.0.0.1. By DNS rebinding it could read
//! the answers too, but then the request names the page's own host: so only known hosts are
//! answered. A page that cannot read may still post: so a post must come from a known origin.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The names by which this server is known.
#[derive(Clone, Debug)]
pub(crate) struct Hosts(Arc<Known>);

#[derive(Debug)]
struct Known {
    listen_ip: IpAddr,
    names: HashSet<String>,
}

impl Hosts {
    /// Loopback, the address that is listened on, and more names.
    pub(crate) fn new(listen: SocketAddr, more: &[String]) -> Self {
        let names = more.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self(Arc::new(Known { listen_ip: listen.ip(), names }))
    }

    fn knows(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            // No name is looked up for a literal address, so it cannot be rebound.
            Ok(ip) => ip.is_loopback() || self.0.listen_ip.is_unspecified() || ip == self.0.listen_ip,
            Err(_) => host == "localhost" || host.ends_with(".localhost") || self.0.names.contains(&host),
        }
    }

    fn allows(&self, request: &Request) -> Result<(), String> {
        let host = request.uri().authority().map(Authority::as_str);
        let host = host.or_else(|| request.headers().get(header::HOST).and_then(|value| value.to_str().ok()));
        match host {
            None => return Err("request names no host".to_owned()),
            Some(host) if !self.knows(host) => {
                let host: String = host.chars().take(128).collect();
                return Err(format!("host {host:?} is not known here; see --allow-host and `allow_host`"));
            }
            Some(_) => {}
        }
        let Some(origin) = request.headers().get(header::ORIGIN) else {
            return Ok(());
        };
        let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        let is_known = authority.is_some_and(|(_, authority)| self.knows(authority));
        if is_known || matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(());
        }
        Err("requests of other origins are not answered".to_owned())
    }
}

/// Refuses what is not allowed, and adds the headers of every answer.
pub(crate) async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let mut response = match hosts.allows(&request) {
        Ok(()) => next.run(request).await,
        Err(reason) => (StatusCode::FORBIDDEN, format!("{reason}\n")).into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str) -> Hosts {
        Hosts::new(listen.parse().unwrap(), &["Tracing.Example".to_owned()])
    }

    #[test]
    fn known_hosts_are_loopback_the_own_address_and_those_allowed() {
        let hosts = hosts("192.0.2.7:16686");
        let known = [
            "localhost",
            "LOCALHOST:16686",
            "localhost.:1",
            "app.localhost",
            "127.0.0.1:80",
            "127.8.8.8",
            "[::1]:16686",
            "192.0.2.7:16686",
            "tracing.example:443",
        ];
        for host in known {
            assert!(hosts.knows(host), "{host}");
        }
        let unknown = [
            "",
            "evil.example",
            "localhost.evil.example",
            "192.0.2.8",
            "127.0.0.1.evil.example",
            "a b",
            "[::2]",
        ];
        for host in unknown {
            assert!(!hosts.knows(host), "{host}");
        }
    }

    #[test]
    fn listening_everywhere_knows_all_literal_addresses_but_no_names() {
        let hosts = hosts("0.0.0.0:16686");
        assert!(hosts.knows("198.51.100.4:16686"));
        assert!(!hosts.knows("evil.example:16686"));
    }
}
