//! What is there once in a process: the logger, and the global tracer. One test, since it is about both.

use std::time::Duration;

use log::{LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use tracer_config::{ConfigError, Configuration, ConfigurationBuilder, Environment};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.lock().push(format!("{} {}: {}", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

fn builder() -> ConfigurationBuilder {
    let variables = [
        ("OTEL_TRACES_EXPORTER", "none"),
        ("JAEGER_REPORTER_LOG_SPANS", "true"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("JAEGER_RPC_METRICS", "true"),
    ];
    Configuration::builder("shop").environment(variables.into_iter().collect::<Environment>())
}

#[test]
fn notes_and_spans_are_logged_and_the_tracer_is_everybodys() {
    log::set_logger(&Lines).unwrap();
    log::set_max_level(LevelFilter::Info);
    let tracing = builder().init().unwrap();
    tracer_core::global::tracer().span("work of a library").start().finish();
    tracing.tracer().flush(Duration::from_secs(30)).unwrap();
    let with =
        |text: &str| LINES.lock().iter().filter(|line| line.contains(text)).cloned().collect::<Vec<_>>();
    for (text, start) in [
        (
            "OTEL_BSP_SCHEDULE_DELAY",
            "WARN tracer_config::configuration: OTEL_BSP_SCHEDULE_DELAY=\"soon\" is ignored",
        ),
        ("JAEGER_RPC_METRICS", "WARN tracer_config::configuration: JAEGER_RPC_METRICS=\"…\" is ignored"),
        ("work of a library", "INFO tracer_config::spans: {\"resourceSpans\""),
    ] {
        let lines = with(text);
        assert!(lines.len() == 1 && lines[0].starts_with(start), "{lines:#?}");
    }
    assert_eq!(builder().init().unwrap_err(), ConfigError::AlreadyGlobal);
    assert_eq!(tracer_core::global::tracer().service_name(), "shop");
}
