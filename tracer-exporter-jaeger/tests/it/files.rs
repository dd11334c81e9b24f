//! Files and writers.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Value;
use tracer_core::row::Rows;
use tracer_core::{Batch, Exported, Exporter, Pipeline, Resource, Scope, Tracer};
use tracer_exporter_jaeger::{JaegerFile, JsonLines};

use super::spans::capture;

const SOON: Duration = Duration::from_secs(20);

/// A folder of its own, which goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tracer-exporter-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("spans.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(exporter: impl Exporter + 'static, work: impl FnOnce(&Tracer, &Pipeline)) {
    let pipeline = Pipeline::builder().exporter(exporter).start();
    let tracer = Tracer::builder_for(Resource::bare("svc")).pipeline(&pipeline).build();
    work(&tracer, &pipeline);
    pipeline.shutdown(SOON).unwrap();
}

#[test]
fn lines_are_appended_each_whole() {
    let folder = Folder::new("lines");
    for name in ["one", "two"] {
        run(JsonLines::append(folder.file()).unwrap(), |tracer, _| tracer.span(name).start().finish());
    }
    let text = std::fs::read_to_string(folder.file()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let name = |line: &Value| line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"].clone();
    assert_eq!(lines.iter().map(name).collect::<Vec<_>>(), ["one", "two"]);
    assert!(JsonLines::append(folder.0.join("no/such/folder/x")).is_err());
}

/// Takes so many bytes, then fails once, then takes all.
#[derive(Clone, Default)]
struct Failing(Arc<Mutex<(Vec<u8>, Option<usize>)>>);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (written, room) = &mut *self.0.lock();
        let taken = match room {
            Some(0) => {
                *room = None;
                return Err(io::Error::other("disk full"));
            }
            Some(room) => {
                let taken = bytes.len().min(*room);
                *room -= taken;
                taken
            }
            None => bytes.len(),
        };
        written.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_that_broke_does_not_spoil_the_next() {
    let captured = capture(|tracer| tracer.span("work").start().finish());
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&captured.rows).unwrap());
    let out = Failing::default();
    out.0.lock().1 = Some(40);
    let mut exporter = JsonLines::to(out.clone());
    let error = exporter.export(&batch, Instant::now() + SOON).unwrap_err();
    assert_eq!(error.to_string(), "exporter failed: cannot write: disk full");
    assert_eq!(exporter.export(&batch, Instant::now() + SOON), Ok(Exported::ALL));
    let text = String::from_utf8(out.0.lock().0.clone()).unwrap();
    let whole = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    assert_eq!(whole, 1, "{text}");
    assert!(text.ends_with('\n'));
}

fn names(folder: &Folder) -> Vec<String> {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(folder.file()).unwrap()).unwrap();
    let traces = file["data"].as_array().unwrap();
    let spans = traces.iter().flat_map(|trace| trace["spans"].as_array().unwrap());
    let mut names: Vec<_> = spans.map(|span| span["operationName"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names
}

#[test]
fn jaegers_file_is_whole_at_each_flush_and_at_the_end() {
    let folder = Folder::new("jaeger");
    run(JaegerFile::new(folder.file()), |tracer, pipeline| {
        tracer.span("one").start().finish();
        pipeline.flush(SOON).unwrap();
        assert_eq!(names(&folder), ["one"]);
        tracer.span("two").start().finish();
        pipeline.flush(SOON).unwrap();
        assert_eq!(names(&folder), ["one", "two"]);
        tracer.span("three").start().finish();
    });
    assert_eq!(names(&folder), ["one", "three", "two"]);
    let others = std::fs::read_dir(&folder.0).unwrap().count();
    assert_eq!(others, 1, "nothing is left beside the file");
}

#[test]
fn jaegers_file_takes_no_more_than_it_may_and_says_what_it_cannot_write() {
    let folder = Folder::new("limit");
    let captured = capture(|tracer| (0..10).for_each(|_| tracer.span("work").start().finish()));
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&captured.rows).unwrap());
    let mut exporter = JaegerFile::new(folder.file()).bytes_max(2_000);
    let exported = exporter.export(&batch, Instant::now() + SOON).unwrap();
    assert!((1..10).contains(&exported.rejected), "{exported:?}");
    exporter.flush(Instant::now() + SOON).unwrap();
    assert_eq!(names(&folder).len(), 10 - exported.rejected);
    let mut nowhere = JaegerFile::new(folder.0.join("no/such/folder/x"));
    nowhere.export(&batch, Instant::now() + SOON).unwrap();
    assert!(nowhere.flush(Instant::now() + SOON).is_err());
}
