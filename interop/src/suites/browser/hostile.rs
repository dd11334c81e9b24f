//! A trace whose every text tries to be markup, to break out of an attribute, or to break the page's form.

use std::io::Write;

use serde_json::{Value, json};

use super::made::{Span, file, now_us};
use super::{ROWS_ARE_THERE, Stage, fits, picture, read};
use crate::browser::Page;
use crate::report::Report;

const TRACE_ID: &str = "000000000000000000000000badc0de5";
const SERVICE: &str = "<script>window.ran = 1</script>";
const OPERATION: &str = "\"><img src=x onerror=\"window.ran = 2\">'</b>{{7*7}}${window.ran = 3}";
const ADDRESS: &str = "javascript:window.ran = 4";
const RIGHT_TO_LEFT: &str = "\u{202e}gnp.exe \u{5e9}\u{5dc}\u{5d5}\u{5dd}";
const KEY: &str = "<svg onload=window.ran=5>";
const LONG_CHARS: usize = 100_000;

/// Shows it in every view.
pub(in super::super) fn hostile<W: Write>(report: &mut Report<W>) {
    let Some(mut stage) = Stage::start("browser/hostile", report) else { return };
    let viewer = stage.viewer.clone();
    report.test("browser/hostile: what runs, complains or goes elsewhere is noticed", || {
        stage.on_page(|page| noticed(page, &viewer))
    });
    let sent = report.test("browser/hostile: a file with it is taken", || {
        let now = stage.on_page(now_us)?;
        stage.upload(&hostile_file(now))
    });
    if sent.is_none() {
        return;
    }
    for (width, dark) in [(1280, false), (400, true)] {
        report.test(&format!("browser/hostile: it is text in its trace, at {width} pixels"), || {
            stage.on_page(|page| {
                page.look(width, 900, dark)?;
                in_trace(page, &viewer, width)
            })
        });
        report.test(&format!("browser/hostile: it is text in all views, at {width} pixels"), || {
            stage.on_page(|page| {
                page.look(width, 900, dark)?;
                in_views(page, &viewer)
            })
        });
    }
    report
        .test("browser/hostile: an address does no harm", || stage.on_page(|page| in_address(page, &viewer)));
}

fn hostile_file(begin_us: u64) -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "type": "string", "value": value});
    let long = "W".repeat(LONG_CHARS);
    let tags = json!([
        text("markup", SERVICE),
        text(KEY, OPERATION),
        text("url", ADDRESS),
        text("rtl", RIGHT_TO_LEFT),
        text("__proto__", "polluted"),
        text("constructor", "x"),
        text("long", &long),
        json!({"key": "error", "type": "bool", "value": true}),
    ]);
    let logs =
        json!([{"timestamp": begin_us + 10, "fields": [text("event", SERVICE), text(KEY, OPERATION)]}]);
    let span = |id, parent, operation, process, start_us| Span {
        trace_id: TRACE_ID,
        id,
        parent,
        operation,
        process,
        start_us,
        duration_us: 90_000,
        tags: tags.clone(),
        logs: logs.clone(),
    };
    let spans = vec![
        span(1, 0, OPERATION, 0, 0).json(begin_us),
        span(2, 1, &long, 1, 5).json(begin_us),
        span(3, 2, RIGHT_TO_LEFT, 2, 10).json(begin_us),
    ];
    file(TRACE_ID, &[SERVICE, OPERATION, RIGHT_TO_LEFT], spans)
}

/// Nothing of it was taken as code.
fn nothing_ran(page: &mut Page<'_>) -> Result<(), String> {
    let ran = page.evaluate("[typeof window.ran, ({}).polluted ?? 'clean', document.querySelectorAll('img[src=x]').length].join()")?;
    if ran == "undefined,clean,0" { Ok(()) } else { Err(format!("something ran: {ran}")) }
}

