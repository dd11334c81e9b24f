//! What can be found out about the process, by OpenTelemetry's names for it and Jaeger's.
//!
//! | detector | tags |
//! |---|---|
//! | always | `telemetry.sdk.name`, `telemetry.sdk.language`, `telemetry.sdk.version` |
//! | `host` | `host.name`, `host.arch`, `os.type` |
//! | `ip` | `ip`: the address that the machine would send from; nothing is sent for that |
//! | `process` | `process.pid`, `process.executable.name`, `process.executable.path`, `process.command` |
//! | `process_args` | `process.command_args`, which may hold secrets |
//! | `runtime` | `process.runtime.name` (`rustc`), `process.runtime.version` |
//! | `instance` | `service.instance.id` and `client-uuid`: the same, new for each process |
//! | `container` | `container.id`, from `/proc/self/cgroup` or `/proc/self/mountinfo` |
//! | `kubernetes` | `k8s.pod.name`, `k8s.namespace.name` and others, from variables of the downward API |

mod container;
mod host;
mod kubernetes;
mod process;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::parse;

/// A tag.
pub(crate) type Tag = (&'static str, String);

/// Something that finds tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detector {
    Host,
    Ip,
    Process,
    ProcessArgs,
    Runtime,
    Instance,
    Container,
    Kubernetes,
}

const NAMES: [(&str, Detector); 8] = [
    ("host", Detector::Host),
    ("ip", Detector::Ip),
    ("process", Detector::Process),
    ("runtime", Detector::Runtime),
    ("instance", Detector::Instance),
    ("container", Detector::Container),
    ("kubernetes", Detector::Kubernetes),
    ("process_args", Detector::ProcessArgs),
];

/// Where detectors look: the system, or a test's own folder.
#[derive(Clone, Debug)]
pub(crate) struct Detect {
    root: PathBuf,
}

impl Default for Detect {
    fn default() -> Self {
        Self { root: PathBuf::from("/") }
    }
}

impl Detector {
    /// All but the one that may find secrets.
    pub(crate) fn usual() -> Vec<Self> {
        NAMES
            .iter()
            .map(|(_, detector)| *detector)
            .filter(|detector| *detector != Self::ProcessArgs)
            .collect()
    }

    /// A list of names, `all` (the usual ones), or `none`.
    pub(crate) fn list(text: &str) -> Result<Vec<Self>, String> {
        let mut chosen = Vec::new();
        for name in parse::list(text) {
            match name.to_ascii_lowercase().as_str() {
                "all" => chosen.extend(Self::usual()),
                "none" => {}
                name => chosen.push(parse::one_of(name, &NAMES)?),
            }
        }
        Ok(chosen)
    }
}

impl Detect {
    /// Looks below another folder than `/`.
    #[cfg(test)]
    pub(crate) fn below(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The tags that these detectors find.
    pub(crate) fn run(&self, detectors: &[Detector], environment: &Environment) -> Vec<Tag> {
        let mut tags = vec![
            ("telemetry.sdk.name", "tracer-core".to_owned()),
            ("telemetry.sdk.language", "rust".to_owned()),
            ("telemetry.sdk.version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        for detector in detectors {
            match detector {
                Detector::Host => tags.extend(host::host(self, environment)),
                Detector::Ip => tags.extend(host::ip()),
                Detector::Process => tags.extend(process::process()),
                Detector::ProcessArgs => tags.extend(process::arguments()),
                Detector::Runtime => tags.extend(process::runtime()),
                Detector::Instance => tags.extend(process::instance()),
                Detector::Container => tags.extend(container::id(self)),
                Detector::Kubernetes => tags.extend(kubernetes::tags(self, environment)),
            }
        }
        tags
    }

    /// The text of a small file; nothing, if it is not there, or large, or no text.
    fn read(&self, path: &str) -> Option<String> {
        const FILE_BYTES_MAX: usize = 1 << 20;
        let path = self.root.join(path.trim_start_matches('/'));
        String::from_utf8(read_at_most(&path, FILE_BYTES_MAX).ok()?).ok()
    }
}

/// A file's bytes, if there are not more than so many.
pub(crate) fn read_at_most(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::Error::other(format!("it is larger than {bytes_max} bytes")));
    }
    Ok(bytes)
}

/// Opens a file that has an end: a pipe may have nobody who writes, and then the program would wait for ever.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let opened = std::fs::metadata(path)?.is_file().then(|| File::open(path));
    opened.unwrap_or_else(|| Err(io::Error::other("it is no regular file")))
}

#[cfg(test)]
mod testing {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Detect;

    /// A folder of a test's own, with files that the system would have.
    pub(super) struct Root(PathBuf);

    impl Root {
        pub(super) fn with(files: &[(&str, &str)]) -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let root = std::env::temp_dir().join(format!("tracer-detect-{}-{number}", std::process::id()));
            fs::create_dir_all(&root).unwrap();
            for (path, text) in files {
                let path = root.join(path.trim_start_matches('/'));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(root)
        }

        pub(super) fn detect(&self) -> Detect {
            Detect::below(&self.0)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Root;
    use super::*;

    #[test]
    fn detectors_are_chosen_by_name() {
        assert_eq!(Detector::list("host, Process_Args").unwrap(), [Detector::Host, Detector::ProcessArgs]);
        assert_eq!(Detector::list("none").unwrap(), []);
        assert!(!Detector::list("all").unwrap().contains(&Detector::ProcessArgs));
        assert!(Detector::list("host,x").unwrap_err().starts_with("none of host, ip"));
    }

    #[test]
    fn the_usual_tags_are_there_and_arguments_are_not() {
        let root = Root::with(&[("proc/sys/kernel/hostname", "box\n")]);
        let tags = root.detect().run(&Detector::usual(), &Environment::default());
        let of = |key: &str| tags.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str());
        assert_eq!(of("host.name"), Some("box"));
        assert_eq!(of("telemetry.sdk.name"), Some("tracer-core"));
        assert_eq!(of("process.pid"), Some(std::process::id().to_string().as_str()));
        assert_eq!(of("process.runtime.name"), Some("rustc"));
        assert!(of("process.executable.name").is_some() && of("service.instance.id").is_some());
        assert_eq!(of("process.command_args"), None);
        assert_eq!(of("container.id"), None);
    }

    #[test]
    fn files_have_a_limit() {
        let root = Root::with(&[("large", &"x".repeat(2 << 20)), ("small", "x")]);
        assert_eq!((root.detect().read("large"), root.detect().read("small")), (None, Some("x".into())));
    }
}
