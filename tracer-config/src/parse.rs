//! Values of all kinds, from text. OpenTelemetry's rules for variables hold: names and truths in any letter
//! case, what is malformed is as if it were not set.

use std::time::Duration;

use percent_encoding::percent_decode_str;

/// More than any program has.
const PAIRS_MAX: usize = 128;
const PAIR_BYTES_MAX: usize = 8 * 1024;

/// `true` or `false`; Jaeger's clients also took `1`, `t`, `0`, `f`.
pub(crate) fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "t" => Ok(true),
        "false" | "0" | "f" => Ok(false),
        _ => Err("neither true nor false".into()),
    }
}

/// Milliseconds from 1, or a time with its unit, as `500ms`, `1.5s`, `1m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("us", 1e-6), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    if let Ok(milliseconds) = text.parse::<u64>() {
        let is_useful = milliseconds > 0 && milliseconds <= u64::from(u32::MAX);
        return is_useful.then(|| Duration::from_millis(milliseconds)).ok_or_else(no_duration);
    }
    let split = |unit: &str| text.strip_suffix(unit)?.trim().parse::<f64>().ok();
    let found = UNITS.iter().find_map(|(unit, seconds)| Some(split(unit)? * seconds));
    let seconds = found.filter(|seconds| (0.001..=4_294_967.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(no_duration)
}

fn no_duration() -> String {
    "no number of milliseconds from 1, nor a time as 1.5s".into()
}

/// A whole number within limits.
pub(crate) fn number(text: &str, min: usize, max: usize) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| {
        if max == usize::MAX {
            format!("no number from {min}")
        } else {
            format!("no number from {min} to {max}")
        }
    })
}

/// A share, from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "no number from 0 to 1".into())
}

/// One of some names, in any letter case.
pub(crate) fn one_of<T: Copy>(text: &str, names: &[(&str, T)]) -> Result<T, String> {
    let found = names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        format!("none of {}", names.join(", "))
    })
}

/// The entries of a list, without blanks and empty ones.
pub(crate) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// `key=value,…`, percent-encoded. With one that is malformed nothing of it holds (OpenTelemetry, "Resource
/// SDK").
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for (at, entry) in list(text).enumerate() {
        let place = at + 1;
        let (key, value) = entry.split_once('=').ok_or_else(|| format!("no `=` in entry {place}"))?;
        let decoded = |part: &str| {
            let decoded = percent_decode_str(part.trim()).decode_utf8();
            decoded.map(String::from).map_err(|_| format!("entry {place} is not UTF-8"))
        };
        let (key, value) = (decoded(key)?, decoded(value)?);
        check_pair(place, &key, &value)?;
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// `key=value,…`, where a value may be `${VARIABLE:default}` (Jaeger's clients).
pub(crate) fn jaeger_tags(
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, String> {
    let mut tags = Vec::new();
    for (at, entry) in list(text).enumerate() {
        let place = at + 1;
        let (key, value) = entry.split_once('=').ok_or_else(|| format!("no `=` in entry {place}"))?;
        let value = substituted(value.trim(), &variable)?;
        check_pair(place, key.trim(), &value)?;
        tags.push((key.trim().to_owned(), value));
    }
    Ok(tags)
}

fn check_pair(place: usize, key: &str, value: &str) -> Result<(), String> {
    match () {
        () if key.is_empty() => Err(format!("no key in entry {place}")),
        () if key.len() + value.len() > PAIR_BYTES_MAX => {
            Err(format!("entry {place} is longer than 8192 bytes"))
        }
        () if place > PAIRS_MAX => Err(format!("more than {PAIRS_MAX} entries")),
        () => Ok(()),
    }
}

/// Text in which each `${VARIABLE}`, `${VARIABLE:default}` or `${VARIABLE:-default}` is put in; a variable
/// that is not set and has no default is nothing. What is put in is not looked at again.
pub(crate) fn substituted(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (inner, behind) = after.split_once('}').ok_or("`${` without its `}`")?;
        let (name, default) = inner.split_once(':').unwrap_or((inner, ""));
        let default = default.strip_prefix('-').unwrap_or(default);
        out += before;
        out += &variable(name.trim()).unwrap_or_else(|| default.to_owned());
        rest = behind;
        if out.len() > PAIR_BYTES_MAX * 8 {
            return Err("longer than 65536 bytes".into());
        }
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_milliseconds_or_have_a_unit() {
        let cases = [
            ("1", Some(1)),
            ("5000", Some(5000)),
            ("500ms", Some(500)),
            ("1.5s", Some(1500)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("2000us", Some(2)),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(duration(text).ok(), milliseconds.map(Duration::from_millis), "{text}");
        }
        for text in
            ["0", "-1", "soon", "1 day", "s", "0s", "-5s", "NaNs", "infs", "99999999999999", "1e99h", "0.1us"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_and_numbers_have_limits() {
        assert_eq!((share("0.25"), share("1")), (Ok(0.25), Ok(1.0)));
        for text in ["", "1.1", "-0.1", "NaN", "half"] {
            assert!(share(text).is_err(), "{text}");
        }
        assert_eq!(number("7", 1, 8), Ok(7));
        assert_eq!(number("9", 1, 8).unwrap_err(), "no number from 1 to 8");
        assert_eq!(number("-1", 0, usize::MAX).unwrap_err(), "no number from 0");
    }

    #[test]
    fn pairs_are_percent_encoded_and_hold_together() {
        let read = pairs(" a=1, b = x%20y%2C ,,c=").unwrap();
        let expected = [("a", "1"), ("b", "x y,"), ("c", "")];
        assert_eq!(read, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let long = format!("k={}", "x".repeat(9000));
        let many = (0..200).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        for (text, reason) in [
            ("a=1,b", "no `=` in entry 2"),
            ("=1", "no key in entry 1"),
            ("a=%ff", "entry 1 is not UTF-8"),
            (&long, "entry 1 is longer than 8192 bytes"),
            (&many, "more than 128 entries"),
        ] {
            assert_eq!(pairs(text).unwrap_err(), reason);
        }
    }

    #[test]
    fn variables_are_put_in() {
        let variable = |name: &str| (name == "ZONE").then(|| "a${ZONE}".to_owned());
        let cases = [
            ("plain", "plain"),
            ("${ZONE}", "a${ZONE}"),
            ("x-${ZONE:b}-${NONE:b}-${NONE:-c}-${NONE}-y", "x-a${ZONE}-b-c--y"),
            ("$ZONE", "$ZONE"),
        ];
        for (text, expected) in cases {
            assert_eq!(substituted(text, variable).unwrap(), expected);
        }
        assert!(substituted("${ZONE", variable).is_err());
        let tags = jaeger_tags("zone=${ZONE:none}, rack=${RACK:r1}", |_| None).unwrap();
        assert_eq!(tags, [("zone".into(), "none".into()), ("rack".into(), "r1".into())]);
        assert!(jaeger_tags("zone", |_| None).is_err());
    }
}
