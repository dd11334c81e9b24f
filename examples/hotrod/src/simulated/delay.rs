//! How long things take, and how much that varies.

use std::time::Duration;

use super::random::Random;

/// A normally distributed time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Delay {
    mean: Duration,
    deviation: Duration,
    time_scale: f64,
}

/// MySQL's queries vary by a tenth of their default time, also when that is changed.
const MYSQL_QUERY_DEVIATION: Duration = Duration::from_millis(30);

impl Delay {
    /// A query of the customer database.
    pub(crate) const fn mysql_query(mean: Duration, time_scale: f64) -> Self {
        Self { mean, deviation: MYSQL_QUERY_DEVIATION, time_scale }
    }

    /// A search for the drivers near a place.
    pub(crate) const fn redis_find(time_scale: f64) -> Self {
        Self { mean: Duration::from_millis(20), deviation: Duration::from_millis(5), time_scale }
    }

    /// A look at one driver.
    pub(crate) const fn redis_get(time_scale: f64) -> Self {
        Self { mean: Duration::from_millis(10), deviation: Duration::from_micros(2500), time_scale }
    }

    /// What a look that ends in a timeout takes on top.
    pub(crate) const fn redis_timeout(time_scale: f64) -> Self {
        Self { mean: Duration::from_millis(20), deviation: Duration::ZERO, time_scale }
    }

    /// A calculation of a route.
    pub(crate) const fn route_calculation(time_scale: f64) -> Self {
        Self { mean: Duration::from_millis(50), deviation: Duration::from_micros(12_500), time_scale }
    }

    /// Waits.
    pub(crate) async fn sleep(self, random: &Random) {
        tokio::time::sleep(self.draw(random)).await;
    }

    /// A time, at least a nanosecond.
    fn draw(self, random: &Random) -> Duration {
        let seconds = random.normal(self.mean.as_secs_f64(), self.deviation.as_secs_f64());
        Duration::try_from_secs_f64(seconds.max(1e-9) * self.time_scale).unwrap_or_default()
    }
}

/// A time that is no delay, multiplied like one.
pub(crate) fn scaled(time: Duration, time_scale: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * time_scale).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_ms(delay: Delay) -> f64 {
        let random = Random::new(Some(3), "delay");
        (0..2000).map(|_| delay.draw(&random).as_secs_f64()).sum::<f64>() / 2.0
    }

    #[test]
    fn delays_have_the_originals_means() {
        let query = Duration::from_millis(300);
        for (delay, expected_ms) in [
            (Delay::mysql_query(query, 1.0), 300.0),
            (Delay::mysql_query(query, 0.1), 30.0),
            (Delay::redis_find(1.0), 20.0),
            (Delay::redis_get(1.0), 10.0),
            (Delay::redis_timeout(1.0), 20.0),
            (Delay::route_calculation(2.0), 100.0),
        ] {
            let mean_ms = mean_ms(delay);
            assert!((mean_ms / expected_ms - 1.0).abs() < 0.05, "{delay:?}: {mean_ms} ms");
        }
    }

    #[test]
    fn no_delay_is_negative() {
        let random = Random::new(Some(3), "delay");
        let delay = Delay::mysql_query(Duration::ZERO, 1.0);
        assert!((0..100).any(|_| delay.draw(&random) == Duration::from_nanos(1)));
    }
}
