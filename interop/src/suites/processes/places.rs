//! Where each process runs: in network namespaces that are joined by a bridge, or on ports of this
//! machine where namespaces are not to be had.
//!
//! ```text
//! namespace hub: bridge, 10.213.0.1 ─┬─ viewer 10.213.0.2
//!                                    ├─ frontend 10.213.0.3
//!                                    └─ …
//! ```

use std::path::PathBuf;
use std::process::{Command, id};

use crate::peers::clean_command;
use crate::process::free_ports;

const NAMES: [&str; 5] = ["viewer", "frontend", "customer", "driver", "route"];

/// A process's host and port.
#[derive(Debug)]
pub(super) struct Place {
    name: &'static str,
    namespace: Option<String>,
    pub(super) host: String,
    pub(super) port: u16,
}

/// All places. Namespaces go when it is dropped.
#[derive(Debug)]
pub(super) struct Network {
    places: Vec<Place>,
    hub: Option<String>,
    namespaces: Vec<String>,
}

/// Brings this thread into a namespace.
pub(super) fn enter(namespace: Option<&str>) -> Result<(), String> {
    namespace.map_or(Ok(()), enter_named)
}

#[cfg(not(target_os = "linux"))]
fn enter_named(_: &str) -> Result<(), String> {
    Err("only Linux has network namespaces".to_owned())
}

#[cfg(target_os = "linux")]
fn enter_named(namespace: &str) -> Result<(), String> {
    use nix::sched::{CloneFlags, setns};
    let file = std::fs::File::open(format!("/run/netns/{namespace}")).map_err(|error| error.to_string())?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(|error| error.to_string())
}

impl Network {
    /// With namespaces if they can be had.
    pub(super) fn make() -> Result<Self, String> {
        let mut network = Self { places: Vec::new(), hub: None, namespaces: Vec::new() };
        if network.namespaces().is_ok() {
            return Ok(network);
        }
        let ports = free_ports::<5>().map_err(|error| error.to_string())?;
        let place = |(name, port)| Place { name, namespace: None, host: "127.0.0.1".to_owned(), port };
        // What was made so far goes first.
        network = Self { places: Vec::new(), hub: None, namespaces: Vec::new() };
        network.places = NAMES.into_iter().zip(ports).map(place).collect();
        Ok(network)
    }

    pub(super) fn what(&self) -> &'static str {
        if self.hub.is_some() { "a namespace each" } else { "a port each" }
    }

    /// The namespace from which all are reached; `None` for this machine's own.
    pub(super) fn hub(&self) -> Option<String> {
        self.hub.clone()
    }

    pub(super) fn place(&self, name: &str) -> Result<&Place, String> {
        self.places.iter().find(|place| place.name == name).ok_or_else(|| format!("no place for {name}"))
    }

    fn namespaces(&mut self) -> Result<(), String> {
        let hub = self.add("hub")?;
        ip(&["-n", &hub, "link", "add", "bridge", "type", "bridge"])?;
        ip(&["-n", &hub, "addr", "add", "10.213.0.1/24", "dev", "bridge"])?;
        ip(&["-n", &hub, "link", "set", "bridge", "up"])?;
        for (name, number) in NAMES.into_iter().zip(2..) {
            let namespace = self.add(name)?;
            let (host, port) = (format!("10.213.0.{number}"), 8000 + number);
            let cable = format!("cable{number}");
            ip(&[
                "-n", &hub, "link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns",
                &namespace,
            ])?;
            ip(&["-n", &hub, "link", "set", &cable, "master", "bridge", "up"])?;
            ip(&["-n", &namespace, "addr", "add", &format!("{host}/24"), "dev", "eth0"])?;
            ip(&["-n", &namespace, "link", "set", "eth0", "up"])?;
            self.places.push(Place { name, namespace: Some(namespace), host, port });
        }
        self.hub = Some(hub);
        Ok(())
    }

    /// Makes a namespace.
    fn add(&mut self, name: &str) -> Result<String, String> {
        let namespace = format!("hotrod-{}-{name}", id());
        ip(&["netns", "add", &namespace])?;
        self.namespaces.push(namespace.clone());
        ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
        Ok(namespace)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for namespace in &self.namespaces {
            // Nobody is left to tell.
            let _ = ip(&["netns", "del", namespace]);
        }
    }
}

impl Place {
    /// A program that runs there.
    pub(super) fn command(&self, program: PathBuf) -> Command {
        let Some(namespace) = &self.namespace else { return clean_command(program) };
        let mut command = clean_command(PathBuf::from("ip"));
        command.args(["netns", "exec", namespace]).arg(program);
        command
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