/// The checks themselves: each notices what it is there for.
fn noticed(page: &mut Page<'_>, viewer: &str) -> Result<(), String> {
    page.goto(&format!("{viewer}/search"))?;
    page.evaluate(
        "window.ran = 1; console.error('oh dear'); setTimeout(() => { throw new Error('thrown') })",
    )?;
    page.evaluate("import('data:text/javascript,1').catch(() => {})")?;
    if nothing_ran(page).is_ok() {
        return Err("a script that ran is not noticed".to_owned());
    }
    page.goto("data:text/html,<img src='http://127.0.0.1:9/elsewhere'>")?;
    page.wait_for("document.images.length === 1")?;
    let complaints = page.complaints(&[viewer]).join("\n");
    for wanted in
        ["oh dear", "thrown", "Content Security Policy", "another origin: http://127.0.0.1:9/elsewhere"]
    {
        if !complaints.contains(wanted) {
            return Err(format!("{wanted:?} is not among the complaints:\n{complaints}"));
        }
    }
    Ok(())
}

fn in_trace(page: &mut Page<'_>, viewer: &str, width: u32) -> Result<(), String> {
    page.goto(&format!("{viewer}/trace/{TRACE_ID}"))?;
    page.wait_for(ROWS_ARE_THERE)?;
    page.wait_for("document.querySelector('.findings')")?;
    page.press(&["j", "Enter"])?;
    page.wait_for("document.querySelector('.details')")?;
    let details = read(page, "document.querySelector('.details').textContent")?;
    for wanted in
        [SERVICE, OPERATION, ADDRESS, RIGHT_TO_LEFT, KEY, "__proto__", "constructor", "100,000 characters"]
    {
        if !details.contains(wanted) {
            return Err(format!("{wanted:?} is not shown"));
        }
    }
    fits(page, "the hostile trace")?;
    picture(page, &format!("hostile-trace-{width}"))?;
    page.click("document.querySelector('[role=tab][name=table]')")?;
    page.wait_for("document.querySelectorAll('.numbers tbody tr').length === 3")?;
    fits(page, "its table")?;
    nothing_ran(page)
}

fn in_views(page: &mut Page<'_>, viewer: &str) -> Result<(), String> {
    let views = [
        ("/search", "document.querySelector('.traces .title')"),
        ("/live", "document.querySelector('.traces .title')"),
        ("/graph", "document.querySelector('svg .service')"),
        ("/operations", "document.querySelector('tbody tr')"),
        ("/aggregate", "document.querySelector('tbody tr')"),
        ("/attribution?key=markup", "document.querySelector('tbody tr')"),
        ("/attribution?key=long", "document.querySelector('tbody tr')"),
        ("/attribution?key=%3Csvg+onload%3Dwindow.ran%3D5%3E", "document.querySelector('tbody tr')"),
        ("/attribution", "document.querySelector('.keys a')"),
    ];
    for (path, is_there) in views {
        page.goto(&format!("{viewer}{path}"))?;
        page.wait_for(is_there)?;
        fits(page, path)?;
        nothing_ran(page).map_err(|error| format!("{path}: {error}"))?;
    }
    page.goto(&format!("{viewer}/compare?a={TRACE_ID}&b={TRACE_ID}"))?;
    page.wait_for("document.querySelectorAll('.card').length === 3")?;
    fits(page, "the comparison")?;
    nothing_ran(page)
}

/// What stands in an address is as hostile as what stands in a span.
fn in_address(page: &mut Page<'_>, viewer: &str) -> Result<(), String> {
    let text = "%3Cimg+src%3Dx+onerror%3D%22window.ran%3D6%22%3E";
    for path in [
        "/search?service=",
        "/search?minDuration=",
        "/attribution?key=",
        "/operations?service=",
        "/search?sort=",
    ] {
        page.goto(&format!("{viewer}{path}{text}"))?;
        page.wait_for("document.querySelector('main').childElementCount > 0")?;
        page.wait_for("!/Searching|Counting|Loading/.test(document.body.innerText)")?;
        nothing_ran(page).map_err(|error| format!("{path}: {error}"))?;
    }
    // The server's refusals stand on the console; that is all they may do.
    let refused = page.complaints(&[viewer]);
    let other: Vec<_> = refused.into_iter().filter(|it| !it.contains("400")).collect();
    if other.is_empty() { Ok(()) } else { Err(other.join("\n")) }
}
