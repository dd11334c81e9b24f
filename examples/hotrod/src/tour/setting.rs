//! The settings, and the laws that say what each of them takes.

use crate::simulated::fixes::Change;

/// Ten routes of 50 ms for each order.
const ROUTES: f64 = 10.0;
const ROUTE_MS: f64 = 50.0;

/// The slowest of ten routes at once: 1.5 standard deviations above the mean.
const SLOWEST_ROUTE_MS: f64 = 69.0;

/// The drivers of an order: a search, ten looks, and two or three of them again after a timeout.
const DRIVERS_MS: f64 = 20.0 + 10.0 * 10.0 + 2.5 * 30.0;

/// The same with all looks at once: the slowest of them timed out once.
const PARALLEL_DRIVERS_MS: f64 = 20.0 + 30.0 + 12.0;

/// How far the times of one order are from their means where nothing is waited for: the query's, and
/// those of the drivers, some of whom time out more often than others.
const QUERY_DEVIATION_MS: f64 = 30.0;
const DRIVERS_DEVIATION_MS: f64 = 55.0;
const PARALLEL_DRIVERS_DEVIATION_MS: f64 = 15.0;

/// A look times out three times in a row: ten looks, each fifth of which does.
const UNLUCKY_SHARE: f64 = 0.08;

/// The fixes that are in.
#[derive(Debug)]
pub(super) struct Setting {
    /// As one would start the demo.
    pub(super) flags: &'static str,
    query_ms: f64,
    has_mutex: bool,
    workers: u32,
    drivers_at_once: bool,
}

/// What a setting should take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Law {
    pub(super) wall_ms: f64,
    pub(super) p50_ms: f64,
    pub(super) max_ms: f64,
    /// The share of orders that fail, at most.
    pub(super) failed_share: f64,
}

const fn setting(flags: &'static str, query_ms: f64, has_mutex: bool, workers: u32) -> Setting {
    Setting { flags, query_ms, has_mutex, workers, drivers_at_once: false }
}

/// The five of the original, and the fix that it does not have.
pub(super) static SETTINGS: [Setting; 6] = [
    setting("(default)", 300.0, true, 3),
    setting("-D 100ms", 100.0, true, 3),
    setting("-M", 300.0, false, 3),
    setting("-M -D 100ms", 100.0, false, 3),
    setting("-M -D 100ms -W 100", 100.0, false, 100),
    Setting {
        flags: "-M -D 100ms -W 100 --fix-driver-parallel",
        drivers_at_once: true,
        ..setting("", 100.0, false, 100)
    },
];

impl Setting {
    /// What the page's switches are set to.
    pub(super) const fn change(&self) -> Change {
        Change {
            db_query_delay_ms: Some(self.query_ms),
            disable_db_conn_mutex: Some(!self.has_mutex),
            route_worker_pool_size: Some(self.workers),
            driver_parallel: Some(self.drivers_at_once),
        }
    }

    /// What so many orders at once should take.
    pub(super) fn law(&self, requests: u32, time_scale: f64) -> Law {
        let (requests, workers) = (f64::from(requests), f64::from(self.workers));
        let drivers_ms = if self.drivers_at_once { PARALLEL_DRIVERS_MS } else { DRIVERS_MS };
        let routes_ms = (ROUTES * ROUTE_MS / workers.min(ROUTES)).max(SLOWEST_ROUTE_MS);
        let rest_ms = drivers_ms + routes_ms;
        let lock_ms = if self.has_mutex { requests * self.query_ms } else { 0.0 };
        let pool_ms = requests * ROUTES * ROUTE_MS / workers;
        let lone_ms = self.query_ms + rest_ms;
        let drivers_deviation_ms =
            if self.drivers_at_once { PARALLEL_DRIVERS_DEVIATION_MS } else { DRIVERS_DEVIATION_MS };
        // All are done when the slowest is.
        let slowest_ms =
            lone_ms + expected_maximum(requests) * QUERY_DEVIATION_MS.hypot(drivers_deviation_ms);
        // The narrower of the two is full all the time.
        let wall_ms = if lock_ms > pool_ms { lock_ms + rest_ms } else { pool_ms.max(slowest_ms) };
        let p50_ms = match (self.has_mutex, lock_ms > pool_ms) {
            // They come out of the lock one by one.
            (true, true) => lock_ms / 2.0 + rest_ms,
            // They come one by one, and then take turns: between the two.
            (true, false) => (lock_ms + pool_ms) / 2.0,
            // Whoever takes turns is done with all the others; where there is nothing to wait for, each for itself.
            (false, _) => pool_ms.max(lone_ms),
        };
        // Behind a slow lock no two orders ask for drivers at once.
        let spaced = self.has_mutex && self.query_ms > drivers_ms;
        let (wall_ms, p50_ms) = (wall_ms * time_scale, p50_ms * time_scale);
        let failed_share = if spaced && !self.drivers_at_once { 0.0 } else { UNLUCKY_SHARE };
        Law { wall_ms, p50_ms, max_ms: wall_ms, failed_share }
    }
}

/// The largest of so many draws from a normal distribution, in standard deviations; 0 of a single one.
fn expected_maximum(draws: f64) -> f64 {
    if draws < 2.0 {
        return 0.0;
    }
    // The first two terms of the asymptotic series.
    let root = (2.0 * draws.ln()).sqrt();
    root - (draws.ln().ln() + (4.0 * std::f64::consts::PI).ln()) / (2.0 * root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_many_is_slower_than_most() {
        // By tables 0, 0.56, 1.54 and 2.25: the series comes near from below.
        for (draws, expected) in [(1.0, 0.0), (2.0, 0.26), (10.0, 1.36), (50.0, 2.10)] {
            let found = expected_maximum(draws);
            assert!((found - expected).abs() < 0.01 && found >= 0.0, "{draws}: {found}");
        }
    }

    #[test]
    fn the_laws_hold_for_what_was_measured_on_the_original() {
        // Wall and median of fifty requests, in seconds. With all fixes it was 0.62 and 0.42 s, as two cores are
        // too few for fifty orders in half a second.
        let measured = [(15.5, 8.3), (8.4, 6.5), (8.3, 8.1), (7.9, 7.5)];
        for (setting, (wall, p50)) in SETTINGS.iter().zip(measured) {
            let law = setting.law(50, 1.0);
            assert!((law.wall_ms / 1e3 / wall - 1.0).abs() < 0.15, "{}: {law:?}", setting.flags);
            assert!((law.p50_ms / 1e3 / p50 - 1.0).abs() < 0.15, "{}: {law:?}", setting.flags);
        }
        assert!((SETTINGS[4].law(1, 1.0).wall_ms - 380.0).abs() < 20.0);
        let law = SETTINGS[4].law(50, 1.0);
        assert!((0.45..0.62).contains(&(law.wall_ms / 1e3)) && (0.34..0.42).contains(&(law.p50_ms / 1e3)));
        assert!((SETTINGS[0].law(1, 0.1).wall_ms - 69.0).abs() < 5.0);
    }
}
