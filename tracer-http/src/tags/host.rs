//! Hosts and ports, as they stand in a `Host` header or an authority.

/// Splits `user@host:port`: the host without credentials or brackets, and the port if it is one.
pub(crate) fn split(authority: &str) -> (&str, Option<u16>) {
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
    if let Some(bracketed) = host_port.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']').unwrap_or((bracketed, ""));
        return (host, after.strip_prefix(':').and_then(port));
    }
    match host_port.split_once(':') {
        Some((host, digits)) => (host, port(digits)),
        None => (host_port, None),
    }
}

/// The port that a scheme has where none is named.
pub(crate) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

fn port(digits: &str) -> Option<u16> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn hosts_are_split() {
        for (authority, expected) in [
            ("example.com", ("example.com", None)),
            ("example.com:8080", ("example.com", Some(8080))),
            ("me:secret@example.com:1", ("example.com", Some(1))),
            ("[::1]:80", ("::1", Some(80))),
            ("[::1", ("::1", None)),
            ("h:", ("h", None)),
            ("h:+80", ("h", None)),
            ("h:65536", ("h", None)),
            ("", ("", None)),
            (":80", ("", Some(80))),
        ] {
            assert_eq!(split(authority), expected, "{authority}");
        }
    }
}
