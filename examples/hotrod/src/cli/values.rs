//! What flags may be set to.

use std::time::Duration;

/// No simulated time is longer than this; a day would be as absurd.
pub(crate) const DELAY_MAX: Duration = Duration::from_secs(3600);

const TIME_SCALE_MAX: f64 = 1000.0;

/// A duration as Go writes it: numbers with units, such as `300ms` or `1m30.5s`; or `0`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, after) = split_at_first(rest, |it| !it.is_ascii_digit() && it != '.');
        let (unit, after) = split_at_first(after, |it| it.is_ascii_digit() || it == '.');
        let number: f64 = number.parse().map_err(|_| not_a_duration(text))?;
        seconds += number * unit_seconds(unit).ok_or_else(|| not_a_duration(text))?;
        rest = after;
    }
    let parsed = Duration::try_from_secs_f64(seconds).ok().filter(|it| !text.is_empty() && *it <= DELAY_MAX);
    parsed.ok_or_else(|| not_a_duration(text))
}

/// A factor for times.
pub(super) fn time_scale(text: &str) -> Result<f64, String> {
    let scale = text.parse::<f64>().ok().filter(|it| (0.0..=TIME_SCALE_MAX).contains(it));
    scale.ok_or_else(|| format!("{text:?} is not a number from 0 to {TIME_SCALE_MAX}"))
}

/// A URL that a link may lead to, without its last slash.
pub(super) fn http_url(text: &str) -> Result<String, String> {
    let uri = text.parse::<http::Uri>().map_err(|error| error.to_string())?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(format!("{text:?} does not begin with http:// or https:// and a host")),
    }
}

/// A path of plain segments: empty, or with a slash at its start and none at its end.
pub(super) fn base_path(text: &str) -> Result<String, String> {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_.~/".contains(it);
    let segments: Vec<&str> = text.split('/').filter(|segment| !segment.is_empty()).collect();
    if !text.chars().all(plain) || segments.iter().any(|segment| segment.starts_with('.')) {
        return Err(format!("{text:?} is not a path of letters, digits and -_.~"));
    }
    Ok(segments.iter().map(|segment| format!("/{segment}")).collect())
}

/// A host's name or address.
pub(super) fn host(text: &str) -> Result<String, String> {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_.:".contains(it);
    if text.is_empty() || text.len() > 253 || !text.chars().all(plain) {
        return Err(format!("{text:?} is not a host"));
    }
    Ok(text.to_owned())
}

fn split_at_first(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(is_end).map_or((text, ""), |at| text.split_at(at))
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "h" => 3600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    })
}

fn not_a_duration(text: &str) -> String {
    format!("{text:?} is not a duration such as 300ms or 1.5s, up to an hour")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("300ms", 300),
            ("1.5s", 1500),
            ("1m30s", 90_000),
            (".5s", 500),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "1x", "1s ", "1.2.3s", "2h", "1e3s", "ß"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_base_path_has_a_slash_in_front_only() {
        for (text, path) in [("", ""), ("/", ""), ("a", "/a"), ("/a/b/", "/a/b")] {
            assert_eq!(base_path(text).as_deref(), Ok(path));
        }
        for text in ["/{a}", "/..", "/a b", "/a?b", "/<"] {
            assert!(base_path(text).is_err(), "{text}");
        }
    }
}
