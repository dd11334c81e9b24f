//! HTTP, as all services speak it.

pub(crate) mod answer;
pub(crate) mod client;
pub(crate) mod query;
pub(crate) mod server;
pub(crate) mod wire;

/// `host:port`, in brackets where the host is an IPv6 address.
pub(crate) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Where to reach a service that listens on a host: "all addresses" is no address to go to.
pub(crate) fn dialled(host: &str) -> &str {
    match host {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    }
}
