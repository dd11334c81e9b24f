//! The parts of an end point, as exporters show it.

/// A host, its port, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) is_tls: bool,
    /// Without an IPv6 address's brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
}

impl Address {
    /// Of `http://host:port/path`, or `host:port`.
    pub(super) fn parse(endpoint: &str) -> Option<Self> {
        let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = (rest.get(..at)?, rest.get(at..)?);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, if scheme == "https" { 443 } else { 80 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { is_tls: scheme == "https", host, port, path: path.to_owned() })
    }

    /// `host:port`.
    pub(super) fn host_port(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found() {
        let cases = [
            ("http://h:4318/v1/traces", (false, "h", 4318, "/v1/traces"), "h:4318"),
            ("https://h/x", (true, "h", 443, "/x"), "h:443"),
            ("http://[::1]:4317/", (false, "::1", 4317, "/"), "[::1]:4317"),
            ("http://[::1]/", (false, "::1", 80, "/"), "[::1]:80"),
            ("h:6831", (false, "h", 6831, ""), "h:6831"),
        ];
        for (endpoint, (is_tls, host, port, path), host_port) in cases {
            let address = Address::parse(endpoint).unwrap();
            let expected = Address { is_tls, host: host.into(), port, path: path.into() };
            assert_eq!((address.host_port().as_str(), address), (host_port, expected));
        }
    }
}
