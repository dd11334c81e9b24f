//! The metric families, and how Prometheus reads them.
//!
//! ```text
//! hotrod_requests_total{service,endpoint,error}            counter
//! hotrod_request_latency{service,endpoint,error}           histogram, seconds
//! hotrod_http_requests_total{service,endpoint,status_code} counter; 2xx, 3xx, 4xx, 5xx
//! ```

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::Duration;

/// Names beyond so many are counted together, as `other`.
const ENDPOINTS_MAX: usize = 200;

/// Upper bounds of the histogram's buckets, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Debug, Default)]
pub(super) struct Families {
    /// By service and normalized name.
    endpoints: BTreeMap<(String, String), Endpoint>,
}

/// A request that a service answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) name: &'a str,
    pub(super) error: bool,
    pub(super) duration: Duration,
    /// That of HTTP, if it was HTTP.
    pub(super) status: Option<i64>,
}

#[derive(Debug, Default)]
struct Endpoint {
    /// Without and with an error.
    latencies: [Histogram; 2],
    by_status: BTreeMap<i64, u64>,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: Duration,
}

impl Families {
    /// Counts a request.
    pub(super) fn add(&mut self, service: &str, request: &Request<'_>) {
        let mut key = (normalized(service), normalized(request.name));
        if !self.endpoints.contains_key(&key) && self.endpoints.len() >= ENDPOINTS_MAX {
            key.1 = "other".to_owned();
        }
        let endpoint = self.endpoints.entry(key).or_default();
        let [fine, failed] = &mut endpoint.latencies;
        if request.error { failed } else { fine }.add(request.duration);
        if let Some(status) = request.status {
            *endpoint.by_status.entry(status / 100).or_default() += 1;
        }
    }

    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "# HELP hotrod_requests_total Requests by endpoint.\n# TYPE hotrod_requests_total counter"
        )?;
        for (labels, latency) in self.latencies() {
            writeln!(text, "hotrod_requests_total{{{labels}}} {}", latency.count)?;
        }
        writeln!(text, "# HELP hotrod_request_latency Seconds.\n# TYPE hotrod_request_latency histogram")?;
        for (labels, latency) in self.latencies() {
            latency.write(text, &labels)?;
        }
        let family = "hotrod_http_requests_total";
        writeln!(text, "# HELP {family} HTTP requests by status.\n# TYPE {family} counter")?;
        for (key, endpoint) in &self.endpoints {
            let labels = labels(key);
            for (class, count) in &endpoint.by_status {
                writeln!(text, "{family}{{{labels},status_code=\"{class}xx\"}} {count}")?;
            }
        }
        Ok(())
    }

    /// The histograms that have counted, with their labels.
    fn latencies(&self) -> impl Iterator<Item = (String, &Histogram)> {
        self.endpoints.iter().flat_map(|(key, endpoint)| {
            [false, true]
                .into_iter()
                .zip(&endpoint.latencies)
                .filter(|(_, latency)| latency.count > 0)
                .map(move |(error, latency)| (format!("{},error=\"{error}\"", labels(key)), latency))
        })
    }
}

impl Histogram {
    fn add(&mut self, duration: Duration) {
        for (bucket, bound) in self.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(duration.as_secs_f64() <= bound);
        }
        self.count += 1;
        self.sum += duration;
    }

    fn write(&self, text: &mut String, labels: &str) -> fmt::Result {
        for (bucket, bound) in self.buckets.iter().zip(BUCKETS) {
            writeln!(text, "hotrod_request_latency_bucket{{{labels},le=\"{bound}\"}} {bucket}")?;
        }
        writeln!(text, "hotrod_request_latency_bucket{{{labels},le=\"+Inf\"}} {}", self.count)?;
        writeln!(text, "hotrod_request_latency_sum{{{labels}}} {}", self.sum.as_secs_f64())?;
        writeln!(text, "hotrod_request_latency_count{{{labels}}} {}", self.count)
    }
}

fn labels((service, endpoint): &(String, String)) -> String {
    format!("service=\"{service}\",endpoint=\"{endpoint}\"")
}

/// A name of nothing but letters, digits, dots, slashes and underscores.
fn normalized(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_') { c } else { '-' };
    name.chars().map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Request<'_> =
        Request { name: "/route", error: false, duration: Duration::ZERO, status: None };

    #[test]
    fn requests_are_counted_by_endpoint_error_and_status() {
        let mut families = Families::default();
        families.add("route", &Request { duration: Duration::from_millis(40), status: Some(200), ..FINE });
        let failed = Request { duration: Duration::from_millis(400), status: Some(502), error: true, ..FINE };
        families.add("route", &failed);
        families.add("driver", &Request { name: "a \"b\"\n", ..FINE });
        let text = families.render();
        for line in [
            "hotrod_requests_total{service=\"route\",endpoint=\"/route\",error=\"false\"} 1",
            "hotrod_requests_total{service=\"route\",endpoint=\"/route\",error=\"true\"} 1",
            "hotrod_requests_total{service=\"driver\",endpoint=\"a--b--\",error=\"false\"} 1",
            "hotrod_request_latency_bucket{service=\"route\",endpoint=\"/route\",error=\"false\",le=\"0.025\"} 0",
            "hotrod_request_latency_bucket{service=\"route\",endpoint=\"/route\",error=\"false\",le=\"0.05\"} 1",
            "hotrod_request_latency_sum{service=\"route\",endpoint=\"/route\",error=\"true\"} 0.4",
            "hotrod_http_requests_total{service=\"route\",endpoint=\"/route\",status_code=\"5xx\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn names_beyond_two_hundred_are_counted_together() {
        let mut families = Families::default();
        (0..300).for_each(|n| families.add("route", &Request { name: &format!("/{n}"), ..FINE }));
        assert!(
            families
                .render()
                .contains("hotrod_requests_total{service=\"route\",endpoint=\"other\",error=\"false\"} 100")
        );
    }
}
