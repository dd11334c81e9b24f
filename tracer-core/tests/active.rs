//! The active span: nesting, order, re-entrance, futures, threads.
#![cfg(not(feature = "recording-off"))]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tracer_core::active::{self, Carried, Instrument};
use tracer_core::testing::TestTracer;
use tracer_core::{Baggage, SpanContext, SpanId, Tracer};

#[test]
fn scopes_nest_without_passing_anything() {
    let test = TestTracer::new("svc");
    let outer = test.tracer().span("outer").start_active();
    {
        let _inner = test.tracer().span("inner").start_active();
        test.tracer().span("leaf").start().finish();
    }
    test.tracer().span("second").start().finish();
    test.tracer().span("apart").ignore_active_span().start().finish();
    outer.finish();
    assert_eq!(test.tree(), "outer\n├─ inner\n│  └─ leaf\n└─ second\napart\n");
    assert_eq!(active::context(), None);
}

#[test]
fn scopes_that_end_in_another_order_keep_parents_right() {
    let test = TestTracer::new("svc");
    let first = test.tracer().span("first").start_active();
    let second = test.tracer().span("second").start_active();
    let third = test.tracer().span("third").start_active();
    first.finish();
    test.tracer().span("below third").start().finish();
    third.finish();
    test.tracer().span("below second").start().finish();
    second.finish();
    assert_eq!(active::context(), None);
    assert_eq!(test.tree(), "first\n└─ second\n   ├─ third\n   │  └─ below third\n   └─ below second\n");
}

#[test]
fn a_value_that_opens_spans_while_it_is_set_is_harmless() {
    struct Nosy(Tracer);
    impl std::fmt::Display for Nosy {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            assert!(active::with(|_| ()).is_none(), "the span is being changed");
            let scope = self.0.span("logger").start_active();
            active::with(|span| {
                span.set_tag("line", 1);
            });
            scope.finish();
            f.write_str("value")
        }
    }

    let test = TestTracer::new("svc");
    let scope = test.tracer().span("request").start_active();
    active::with(|span| {
        span.set_tag_display("k", &Nosy(test.tracer().clone()));
    });
    scope.finish();
    assert_eq!(test.tree(), "request k=value\n└─ logger line=1\n");
}

#[test]
fn a_scope_that_ends_while_its_span_is_changed_ends_the_span() {
    let test = TestTracer::new("svc");
    let mut scope = Some(test.tracer().span("request").start_active());
    active::with(|span| {
        drop(scope.take());
        span.set_tag("after", true);
    });
    assert_eq!(test.tree(), "request after=true\n");
    assert_eq!(active::context(), None);
}

#[test]
fn a_panic_inside_a_change_leaves_the_span_in_its_place() {
    let test = TestTracer::new("svc");
    let scope = test.tracer().span("request").start_active();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        active::with(|_| panic!("in the application"));
    }));
    assert!(caught.is_err());
    assert!(active::with(|span| span.is_recording()).unwrap());
    drop(scope);
    assert_eq!(test.tree(), "request\n");
}

#[test]
fn a_scope_changes_its_own_span_and_gives_it_back() {
    let test = TestTracer::new("svc");
    let mut outer = test.tracer().span("outer").start_active();
    let inner = test.tracer().span("inner").start_active();
    outer.with(|span| span.set_tag("n", 1).is_recording()).unwrap();
    let span = inner.into_span();
    assert_eq!(active::context(), Some(outer.context()));
    drop(outer);
    span.finish();
    assert_eq!(test.tree(), "outer n=1\n└─ inner\n");
}

#[test]
fn baggage_set_on_the_active_span_reaches_its_children() {
    let test = TestTracer::new("svc");
    let _scope = test.tracer().span("request").start_active();
    active::with(|span| span.set_baggage_item("user", "ann"));
    assert_eq!(test.tracer().span("child").start().baggage_item("user"), Some("ann"));
}

#[test]
fn an_attached_context_is_a_parent_without_a_span() {
    let test = TestTracer::new("svc");
    let scope = active::attach(SpanContext::from_baggage(Baggage::new().with_item("k", "v")));
    assert!(active::with(|_| ()).is_none());
    assert_eq!(test.tracer().span("root").start().baggage_item("k"), Some("v"));
    drop(scope);
    assert_eq!(active::context(), None);
}

