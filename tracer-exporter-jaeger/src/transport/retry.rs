//! When a request is sent again: what the OTLP specification calls retryable, a little, and soon.
//!
//! An export has at most three attempts, all inside its deadline. The pauses between them add up
//! to less than a second unless the receiver asks for more by `Retry-After`. While the receiver is
//! known to fail, each batch has one attempt: so a flush of many batches is not held up by each.

use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use tracer_core::Clock;

/// Further attempts after the first.
pub(crate) const RETRIES_MAX: u32 = 2;

/// The longest that a receiver can make us be quiet.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Whether a status says that the same request may succeed later (OTLP/HTTP, "Retryable Response
/// Codes").
pub(crate) const fn is_retryable(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// The pause before a retry, from 0: 100 ms, doubled each time, and up to as much again at random,
/// so that the clients of a restarted receiver do not come all at once.
pub(crate) fn back_off(retry: u32) -> Duration {
    let pause = FIRST_PAUSE * 2_u32.saturating_pow(retry.min(10));
    // Without random numbers there is no jitter, and that is no reason to fail.
    let random = SysRng.try_next_u32().unwrap_or(0);
    pause + pause.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. `None` if it is malformed.
pub(crate) fn retry_after(value: &str, clock: &Clock) -> Option<Duration> {
    let value = value.trim();
    let pause = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            date.duration_since(clock.now()).unwrap_or(Duration::ZERO)
        }
    };
    Some(pause.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let clock = Clock::manual(UNIX_EPOCH + Duration::from_secs(784_111_770));
        let cases = [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:29 GMT", Some(0)),
            ("99999999999", Some(60)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(60)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("999999999999999999999999", None),
        ];
        for (value, seconds) in cases {
            assert_eq!(retry_after(value, &clock), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn pauses_grow_and_stay_small() {
        for retry in 0..RETRIES_MAX {
            let least = FIRST_PAUSE * 2_u32.pow(retry);
            let pause = back_off(retry);
            assert!(pause >= least && pause <= 2 * least, "{pause:?}");
        }
    }

    #[test]
    fn only_the_four_statuses_of_the_specification_are_retried() {
        let retried: Vec<u16> = (100..600).filter(|status| is_retryable(*status)).collect();
        assert_eq!(retried, [429, 502, 503, 504]);
    }
}
