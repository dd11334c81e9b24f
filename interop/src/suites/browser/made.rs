//! Traces that are made up, in Jaeger's JSON.

use serde_json::{Value, json};

/// A trace of these spans, all of the last minute; `services` are the processes `p0`, `p1` and so on.
pub(super) fn file(trace_id: &str, services: &[&str], spans: Vec<Value>) -> Value {
    let process =
        |(index, name): (usize, &&str)| (format!("p{index}"), json!({"serviceName": name, "tags": []}));
    let processes: serde_json::Map<String, Value> = services.iter().enumerate().map(process).collect();
    json!({"data": [{"traceID": trace_id, "spans": spans, "processes": processes, "warnings": null}]})
}

/// A span; ids are numbers, 0 is no parent. Times in microseconds, `start_us` from `begin_us` on.
pub(super) struct Span<'a> {
    pub(super) trace_id: &'a str,
    pub(super) id: u64,
    pub(super) parent: u64,
    pub(super) operation: &'a str,
    pub(super) process: usize,
    pub(super) start_us: u64,
    pub(super) duration_us: u64,
    pub(super) tags: Value,
    pub(super) logs: Value,
}

impl Span<'_> {
    pub(super) fn json(&self, begin_us: u64) -> Value {
        let mut references = Vec::new();
        if self.parent > 0 {
            let parent = format!("{:016x}", self.parent);
            references.push(json!({"refType": "CHILD_OF", "traceID": self.trace_id, "spanID": parent}));
        }
        json!({
            "traceID": self.trace_id, "spanID": format!("{:016x}", self.id), "flags": 1,
            "operationName": self.operation, "references": references,
            "startTime": begin_us + self.start_us, "duration": self.duration_us,
            "tags": self.tags, "logs": self.logs, "processID": format!("p{}", self.process), "warnings": null,
        })
    }
}

/// A time that is not long ago, as the page's clock has it.
pub(super) fn now_us(page: &mut crate::browser::Page<'_>) -> Result<u64, String> {
    let now = page.evaluate("Math.floor(Date.now() - 30000) * 1000")?;
    now.as_u64().ok_or_else(|| format!("the time is {now}"))
}
