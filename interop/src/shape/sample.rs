//! A made-up trace with the right shape, for the tests to take and to spoil.

use serde_json::{Value, json};

use crate::jaeger_json::{KeyValue, Log, Process, Reference, Span, Trace};

pub(super) const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
pub(super) const ROOT_ID: &str = "0000000000000001";
const START_US: u64 = 1_700_000_000_000_000;

/// A lone dispatch for customer 123 of session 1234, with two redis errors: 39 spans.
pub(super) fn trace() -> Trace {
    let mut it = Builder::default();
    let root = it.span(("frontend", "/dispatch", "server"), None, (0, 700));
    it.http_server("/dispatch");
    it.customer(&root);
    it.drivers(&root);
    it.routes(&root);
    it.root_logs();
    Trace { trace_id: TRACE_ID.into(), spans: it.spans, processes: it.processes, warnings: vec![] }
}

/// Lets the query of a sample wait for the lock.
pub(super) fn wait_behind(trace: &mut Trace, count: usize, blockers: &str) {
    let query = span_mut(trace, "SQL SELECT");
    let message = format!("Waiting for lock behind {count} transactions");
    let log = log(query.start_us, &message, &[("blockers", json!(blockers))]);
    query.logs.insert(0, log);
}

/// The first span of an operation.
pub(super) fn span_mut<'a>(trace: &'a mut Trace, operation: &str) -> &'a mut Span {
    let mut spans = trace.spans.iter_mut();
    spans.find(|it| it.operation_name == operation).unwrap()
}

/// Sets a tag, or replaces it.
pub(super) fn set_tag(span: &mut Span, key: &str, value: Value) {
    span.tags.retain(|tag| tag.key != key);
    span.tags.push(pair(key, value));
}

#[derive(Default)]
struct Builder {
    spans: Vec<Span>,
    processes: std::collections::BTreeMap<String, Process>,
}

impl Builder {
    /// Adds a span; `what` is its service, operation and kind, `at_ms` is its start within the trace and its duration.
    fn span(&mut self, what: (&str, &str, &str), parent: Option<&str>, at_ms: (u64, u64)) -> String {
        let (service, operation, kind) = what;
        let span_id = format!("{:016x}", self.spans.len() + 1);
        self.processes.insert(format!("p-{service}"), Process { service_name: service.into(), tags: vec![] });
        self.spans.push(Span {
            trace_id: TRACE_ID.into(),
            span_id: span_id.clone(),
            operation_name: operation.into(),
            references: parent.map(child_of).into_iter().collect(),
            start_us: START_US + at_ms.0 * 1000,
            duration_us: at_ms.1 * 1000,
            tags: vec![pair("span.kind", json!(kind))],
            logs: vec![],
            process_id: format!("p-{service}"),
            warnings: vec![],
        });
        span_id
    }

    fn tag(&mut self, key: &str, value: Value) {
        set_tag(self.spans.last_mut().unwrap(), key, value);
    }

    fn log(&mut self, message: &str, fields: &[(&str, Value)]) {
        let span = self.spans.last_mut().unwrap();
        span.logs.push(log(span.start_us, message, fields));
    }

    fn http_client(&mut self, parent: &str, url: &str, at_ms: (u64, u64)) -> String {
        let id = self.span(("frontend", "HTTP GET", "client"), Some(parent), at_ms);
        self.tag("http.request.method", json!("GET"));
        self.tag("http.response.status_code", json!(200));
        self.tag("url.full", json!(url));
        id
    }

    fn http_server(&mut self, path: &str) {
        self.tag("http.request.method", json!("GET"));
        self.tag("http.response.status_code", json!(200));
        self.tag("http.route", json!(path));
        self.tag("url.path", json!(path));
        let fields = [("method", json!("GET")), ("url", json!(path))];
        self.log("HTTP request received", &fields);
    }

    fn customer(&mut self, root: &str) {
        let url = "http://127.0.0.1:8081/customer?customer=123";
        let call = self.http_client(root, url, (1, 300));
        let server = self.span(("customer", "/customer", "server"), Some(&call), (2, 298));
        self.http_server("/customer");
        self.log("Loading customer", &[("customer_id", json!(123))]);
        self.span(("mysql", "SQL SELECT", "client"), Some(&server), (3, 296));
        self.tag("peer.service", json!("mysql"));
        self.tag("request", json!("1234-1"));
        let query = "SELECT * FROM customer WHERE customer_id=123";
        self.tag("sql.query", json!(query));
        self.log("Acquired lock; 0 transactions waiting behind", &[("waiters", json!("[]"))]);
    }

