//! The ten parts that a span of a dispatch can play.

use crate::jaeger_json::Span;

/// The part a span plays in a dispatch, recognised by its operation name (of either edition),
/// and by what it calls where two parts share a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Dispatch,
    CustomerCall,
    CustomerServer,
    SqlSelect,
    FindNearestCall,
    FindNearestServer,
    FindDriverIds,
    GetDriver,
    RouteCall,
    RouteServer,
}

/// What is fixed for all spans of a role.
#[derive(Debug)]
pub(super) struct RoleSpec {
    pub(super) service: &'static str,
    pub(super) kind: &'static str,
    pub(super) parent: Option<Role>,
    /// Steps from the root.
    pub(super) depth: usize,
    /// How many of them a trace has; retried `GetDriver` spans come on top.
    pub(super) count: usize,
}

const FIND_NEAREST: &str = "driver.DriverService/FindNearest";

impl Role {
    pub(super) const ALL: [Self; 10] = [
        Self::Dispatch,
        Self::CustomerCall,
        Self::CustomerServer,
        Self::SqlSelect,
        Self::FindNearestCall,
        Self::FindNearestServer,
        Self::FindDriverIds,
        Self::GetDriver,
        Self::RouteCall,
        Self::RouteServer,
    ];

    /// The role of a span, or `None` if a dispatch has no such span.
    ///
    /// `parent` is the span that its first reference points at: both sides of the gRPC call
    /// have one name, so the server's side is the one whose parent has it too.
    pub(super) fn of(span: &Span, parent: Option<&Span>) -> Option<Self> {
        match span.operation_name.as_str() {
            "/dispatch" | "GET /dispatch" => Some(Self::Dispatch),
            "/customer" | "GET /customer" => Some(Self::CustomerServer),
            "/route" | "GET /route" => Some(Self::RouteServer),
            "HTTP GET" | "HTTP GET: /customer" | "HTTP GET: /route" => Self::of_http_call(span),
            "SQL SELECT" => Some(Self::SqlSelect),
            "FindDriverIDs" => Some(Self::FindDriverIds),
            "GetDriver" => Some(Self::GetDriver),
            FIND_NEAREST if parent.is_some_and(|it| it.operation_name == FIND_NEAREST) => {
                Some(Self::FindNearestServer)
            }
            FIND_NEAREST => Some(Self::FindNearestCall),
            _ => None,
        }
    }

    fn of_http_call(span: &Span) -> Option<Self> {
        let url = span.tag_of_any(&["url.full", "http.url"])?;
        match path_of(&url) {
            "/customer" => Some(Self::CustomerCall),
            "/route" => Some(Self::RouteCall),
            _ => None,
        }
    }

    pub(super) fn spec(self) -> RoleSpec {
        let (service, kind, parent, depth, count) = match self {
            Self::Dispatch => ("frontend", "server", None, 0, 1),
            Self::CustomerCall => ("frontend", "client", Some(Self::Dispatch), 1, 1),
            Self::CustomerServer => ("customer", "server", Some(Self::CustomerCall), 2, 1),
            Self::SqlSelect => ("mysql", "client", Some(Self::CustomerServer), 3, 1),
            Self::FindNearestCall => ("frontend", "client", Some(Self::Dispatch), 1, 1),
            Self::FindNearestServer => ("driver", "server", Some(Self::FindNearestCall), 2, 1),
            Self::FindDriverIds => ("redis-manual", "client", Some(Self::FindNearestServer), 3, 1),
            Self::GetDriver => ("redis-manual", "client", Some(Self::FindNearestServer), 3, 10),
            Self::RouteCall => ("frontend", "client", Some(Self::Dispatch), 1, 10),
            Self::RouteServer => ("route", "server", Some(Self::RouteCall), 2, 10),
        };
        RoleSpec { service, kind, parent, depth, count }
    }
}

/// The path of an absolute URL, without its query.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("");
    path.split(['?', '#']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_path_of_a_url() {
        for (url, path) in [
            ("http://127.0.0.1:8083/route?pickup=1%2C2", "/route"),
            ("http://0.0.0.0:8081/customer", "/customer"),
            ("http://route", ""),
            ("/route?x=/customer", "/route"),
            ("", ""),
        ] {
            assert_eq!(path_of(url), path, "{url}");
        }
    }
}
