//! The machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::{Detect, Tag};
use crate::environment::Environment;

pub(super) fn host(detect: &Detect, environment: &Environment) -> Vec<Tag> {
    let mut tags = vec![("os.type", os().to_owned()), ("host.arch", architecture().to_owned())];
    let from_kernel = detect.read("/proc/sys/kernel/hostname");
    let from_variables = || environment.get("HOSTNAME").or_else(|| environment.get("COMPUTERNAME"));
    let name = from_kernel.or_else(|| from_variables().map(str::to_owned));
    if let Some(name) = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()) {
        tags.push(("host.name", name));
    }
    tags
}

/// The address that a route out of the machine begins at. A datagram socket is connected for that, and
/// nothing is sent.
pub(super) fn ip() -> Option<Tag> {
    // Addresses for documentation: they are routed as any, and nobody has them.
    let v4 = (Ipv4Addr::UNSPECIFIED.into(), IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)));
    let v6 = (Ipv6Addr::UNSPECIFIED.into(), IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)));
    let found = [v4, v6].into_iter().find_map(|(from, to): (IpAddr, IpAddr)| {
        let socket = UdpSocket::bind(SocketAddr::from((from, 0))).ok()?;
        socket.connect(SocketAddr::from((to, 9))).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
    });
    found.map(|ip| ("ip", ip.to_string()))
}

/// OpenTelemetry's names of systems.
fn os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "dragonfly" => "dragonflybsd",
        other => other,
    }
}

/// OpenTelemetry's names of processors.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}