    fn drivers(&mut self, root: &str) {
        const NAME: &str = "driver.DriverService/FindNearest";
        let call = self.span(("frontend", NAME, "client"), Some(root), (302, 200));
        self.rpc_tags();
        let server = self.span(("driver", NAME, "server"), Some(&call), (303, 198));
        self.rpc_tags();
        self.log("Searching for nearby drivers", &[("location", json!("115,277"))]);
        for _ in 0..2 {
            let fields = [("retry_no", json!(1)), ("error", json!("redis timeout"))];
            self.log("Retrying GetDriver after error", &fields);
        }
        let fields = [("driver_count", json!(10)), ("locations", json!("[]"))];
        self.log("Search successful", &fields);
        self.span(("redis-manual", "FindDriverIDs", "client"), Some(&server), (304, 20));
        self.tag("param.driver.location", json!("115,277"));
        self.log("Found drivers", &[("drivers", json!("[T700000C]"))]);
        let mut at_ms = 324;
        for driver in 0..10 {
            if driver % 5 == 0 {
                self.get_driver(&server, driver, true, (at_ms, 30));
                at_ms += 30;
            }
            self.get_driver(&server, driver, false, (at_ms, 10));
            at_ms += 10;
        }
    }

    fn rpc_tags(&mut self) {
        self.tag("rpc.system", json!("grpc"));
        self.tag("rpc.method", json!("FindNearest"));
        self.tag("rpc.grpc.status_code", json!(0));
    }

    fn get_driver(&mut self, parent: &str, number: u32, fails: bool, at_ms: (u64, u64)) {
        let id = format!("T7{number:05}C");
        self.span(("redis-manual", "GetDriver", "client"), Some(parent), at_ms);
        self.tag("param.driverID", json!(id));
        if !fails {
            self.log("Got driver's ID", &[("driverID", json!(id))]);
            return;
        }
        self.tag("error", json!(true));
        self.tag("otel.status_code", json!("ERROR"));
        self.tag("otel.status_description", json!("An error occurred"));
        let error = json!("redis timeout");
        let fields = [("exception.type", json!("E")), ("exception.message", error.clone())];
        self.log("exception", &fields);
        self.log("redis timeout", &[("driver_id", json!(id)), ("error", error)]);
    }

    fn routes(&mut self, root: &str) {
        for number in 0..10_u64 {
            let at_ms = 503 + number / 3 * 50;
            let url = "http://127.0.0.1:8083/route?dropoff=115%2C277&pickup=1%2C2";
            let call = self.http_client(root, url, (at_ms, 49));
            self.span(("route", "/route", "server"), Some(&call), (at_ms, 48));
            self.http_server("/route");
        }
    }

    fn root_logs(&mut self) {
        let root = self.spans.first_mut().unwrap();
        let mut add = |message: &str, fields: &[(&str, Value)]| {
            root.logs.push(log(root.start_us, message, fields));
        };
        add("Getting customer", &[("customer_id", json!(123))]);
        add("Found customer", &[]);
        add("Finding nearest drivers", &[("location", json!("115,277"))]);
        add("Found drivers", &[]);
        for _ in 0..10 {
            let fields = [("pickup", json!("1,2")), ("dropoff", json!("115,277"))];
            add("Finding route", &fields);
        }
        add("Found routes", &[]);
        let fields = [("driver", json!("T700003C")), ("eta", json!("2m0s"))];
        add("Dispatch successful", &fields);
    }
}

fn log(timestamp_us: u64, message: &str, fields: &[(&str, Value)]) -> Log {
    let own = [("event", json!(message)), ("level", json!("info"))];
    let all = own.iter().chain(fields);
    Log { timestamp_us, fields: all.map(|(key, value)| pair(key, value.clone())).collect() }
}

fn child_of(parent: &str) -> Reference {
    Reference { ref_type: "CHILD_OF".into(), trace_id: TRACE_ID.into(), span_id: parent.into() }
}

fn pair(key: &str, value: Value) -> KeyValue {
    let value_type = match &value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "int64",
        _ => "string",
    };
    KeyValue { key: key.into(), value_type: value_type.into(), value }
}
