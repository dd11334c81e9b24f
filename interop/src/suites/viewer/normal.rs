//! Answers without what may differ: the order of lists, numbers of processes, words of warnings.

use serde_json::{Value, json};

/// Where Jaeger's second generation has warnings.
const WARNINGS: &str = "@jaeger@warnings";

/// Whose JSON it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    First,
    Second,
}

impl Generation {
    /// The traces of an answer.
    pub(super) fn traces(self, body: Value) -> Value {
        match self {
            Self::First => first(body),
            Self::Second => second(body),
        }
    }
}

/// Spans in the order of their ids, each with its process; warnings by their number.
fn first(mut body: Value) -> Value {
    let mut traces = take_list(&mut body["data"]);
    for trace in &mut traces {
        let mut processes = trace["processes"].take();
        each(&mut processes, |process| sort(&mut process["tags"]));
        let mut spans = trace["spans"].take();
        each(&mut spans, |span| {
            let process = span["processID"].as_str().map(|id| processes[id].clone());
            span["processID"] = process.unwrap_or(Value::Null);
            span["warnings"] = count(&span["warnings"]);
            sort(&mut span["tags"]);
            each(&mut span["logs"], |log| sort(&mut log["fields"]));
            sort(&mut span["logs"]);
        });
        sort(&mut spans);
        trace["spans"] = spans;
    }
    let mut traces = Value::Array(traces);
    sort(&mut traces);
    json!({ "data": traces, "errors": body["errors"] })
}

/// Spans, each with its resource and scope, in the order of their text.
fn second(mut body: Value) -> Value {
    let mut spans = Vec::new();
    for mut group in take_list(&mut body["result"]["resourceSpans"]) {
        sort(&mut group["resource"]["attributes"]);
        let resource = group["resource"].take();
        for mut scope_spans in take_list(&mut group["scopeSpans"]) {
            let scope = scope_spans["scope"].take();
            for mut span in take_list(&mut scope_spans["spans"]) {
                normal_span(&mut span);
                spans.push(json!({ "resource": resource, "scope": scope, "span": span }));
            }
        }
    }
    let mut spans = Value::Array(spans);
    sort(&mut spans);
    json!({ "spans": spans, "error": body["error"] })
}

fn normal_span(span: &mut Value) {
    let attributes = take_list(&mut span["attributes"]);
    let (warnings, attributes): (Vec<_>, Vec<_>) =
        attributes.into_iter().partition(|attribute| attribute["key"] == WARNINGS);
    let warnings = warnings.first().map(|warning| &warning["value"]["arrayValue"]["values"]);
    span["warnings"] = warnings.map_or_else(|| json!(0), count);
    span["attributes"] = attributes.into();
    sort(&mut span["attributes"]);
    for list in ["events", "links"] {
        each(&mut span[list], |item| {
            sort(&mut item["attributes"]);
            // What senders dropped of one event or link is not kept by ours.
            if let Some(item) = item.as_object_mut() {
                item.remove("droppedAttributesCount");
            }
        });
        if span[list].is_null() {
            span[list] = json!([]);
        }
        sort(&mut span[list]);
    }
}

/// Jaeger says some warnings twice when it is asked twice: whether there are any.
fn count(warnings: &Value) -> Value {
    json!(usize::from(warnings.as_array().is_some_and(|list| !list.is_empty())))
}

/// Lists of names or operations.
pub(super) fn sorted(mut body: Value) -> Value {
    for list in ["data", "services", "operations"] {
        if let Some(list) = body.get_mut(list) {
            sort(list);
        }
    }
    body
}

/// Calls between different services: Jaeger also tells those of a service by itself.
pub(super) fn dependencies(mut body: Value) -> Value {
    let mut calls = take_list(&mut body["data"]);
    calls.retain(|call| call["parent"] != call["child"]);
    let mut calls = Value::Array(calls);
    sort(&mut calls);
    calls
}

/// Where two values differ first, and how.
pub(super) fn first_difference(jaeger: &Value, ours: &Value) -> Option<String> {
    match (jaeger, ours) {
        (Value::Array(a), Value::Array(b)) => {
            let pairs = a.iter().zip(b).enumerate();
            let within = pairs.filter_map(|(at, (a, b))| Some(format!("[{at}]{}", first_difference(a, b)?)));
            within.into_iter().next().or_else(|| {
                (a.len() != b.len())
                    .then(|| format!(": {} items from ours, {} from Jaeger", b.len(), a.len()))
            })
        }
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            let null = Value::Null;
            let of = |map: &serde_json::Map<String, Value>, key: &String| {
                map.get(key).cloned().unwrap_or_else(|| null.clone())
            };
            keys.into_iter()
                .find_map(|key| Some(format!(".{key}{}", first_difference(&of(a, key), &of(b, key))?)))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ if jaeger == ours => None,
        _ => Some(format!(": {ours:.300} from ours, {jaeger:.300} from Jaeger")),
    }
}

fn take_list(value: &mut Value) -> Vec<Value> {
    match value.take() {
        Value::Array(list) => list,
        _ => Vec::new(),
    }
}

fn each(list: &mut Value, mut change: impl FnMut(&mut Value)) {
    match list {
        Value::Array(items) => items.iter_mut().for_each(change),
        Value::Object(items) => items.values_mut().for_each(&mut change),
        _ => {}
    }
}

fn sort(list: &mut Value) {
    if let Some(items) = list.as_array_mut() {
        items.sort_by_cached_key(Value::to_string);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(order: [usize; 2], name: &str, warnings: &Value) -> Value {
        let spans = [
            json!({ "spanID": "1", "processID": "p1", "tags": [{ "key": "a" }, { "key": "b" }], "logs": [], "warnings": warnings }),
            json!({ "spanID": "2", "processID": "p2", "tags": [], "logs": [], "warnings": null }),
        ];
        let processes =
            json!({ "p1": { "serviceName": name, "tags": [] }, "p2": { "serviceName": "y", "tags": [] } });
        json!({ "data": [{ "spans": order.map(|at| spans[at].clone()), "processes": processes }], "errors": null })
    }

    #[test]
    fn order_and_words_do_not_count_and_all_else_does() {
        let one = Generation::First.traces(trace([0, 1], "x", &json!(["a", "b"])));
        let same = Generation::First.traces(trace([1, 0], "x", &json!(["c"])));
        assert_eq!(first_difference(&one, &same), None);
        let renamed = Generation::First.traces(trace([0, 1], "z", &json!(["a"])));
        let difference = first_difference(&one, &renamed).unwrap();
        assert!(difference.starts_with(".data[0].spans[0].processID.serviceName"), "{difference}");
        let silent = Generation::First.traces(trace([0, 1], "x", &Value::Null));
        assert!(first_difference(&one, &silent).unwrap().contains(".warnings"));
        assert_eq!(first_difference(&json!(3), &json!(3.0)), None);
        assert!(first_difference(&json!([1]), &json!([1, 2])).unwrap().contains("2 items"));
    }
}
