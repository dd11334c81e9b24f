//! All that can be set: by which key of the builder and the file, by which variables, and what it is
//! without them.

mod ignored;
mod table;

pub(crate) use self::ignored::{Fate, fate};
pub use self::table::variables_table;
pub(crate) use self::table::*;

/// Something that can be set.
#[derive(Debug)]
pub(crate) struct Setting {
    /// In the file, and for [`set`](crate::ConfigurationBuilder::set).
    pub(crate) key: &'static str,
    /// Strongest first.
    pub(crate) variables: &'static [&'static str],
    /// In words, if it depends.
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) show: Show,
}

/// What of a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    All,
    /// All but user, password and query.
    Url,
    /// Of `name=value,…` with an address as `endpoint`, all but that address's user, password and query.
    Endpoint,
    /// Of `name=value,…` the names.
    Names,
    Nothing,
}

impl Setting {
    /// The setting of that key.
    pub(crate) fn by_key(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().copied().find(|setting| setting.key == key)
    }

    /// The setting that a variable is of.
    pub(crate) fn by_variable(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().copied().find(|setting| setting.variables.contains(&name))
    }

    /// A value as it may be shown.
    pub(crate) fn shown(&self, value: &str) -> String {
        self.show.shown(value)
    }
}

impl Show {
    pub(crate) fn shown(self, value: &str) -> String {
        match self {
            Self::All => printable(value),
            Self::Url => printable(&without_credentials(value)),
            Self::Endpoint => printable(&without_credentials_in(value)),
            Self::Names => {
                let names = value.split(',').filter_map(|item| item.split_once('='));
                let names: Vec<String> = names.map(|(name, _)| format!("{}=…", name.trim())).collect();
                if names.is_empty() { "…".into() } else { printable(&names.join(",")) }
            }
            Self::Nothing => "…".into(),
        }
    }
}

/// A list of `name=value` where `endpoint` is an address. Where there is an address, only the names that are known say
/// what they are.
fn without_credentials_in(list: &str) -> String {
    if !list.contains(['@', '?']) {
        return list.to_owned();
    }
    let shown = |item: &str| match item.split_once('=').map(|(name, value)| (name.trim(), value)) {
        Some(("endpoint", url)) => format!("endpoint={}", without_credentials(url)),
        Some(("pollingIntervalMs" | "pollingInterval" | "initialSamplingRate", _)) => item.to_owned(),
        _ => "…".to_owned(),
    };
    list.split(',').map(shown).collect::<Vec<_>>().join(",")
}

/// Short, and without control characters.
pub(crate) fn printable(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 200;
    let replaced = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).map(replaced).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// A URL without user, password, query and fragment. What is before an `@` may be a password, however
/// malformed the rest is.
pub(crate) fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or((String::new(), url), |(scheme, rest)| {
        let is_scheme = scheme.chars().all(|c| c.is_ascii_alphanumeric());
        (if is_scheme { format!("{scheme}://") } else { String::new() }, rest)
    });
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    scheme + rest.split(['?', '#']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let cases = [
            (Show::All, "a\nb", "a\u{fffd}b"),
            (Show::Url, "http://me:pass@h:1/p?key=secret#x", "http://h:1/p"),
            (Show::Url, "me:p@ss@h", "h"),
            (Show::Endpoint, "0.25", "0.25"),
            (
                Show::Endpoint,
                "endpoint=http://me:secret@h:1/?k=secret,pollingIntervalMs=5,secret",
                "endpoint=http://h:1/,pollingIntervalMs=5,…",
            ),
            (Show::Endpoint, "http://me:secret@h", "…"),
            (Show::Names, "api-key=secret, x = y", "api-key=…,x=…"),
            (Show::Names, "secret", "…"),
            (Show::Nothing, "secret", "…"),
        ];
        for (show, value, expected) in cases {
            assert_eq!(show.shown(value), expected, "{value}");
        }
        assert_eq!(printable(&"x".repeat(300)).chars().count(), 201);
    }

    #[test]
    fn keys_and_variables_are_distinct() {
        let mut keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        let mut variables: Vec<_> = SETTINGS.iter().flat_map(|setting| setting.variables).collect();
        let (all_keys, all_variables) = (keys.len(), variables.len());
        keys.sort_unstable();
        keys.dedup();
        variables.sort_unstable();
        variables.dedup();
        assert_eq!((keys.len(), variables.len()), (all_keys, all_variables));
    }
}
