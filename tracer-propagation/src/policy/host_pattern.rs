//! Patterns of hosts.
//!
//! ```text
//! pattern = "*"                  any host, and one that is not known
//!         / "*." name            every name below it, at any depth; not the name itself
//!         / name                 labels and dots, without regard to ASCII case
//!         / IPv4 / IPv6 / "[" IPv6 "]"       compared as addresses, however they are written
//! ```
//! A dot at the end of a name, the root's, does not matter. Names that are not ASCII are written as
//! they are in URIs: `xn--…`.

use std::net::{IpAddr, Ipv6Addr};

/// A name has at most 253 characters (RFC 1035, section 2.3.4, as text); a star, brackets or the
/// root's dot go beside it.
const PATTERN_BYTES_MAX: usize = 256;

/// RFC 1035, section 2.3.4.
const LABEL_BYTES_MAX: usize = 63;

/// Why a text is no pattern of hosts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostPatternError {
    /// It is empty or too long.
    #[error("a host pattern has 1 to {PATTERN_BYTES_MAX} bytes, not {0}")]
    Length(usize),
    /// A star is neither alone nor the whole first label.
    #[error("host pattern {0:?}: a star stands alone, or as the first label")]
    Star(Box<str>),
    /// It is neither a name nor an address: a URL, say, or a host with its port.
    #[error("host pattern {0:?} is neither a name nor an address")]
    Host(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostPattern {
    Any,
    /// With the dot before it.
    Below(Box<str>),
    Name(Box<str>),
    Address(IpAddr),
}

impl HostPattern {
    pub(super) fn parse(pattern: &str) -> Result<Self, HostPatternError> {
        if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX {
            return Err(HostPatternError::Length(pattern.len()));
        }
        if pattern == "*" {
            return Ok(Self::Any);
        }
        let rest = pattern.strip_prefix('*').unwrap_or(pattern);
        if rest.contains('*') {
            return Err(HostPatternError::Star(pattern.into()));
        }
        let invalid = || HostPatternError::Host(pattern.into());
        if rest.len() == pattern.len() {
            if let Some(address) = address(rest) {
                return Ok(Self::Address(address));
            }
            return name(rest).map(|name| Self::Name(name.into())).ok_or_else(invalid);
        }
        let below = rest.strip_prefix('.').ok_or_else(|| HostPatternError::Star(pattern.into()))?;
        let below = name(below).ok_or_else(invalid)?;
        Ok(Self::Below([".", below].concat().into()))
    }

    pub(super) fn matches(&self, host: &str) -> bool {
        let without_root = host.strip_suffix('.').unwrap_or(host);
        match self {
            Self::Any => true,
            Self::Name(name) => without_root.eq_ignore_ascii_case(name),
            Self::Address(expected) => address(host).as_ref() == Some(expected),
            Self::Below(suffix) => {
                let host = without_root.as_bytes();
                let first_bytes = host.len().saturating_sub(suffix.len());
                let last = host.get(first_bytes..).unwrap_or_default();
                first_bytes > 0 && last.eq_ignore_ascii_case(suffix.as_bytes())
            }
        }
    }
}

/// An address in its one form: IPv4 in IPv6 is IPv4.
fn address(host: &str) -> Option<IpAddr> {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bracketed {
        Some(inner) => IpAddr::V6(inner.parse::<Ipv6Addr>().ok()?),
        None => host.parse().ok()?,
    };
    Some(address.to_canonical())
}

/// A name without the root's dot, if it is one. The last label of a name is no number: what ends so
/// is read as an address by those who send requests.
fn name(text: &str) -> Option<&str> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let ends_in_number = name.rsplit('.').next().is_some_and(is_number);
    (name.split('.').all(is_label) && !ends_in_number).then_some(name)
}

fn is_label(label: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LABEL_BYTES_MAX).contains(&label.len()) && label.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str) -> bool {
        HostPattern::parse(pattern).unwrap().matches(host)
    }

    #[test]
    fn a_name_is_itself_alone() {
        for host in ["shop", "Shop", "SHOP."] {
            assert!(matches("shop", host) && matches("Shop.", host), "{host}");
        }
        for host in ["", ".", "shop..", "shop.example", "a.shop", "sho", "xshop"] {
            assert!(!matches("shop", host), "{host}");
        }
    }

    #[test]
    fn a_suffix_is_whatever_lies_below_a_name() {
        for host in ["a.svc.local", "b.a.SVC.local", "a.svc.local."] {
            assert!(matches("*.svc.local", host) && matches("*.SVC.local.", host), "{host}");
        }
        for host in
            ["svc.local", ".svc.local", "evilsvc.local", "a.svc.local.evil", "local", "", "ésvc.local"]
        {
            assert!(!matches("*.svc.local", host), "{host}");
        }
        assert!(matches("*.svc.local", "é.svc.local"));
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        for (pattern, host, expected) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.10", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("10.0.0.1", "010.0.0.1", false),
            ("[::1]", "::1", true),
            ("::1", "[0:0:0:0:0:0:0:1]", true),
            ("2001:DB8::1", "2001:db8::1", true),
            ("::1", "::2", false),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
        }
    }

    #[test]
    fn a_star_is_any_host() {
        for host in ["", "a", "10.0.0.1", "[::1]", "\u{e9}"] {
            assert!(matches("*", host), "{host}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_and_shown() {
        for pattern in ["**", "*a", "a.*", "*.*.b", "*.a*", "*a.b"] {
            assert_eq!(HostPattern::parse(pattern), Err(HostPatternError::Star(pattern.into())));
        }
        let long_label = "a".repeat(64);
        for pattern in [
            ".",
            "a..b",
            ".a",
            "*.",
            "*..a",
            "a b",
            "shop:80",
            "http://shop",
            "shop/",
            "é.fr",
            "[10.0.0.1]",
            "[::1",
            "10.0.0.256",
            "*.0.0.1",
            "10",
            "a\n",
            &long_label,
        ] {
            assert_eq!(HostPattern::parse(pattern), Err(HostPatternError::Host(pattern.into())));
        }
        let longest = "a.".repeat(PATTERN_BYTES_MAX / 2);
        assert!(HostPattern::parse(&longest).is_ok());
        let too_long = longest + "a";
        assert_eq!(HostPattern::parse(&too_long), Err(HostPatternError::Length(PATTERN_BYTES_MAX + 1)));
        assert_eq!(HostPattern::parse(""), Err(HostPatternError::Length(0)));
        let error = HostPattern::parse("shop:80").unwrap_err();
        assert_eq!(error.to_string(), r#"host pattern "shop:80" is neither a name nor an address"#);
    }
}
