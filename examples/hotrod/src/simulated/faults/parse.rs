//! One fault, as baggage has it.

use std::time::Duration;

use crate::cli::parse_duration;

/// Longer delays are somebody's mistake.
const DELAY_MAX: Duration = Duration::from_secs(60);

const SERVICES: [&str; 6] = ["frontend", "customer", "mysql", "driver", "redis", "route"];

/// Longer texts are not repeated in full.
const SHOWN_CHARS_MAX: usize = 64;

/// What is asked of which service.
#[derive(Debug, PartialEq)]
pub(super) struct Fault<T> {
    pub(super) service: &'static str,
    pub(super) value: T,
}

impl<T> Fault<T> {
    /// Reads `service:value`.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(super) fn parse(text: &str, parse: fn(&str) -> Result<T, String>) -> Result<Self, String> {
        let (name, value) =
            text.split_once(':').ok_or_else(|| format!("{:?} is not service:value", shown(text)))?;
        let service = SERVICES.into_iter().find(|service| *service == name.trim());
        let service = service.ok_or_else(|| format!("there is no service {:?}", shown(name)))?;
        Ok(Self { service, value: parse(value.trim())? })
    }
}

/// The share of calls that fail, from 0 to 1.
pub(super) fn parse_failure(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("{:?} is not a share from 0 to 1", shown(text)))
}

/// How long a call takes on top.
pub(super) fn parse_delay(text: &str) -> Result<Duration, String> {
    let delay = parse_duration(text).ok().filter(|delay| *delay <= DELAY_MAX);
    delay.ok_or_else(|| format!("{:?} is not a duration such as 200ms, up to a minute", shown(text)))
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}
