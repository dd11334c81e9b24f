//! The shape of a HotROD trace: what must hold of the trace of one `GET /dispatch`.
//!
//! The checks hold for the original, in both its editions (v1.76 with `/dispatch` and
//! `sql.query`, and the later one with `GET /dispatch` and `db.query.text`), and for ours.
//! G is the number of `GetDriver` spans and E the number of simulated redis errors among
//! them; G = 10 + E.
//!
//! | # | check | what must hold |
//! |---|---|---|
//! | 1 | `services` | exactly frontend, customer, mysql, driver, redis-manual, route |
//! | 2 | `spans` | 27 + G, each part in its number |
//! | 3 | `kinds` | 13 servers, 14 + G clients, nothing else |
//! | 4 | `references` | one root, every other span one `CHILD_OF` its caller; depth 3 |
//! | 5 | `errors` | E of the `GetDriver` spans, nothing else |
//! | 6 | `logs` | 43 + 3 E, one more if the query waited; their words and fields |
//! | 7 | `staircase` | redis calls strictly one after another |
//! | 8 | `phases` | customer call, then driver call, then route calls |
//! | 9 | `route_calls` | three at once when alone, never more |
//! | 10 | `baggage` | `SQL SELECT` has the tag `request` from the baggage |
//! | 11 | `driver` | the response's driver is the last log's, and one of the ten |
//! | 12 | `dependencies` | the edges the trace adds to the service graph |
//! | 13 | [`attribution`](check_attribution) | route time by customer and by session; needs several traces |
//! | 14 | `traceresponse` | names the trace and its root span |
//! | 15 | `tags` | each part's own tags |
//! | 16 | `waits` | the simulated waits took place |
//!
//! [`check`] runs those that one trace can show. [`check_failed`] is for a dispatch that
//! answered 500 because redis failed three times on one driver, [`check_queue`] for many
//! requests at once, [`check_service_graph`] for the graph that a back end computed.

mod answer;
mod attribution;
mod dissected;
mod expectations;
mod failed;
mod logs;
#[cfg(test)]
mod mutations;
mod order;
mod queue;
mod role;
#[cfg(test)]
mod sample;
mod structure;
mod tags;

use std::fmt;

pub use self::answer::parse_traceresponse;
pub use self::attribution::{Attribution, Share, check_attribution};
pub use self::expectations::Expectations;
pub use self::failed::check_failed;
pub use self::queue::check_queue;
pub use self::structure::check_service_graph;

use self::dissected::Dissected;
use crate::jaeger_json::Trace;

/// A check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The check's number in the module's table.
    pub number: u8,
    /// The check's name.
    pub check: &'static str,
    /// What was found and what was expected.
    pub message: String,
}

type Check = fn(&Dissected<'_>, &Expectations) -> Result<(), String>;

const CHECKS: [(u8, &str, Check); 15] = [
    (1, "services", structure::services),
    (2, "spans", structure::spans),
    (3, "kinds", structure::kinds),
    (4, "references", structure::references),
    (5, "errors", structure::errors),
    (6, "logs", logs::logs),
    (7, "staircase", order::staircase),
    (8, "phases", order::phases),
    (9, "route_calls", order::route_calls),
    (10, "baggage", answer::baggage),
    (11, "driver", answer::driver),
    (12, "dependencies", structure::dependencies),
    (14, "traceresponse", answer::traceresponse),
    (15, "tags", tags::tags),
    (16, "waits", order::waits),
];

/// Runs every check that one trace can show; an empty answer means that all of them hold.
#[must_use]
pub fn check(trace: &Trace, expected: &Expectations) -> Vec<Failure> {
    let dissected = Dissected::new(trace);
    CHECKS
        .iter()
        .filter_map(|(number, name, check)| {
            let message = check(&dissected, expected).err()?;
            Some(Failure::new(*number, name, message))
        })
        .collect()
}

impl Failure {
    fn new(number: u8, check: &'static str, message: String) -> Self {
        Self { number, check, message }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "check {} ({}): {}", self.number, self.check, self.message)
    }
}