async fn yielding_work(tracer: Tracer, parent: SpanId, n: i32) {
    for _ in 0..20 {
        tokio::task::yield_now().await;
        let step = tracer.span("step").start();
        assert_eq!(step.context().parent_id(), parent);
        active::set_tag("n", n);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn futures_keep_their_span_over_awaits_and_threads() {
    let test = TestTracer::new("svc");
    let tracer = test.tracer().clone();
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let span = tracer.span("task").start();
            tokio::spawn(yielding_work(tracer.clone(), span.context().span_id(), n).in_span(span))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(active::context(), None);
    let spans = test.spans();
    assert_eq!(spans.len(), 16 * 21);
    assert!(spans.iter().all(|span| span.attribute("cancelled").is_none()));
}

#[tokio::test]
async fn a_spawned_future_takes_the_current_context_along() {
    let test = TestTracer::new("svc");
    let tracer = test.tracer().clone();
    let scope = tracer.span("request").start_active();
    let work = async move { tracer.span("work").start().finish() }.in_current_context();
    scope.finish();
    tokio::spawn(work).await.unwrap();
    assert_eq!(test.tree(), "request\n└─ work\n");
}

#[test]
fn a_dropped_future_ends_its_span_as_cancelled_and_drops_under_it() {
    struct SpansOnDrop(Tracer);
    impl Drop for SpansOnDrop {
        fn drop(&mut self) {
            self.0.span("cleanup").start().finish();
        }
    }

    let test = TestTracer::new("svc");
    let guard = SpansOnDrop(test.tracer().clone());
    let span = test.tracer().span("request").start();
    {
        let future = async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        };
        let mut future = pin!(future.in_span(span));
        assert_eq!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
        assert_eq!(test.unfinished(), ["request"]);
    }
    assert_eq!(test.tree(), "request cancelled=true\n└─ cleanup\n");
}

#[test]
fn a_finished_future_ends_its_span_before_it_is_dropped() {
    let test = TestTracer::new("svc");
    let mut future = Box::pin(std::future::ready(5).in_span(test.tracer().span("quick").start()));
    assert_eq!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(5));
    assert_eq!(test.tree(), "quick\n");
    drop(future);
    assert_eq!(test.spans().len(), 1);
}

#[cfg(feature = "stream")]
#[tokio::test]
async fn a_stream_is_one_span_to_its_end() {
    use futures_util::{StreamExt, stream};

    let test = TestTracer::new("svc");
    let tracer = test.tracer().clone();
    let items = stream::iter(0..3).map(move |n| tracer.span("item").tag("n", n).start().finish());
    let mut items = Box::pin(items.in_span(test.tracer().span("stream").start()));
    while items.next().await.is_some() {}
    assert_eq!(test.tree(), "stream\n├─ item n=0\n├─ item n=1\n└─ item n=2\n");

    let mut cut = Box::pin(stream::iter(0..3).in_span(test.tracer().span("cut").start()));
    cut.next().await;
    drop(cut);
    assert!(test.tree().ends_with("cut cancelled=true\n"));
}

#[test]
fn values_and_closures_carry_their_context_to_other_threads() {
    let test = TestTracer::new("svc");
    let tracer = test.tracer().clone();
    let (sender, receiver) = std::sync::mpsc::channel::<Carried<&str>>();
    let worker = std::thread::Builder::new()
        .spawn({
            let tracer = tracer.clone();
            move || {
                for job in receiver {
                    job.run(|name| tracer.span_with_name(name).start().finish());
                    assert_eq!(active::context(), None);
                }
            }
        })
        .unwrap();
    let scope = tracer.span("producer").start_active();
    sender.send(Carried::new("job")).unwrap();
    let pool =
        std::thread::Builder::new().spawn(active::carry(move || tracer.span("pooled").start().finish()));
    pool.unwrap().join().unwrap();
    scope.finish();
    sender.send(Carried::new("no parent")).unwrap();
    drop(sender);
    worker.join().unwrap();
    let tree = test.tree();
    assert!(tree.contains("─ job") && tree.contains("─ pooled") && tree.ends_with("\nno parent\n"), "{tree}");
}

#[test]
fn a_span_in_another_thread_locals_destructor_is_recorded() {
    struct Late(Tracer);
    impl Drop for Late {
        fn drop(&mut self) {
            let scope = self.0.span("late").start_active();
            self.0.span("below").child_of(&scope.context()).start().finish();
            scope.finish();
        }
    }
    thread_local! {
        static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) };
    }

    let test = TestTracer::new("svc");
    let tracer = test.tracer().clone();
    let thread = std::thread::Builder::new().spawn(move || {
        // First use registers the destructor first, so that it runs after that of the stack.
        LATE.with(|late| *late.borrow_mut() = Some(Late(tracer.clone())));
        tracer.span("early").start_active().finish();
    });
    thread.unwrap().join().unwrap();
    assert_eq!(test.tree(), "early\nlate\n└─ below\n");
}
