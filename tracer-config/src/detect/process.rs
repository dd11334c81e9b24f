//! The process.

use rand::TryRng;
use rand::rngs::SysRng;

use super::Tag;

/// What of the arguments is told, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 4096;

pub(super) fn process() -> Vec<Tag> {
    let mut tags = vec![("process.pid", std::process::id().to_string())];
    if let Ok(path) = std::env::current_exe() {
        if let Some(name) = path.file_name() {
            tags.push(("process.executable.name", name.to_string_lossy().into_owned()));
        }
        tags.push(("process.executable.path", path.to_string_lossy().into_owned()));
    }
    // The program as it was called; its arguments are for who asks for them.
    if let Some(command) = std::env::args_os().next() {
        tags.push(("process.command", command.to_string_lossy().into_owned()));
    }
    tags
}

/// All of the command line, as one text: a tag of a resource is one here.
pub(super) fn arguments() -> Option<Tag> {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let mut text = arguments.join(" ");
    if text.len() > ARGUMENTS_BYTES_MAX {
        text.truncate(text.floor_char_boundary_of(ARGUMENTS_BYTES_MAX));
    }
    Some(("process.command_args", text)).filter(|(_, text)| !text.is_empty())
}

pub(super) fn runtime() -> Vec<Tag> {
    let version = env!("TRACER_CONFIG_RUSTC_VERSION");
    let mut tags = vec![("process.runtime.name", "rustc".to_owned())];
    if !version.is_empty() {
        tags.push(("process.runtime.version", version.to_owned()));
    }
    tags
}

/// A random UUID (RFC 9562, version 4): Jaeger's clients call it `client-uuid`.
pub(super) fn instance() -> Vec<Tag> {
    let mut bytes = [0; 16];
    if SysRng.try_fill_bytes(&mut bytes).is_err() {
        return Vec::new();
    }
    let bits = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts: Vec<&str> = parts.iter().filter_map(|&(from, to)| hex.get(from..to)).collect();
    let id = parts.join("-");
    vec![("service.instance.id", id.clone()), ("client-uuid", id)]
}

trait CharBoundary {
    /// The last boundary between characters that is not behind `at`.
    fn floor_char_boundary_of(&self, at: usize) -> usize;
}

impl CharBoundary for str {
    fn floor_char_boundary_of(&self, at: usize) -> usize {
        (0..=at.min(self.len())).rev().find(|at| self.is_char_boundary(*at)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_has_a_uuid_of_version_4() {
        let [(_, id), (_, same)] = &instance()[..] else { panic!("two tags") };
        assert_eq!(id, same);
        let shape: String = id.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert_ne!(instance()[0], instance()[0]);
    }
}
