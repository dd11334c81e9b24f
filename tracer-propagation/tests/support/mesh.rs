//! Headers that are passed on without a tracer, and beside one.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tracer_propagation::ForwardSet;

use super::text;

pub(super) fn mesh(operation: &str, input: &Value) -> Option<Value> {
    if operation != "forward" {
        return None;
    }
    let mut set = match input.get("allow") {
        None => ForwardSet::book(),
        Some(allowed) => names(allowed)?.into_iter().fold(ForwardSet::new(), ForwardSet::with),
    };
    if let Some(owned) = input.get("owned") {
        set = names(owned)?.into_iter().fold(set, ForwardSet::without);
    }
    let mut outgoing = input.get("injected").map_or_else(|| Some(HeaderMap::new()), map)?;
    set.capture(&map(&input["headers"])?).apply(&mut outgoing).ok()?;
    let listed: Vec<_> = outgoing
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    Some(json!({ "headers": listed }))
}

fn names(list: &Value) -> Option<Vec<HeaderName>> {
    list.as_array()?.iter().map(name).collect()
}

fn map(list: &Value) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for pair in list.as_array()? {
        headers.append(name(&pair[0])?, HeaderValue::from_bytes(text(&pair[1])?.as_bytes()).ok()?);
    }
    Some(headers)
}

fn name(value: &Value) -> Option<HeaderName> {
    HeaderName::from_bytes(text(value)?.as_bytes()).ok()
}
