//! The configuration file.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{notes, resolved, value, with};

/// A file of a test's own.
pub(crate) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    pub(crate) fn with(bytes: impl AsRef<[u8]>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tracer-config-{}-{number}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(feature = "file")]
#[test]
fn variables_are_put_in_and_tables_are_lists_of_pairs() {
    let file = TemporaryFile::with(
        "[otlp]\nendpoint = \"http://${COLLECTOR:nobody}:4318\"\nheaders = { \"x-tenant\" = \"a,b\" }\n\
         [resource]\n\"deployment.environment.name\" = \"${STAGE:test}\"\n",
    );
    let configuration = resolved(&[("TRACER_CONFIG_FILE", file.path()), ("COLLECTOR", "c")]);
    assert_eq!(notes(&configuration), [""; 0]);
    assert_eq!(value(&configuration, "otlp.endpoint").0, "http://c:4318");
    assert_eq!(value(&configuration, "otlp.headers").0, "x-tenant=…");
    assert_eq!(value(&configuration, "resource").0, "deployment.environment.name=test");
}

#[cfg(all(unix, feature = "file"))]
#[test]
fn what_has_no_end_is_not_read() {
    let pipe = std::env::temp_dir().join(format!("tracer-config-pipe-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for path in [pipe.to_str().unwrap(), "/dev/zero", "/"] {
        let told = notes(&resolved(&[("TRACER_CONFIG_FILE", path)]));
        let expected = format!(
            "TRACER_CONFIG_FILE={path:?} is ignored: cannot read {path:?}: it is no regular file; no file is used"
        );
        assert_eq!(told, [expected]);
        #[cfg(feature = "tls")]
        {
            let told = notes(&resolved(&[("OTEL_EXPORTER_OTLP_CERTIFICATE", path)]));
            assert!(told.len() == 1 && told[0].contains("cannot be read: it is no regular file"), "{told:?}");
        }
    }
    fs::remove_file(&pipe).unwrap();
}

#[cfg(feature = "file")]
#[test]
fn what_is_wrong_in_it_is_said_by_line() {
    let file = TemporaryFile::with("exporter = 'otlp'\n\n[pipeline]\ninterval_ms = 'soon'\n");
    let notes = notes(&resolved(&[("TRACER_CONFIG_FILE", file.path())]));
    let path = file.path();
    assert_eq!(
        notes,
        [
            format!(
                "{path}:4: pipeline.interval_ms=\"soon\" is ignored: no number of milliseconds from 1, nor a time \
                 as 1.5s; 1000 is used"
            ),
            format!("{path}:1: exporter=\"…\" is ignored: no key of that name is known"),
        ]
    );
}

#[cfg(not(feature = "file"))]
#[test]
fn without_the_feature_no_file_is_read_and_that_is_said() {
    let file = TemporaryFile::with("service_name = 'file'");
    let configuration = resolved(&[("TRACER_CONFIG_FILE", file.path())]);
    assert_eq!(value(&configuration, "service_name").0, "test");
    let told = notes(&configuration);
    assert!(told.len() == 1 && told[0].contains("that needs this crate's feature `file`"), "{told:?}");
    assert!(with(&[]).file(file.path()).resolve().is_err());
}

#[cfg(feature = "file")]
#[test]
fn a_file_of_a_variable_that_cannot_be_used_is_noted_and_the_builders_is_an_error() {
    let large = TemporaryFile::with(vec![b'#'; 300_000]);
    let malformed = TemporaryFile::with("a = \n");
    let binary = TemporaryFile::with([0xff, 0xfe]);
    let cases = [
        (large.path(), "is larger than 262144 bytes"),
        (malformed.path(), "line 1: "),
        (binary.path(), "not UTF-8"),
        ("/no/such/file", "cannot read"),
        ("/", "cannot read"),
    ];
    for (path, reason) in cases {
        let configuration = resolved(&[("TRACER_CONFIG_FILE", path)]);
        let notes = notes(&configuration);
        assert!(
            notes.len() == 1 && notes[0].contains(reason) && notes[0].ends_with("no file is used"),
            "{notes:?}"
        );
        let error = with(&[]).file(path).resolve().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}
