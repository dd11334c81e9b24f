//! What axum puts beside a request: the route that matched, and who connected.

use std::net::SocketAddr;

use ::axum::extract::{ConnectInfo, MatchedPath};
use http::Extensions;

pub(crate) fn matched_path(extensions: &Extensions) -> Option<&str> {
    extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}

pub(crate) fn connected_from(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address)
}
