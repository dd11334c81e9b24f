//! Moments as RFC 3339 writes them: `2026-11-24T12:14:09.123456789+01:00`.

/// A text that is no moment since 1970.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time such as 2026-01-02T15:04:05Z: {0:?}")]
pub(crate) struct InvalidTime(String);

/// Unix nanoseconds. A blank stands for the plus sign that it was before an address was decoded.
pub(crate) fn parse(text: &str) -> Result<u64, InvalidTime> {
    parse_ns(text).ok_or_else(|| InvalidTime(text.chars().take(64).collect()))
}

fn parse_ns(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let [year, month, day] = fields::<3>(date, '-', [4, 2, 2])?;
    let zone_at = rest.find(['Z', 'z', '+', ' ', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let (time, fraction) = time.split_once('.').map_or((time, None), |(time, digits)| (time, Some(digits)));
    let [hour, minute, second] = fields::<3>(time, ':', [2, 2, 2])?;
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = u64::try_from(seconds - zone_seconds(zone)?).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction.map_or(Some(0), fraction_ns)?)
}

/// Decimal fields of exactly those lengths.
fn fields<const N: usize>(text: &str, between: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length && is_digits(part))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a zone is ahead.
fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = fields::<2>(zone.get(1..)?, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Digits beyond the ninth are cut off.
fn fraction_ns(digits: &str) -> Option<u64> {
    if !is_digits(digits) {
        return None;
    }
    let padded: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
    padded.parse().ok()
}

/// Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day is last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_months = (153 * month + 2) / 5;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_months + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00.5+01:00", 500_000_000),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000_000),
            ("2026-11-24T12:14:09.123456789Z", 1_795_522_449_123_456_789),
            ("2026-11-24t13:14:09 01:00", 1_795_522_449_000_000_000),
            ("2026-11-24T07:14:09-05:00", 1_795_522_449_000_000_000),
            ("2100-03-01T00:00:00.1234567891Z", 4_107_542_400_123_456_789),
        ];
        for (text, ns) in cases {
            assert_eq!(parse(text), Ok(ns), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let wrong = [
            "",
            "now",
            "1795522449",
            "2026-11-24",
            "2026-11-24T12:14:09",
            "2026-11-24 12:14:09Z",
            "2026-13-24T12:14:09Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T12:14:09.Z",
            "2026-11-24T12:14:09+1:00",
            "+026-11-24T12:14:09Z",
            "1969-12-31T23:59:59Z",
            "9999-12-31T23:59:59Z",
            "2026-11-24T12:14:09Zé",
        ];
        for text in wrong {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
