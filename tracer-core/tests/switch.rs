//! What a switch turns off, and that the trace stays whole.
#![cfg(not(feature = "recording-off"))]

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracer_core::testing::{InMemoryExporter, TestTracer};
use tracer_core::{Clock, Pipeline, Scope, Span, Switch, SwitchError, Tracer, tags};

fn shop(switch: &Switch) -> TestTracer {
    TestTracer::build("shop", Clock::system(), |tracer| tracer.switch(switch))
}

#[test]
fn an_operation_that_is_off_hangs_its_children_on_its_parent() {
    let switch = Switch::new();
    let test = shop(&switch);
    switch.set("operation:middle*=off").unwrap();
    let name = String::from("middle/7");
    let root = test.tracer().span("root").start_active();
    let middle = test.tracer().span("middle").start_active();
    let dynamic = test.tracer().span_with_name(&name).tag("a", 1).start_active();
    let leaf = test.tracer().span("leaf").start();
    assert_eq!(leaf.context().parent_id(), root.context().span_id());
    drop((leaf, dynamic, middle, root));
    assert_eq!(test.tree(), "root\n└─ leaf\n");
    let stats = test.tracer().stats();
    assert_eq!((stats.started, stats.finished, stats.unsampled), (2, 2, 0));
}

#[test]
fn traces_begin_below_a_root_that_is_off() {
    let switch = Switch::new();
    switch.set("operation:health=off").unwrap();
    let test = shop(&switch);
    let root = test.tracer().span("health").start();
    assert!(!root.context().is_valid() && !root.is_recording());
    test.tracer().span("check").child_of(root.context()).start().finish();
    // Whoever is given the span alone finds the tracer in it.
    root.tracer().span("disk").start().finish();
    root.finish();
    assert_eq!(test.tree(), "check\ndisk\n");
}

#[test]
fn rules_change_while_running_and_a_running_span_stays_as_it_is() {
    let switch = Switch::new();
    let test = shop(&switch);
    let start = || test.tracer().span("job").ignore_active_span().start();
    let mut running = start();
    switch.set("operation:job=off").unwrap();
    running.set_tag("kept", true);
    let mut off = start();
    switch.set("").unwrap();
    let on = start();
    assert_eq!([&running, &off, &on].map(Span::is_recording), [true, false, true]);
    // What is off stays off.
    off.set_tag(tags::SAMPLING_PRIORITY, 1);
    assert!(!off.is_recording() && !off.context().is_valid());
    drop((running, off, on));
    assert_eq!(test.tree(), "job kept=true\njob\n");
}

#[test]
fn a_target_is_off_with_all_its_spans_and_no_other_target() {
    let switch = Switch::new();
    let exporter = InMemoryExporter::default();
    let pipeline = Pipeline::builder().exporter(exporter.clone()).start_without_thread();
    let tracer = |scope| {
        Tracer::builder("shop").pipeline(&pipeline).scope(Scope::new(scope, "1")).switch(&switch).build()
    };
    let (sqlx, hyper) = (tracer("sqlx"), tracer("hyper"));
    switch.set("target:sql*=off, operation:query=on").unwrap();
    let root = hyper.span("GET").start();
    let query = sqlx.span("query").child_of(root.context()).start();
    hyper.span("connect").child_of(query.context()).start().finish();
    drop((query, root));
    pipeline.flush(Duration::from_secs(60)).unwrap();
    let names: Vec<_> = exporter.spans().into_iter().map(|span| span.name.clone()).collect();
    assert_eq!(names, ["connect", "GET"]);
}

#[test]
fn a_tag_that_is_off_is_left_out_wherever_it_is_set() {
    let switch = Switch::new();
    let test = shop(&switch);
    switch.set("tag:db.*=off, tag:db.type=on, tag:error=off, tag:sampling.priority=off").unwrap();
    let mut span = test
        .tracer()
        .span("query")
        .tag(tags::DB_STATEMENT, "SELECT 1")
        .tag(tags::SAMPLING_PRIORITY, 1)
        .start();
    span.set_tag(tags::DB_USER, "me").set_tag(tags::DB_TYPE, "sql").set_tag("rows", 3);
    span.set_tag(tags::ERROR, true);
    span.set_tag_with("db.late", || 1).set_tag_display("db.shown", &1);
    span.finish();
    assert_eq!(test.tree(), "query [error] db.type=sql rows=3\n");
}

#[test]
fn a_faulty_text_changes_nothing() {
    let switch = Switch::new();
    let test = shop(&switch);
    switch.set("operation:a=off").unwrap();
    let error = switch.set("operation:b=off\noperation c=off").unwrap_err();
    assert!(matches!(error, SwitchError::Malformed { line: 2, .. }), "{error}");
    assert!(!test.tracer().span("a").start().is_recording());
    assert!(test.tracer().span("b").start().is_recording());
}

#[test]
fn every_thread_sees_new_rules_and_no_off_span_slips_through_while_others_change() {
    let switch = Switch::new();
    switch.set("operation:secret*=off").unwrap();
    let test = shop(&switch);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert!(!test.tracer().span("secret").start().is_recording());
                    assert!(!test.tracer().span_with_name("secret 2").start().is_recording());
                    std::thread::yield_now();
                }
            });
        }
        for round in 0..200 {
            switch.set(&format!("operation:secret*=off, operation:{round}=off")).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(test.tracer().stats().started, 0);
}

#[test]
fn a_file_is_read_again_when_it_changes_and_its_rules_go_with_it() {
    let path = std::env::temp_dir().join(format!("tracer-switch-{}.rules", std::process::id()));
    let _ = fs::remove_file(&path);
    let switch = Switch::new();
    let test = shop(&switch);
    let is_on = |name: &'static str| test.tracer().span(name).start().is_recording();
    switch.watch_file(&path);
    assert!(is_on("a"));
    fs::write(&path, "# off for now\noperation:a=off\nnonsense\noperation:b=off\n").unwrap();
    switch.poll_file();
    assert_eq!([is_on("a"), is_on("b"), is_on("c")], [false, false, true]);
    // A file overrules code.
    switch.set("operation:a=on, operation:c=off").unwrap();
    assert_eq!([is_on("a"), is_on("c")], [false, false]);
    fs::write(&path, "operation:c=on").unwrap();
    switch.poll_file();
    assert_eq!([is_on("a"), is_on("c")], [true, true]);
    // Too large: said, and what was there before stays; then gone.
    fs::write(&path, "#".repeat(70_000)).unwrap();
    switch.poll_file();
    assert!(is_on("c"));
    fs::remove_file(&path).unwrap();
    switch.poll_file();
    assert_eq!([is_on("a"), is_on("c")], [true, false]);
}

#[test]
fn a_pipelines_worker_looks_after_the_file() {
    let path = std::env::temp_dir().join(format!("tracer-switch-{}-worker.rules", std::process::id()));
    let _ = fs::remove_file(&path);
    let switch = Switch::new();
    switch.watch_file(&path);
    let pipeline = Pipeline::builder().interval(Duration::from_millis(20)).start();
    let tracer = Tracer::builder("shop").pipeline(&pipeline).switch(&switch).build();
    fs::write(&path, "operation:a=off").unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while tracer.span("a").start().is_recording() {
        assert!(Instant::now() < deadline, "the file is not read");
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::remove_file(&path).unwrap();
}
