//! Check 15: the tags by which each part describes itself.

use super::dissected::Dissected;
use super::expectations::Expectations;
use super::role::Role;
use crate::jaeger_json::Span;

/// A tag that is expected: its key in either edition, and what its value must be.
type Tag = (&'static [&'static str], Value);

#[derive(Clone, Copy, Debug)]
enum Value {
    Any,
    OneOf(&'static [&'static str]),
    Starts(&'static str),
    Ends(&'static str),
}

const METHOD: Tag = (&["http.request.method", "http.method"], Value::OneOf(&["GET"]));
const STATUS: Tag = (&["http.response.status_code", "http.status_code"], Value::OneOf(&["200"]));
const URL: Tag = (&["url.full", "http.url"], Value::Starts("http://"));
const ROUTE: Tag = (&["http.route"], Value::Any);
const PATH: &[&str] = &["url.path", "http.target"];

/// Check 15: every part has its own tags.
pub(super) fn tags(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    for part in &it.parts {
        let Some(role) = part.role else { continue };
        for (keys, value) in wanted(role, part.span) {
            let found = part.span.tag_of_any(keys);
            if !found.as_deref().is_some_and(|text| value.fits(text)) {
                return Err(format!("{role:?}: {keys:?} is {found:?}, not {value:?}"));
            }
        }
    }
    Ok(())
}

fn wanted(role: Role, span: &Span) -> Vec<Tag> {
    match role {
        Role::Dispatch => vec![METHOD, STATUS, (PATH, Value::Starts("/dispatch"))],
        Role::CustomerServer => vec![METHOD, STATUS, ROUTE, (PATH, Value::Starts("/customer"))],
        Role::RouteServer => vec![METHOD, STATUS, ROUTE, (PATH, Value::Starts("/route"))],
        Role::CustomerCall | Role::RouteCall => vec![METHOD, STATUS, URL],
        Role::SqlSelect => vec![
            (&["peer.service", "service.peer.name"], Value::OneOf(&["mysql"])),
            (&["sql.query", "db.query.text"], Value::Starts("SELECT * FROM customer WHERE customer_id=")),
        ],
        Role::FindNearestCall | Role::FindNearestServer => vec![
            (&["rpc.system", "rpc.system.name"], Value::OneOf(&["grpc"])),
            (&["rpc.method"], Value::Ends("FindNearest")),
            (&["rpc.grpc.status_code", "rpc.response.status_code"], Value::OneOf(&["0", "OK"])),
        ],
        Role::FindDriverIds => vec![(&["param.driver.location", "db.system.name"], Value::Any)],
        Role::GetDriver => get_driver_tags(span),
    }
}

fn get_driver_tags(span: &Span) -> Vec<Tag> {
    let mut tags: Vec<Tag> = vec![(&["param.driverID", "db.system.name"], Value::Any)];
    if span.is_error() {
        tags.push((&["otel.status_code"], Value::OneOf(&["ERROR"])));
        tags.push((&["otel.status_description"], Value::OneOf(&["An error occurred"])));
    }
    tags
}

impl Value {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Any => !text.is_empty(),
            Self::OneOf(values) => values.contains(&text),
            Self::Starts(start) => text.starts_with(start),
            Self::Ends(end) => text.ends_with(end),
        }
    }
}
