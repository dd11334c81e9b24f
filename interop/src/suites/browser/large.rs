//! A trace of 20,000 spans: it opens, scrolls to its end, folds and is searched, with few elements.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::made::{Span, file, now_us};
use super::{ROWS_ARE_THERE, Stage, picture};
use crate::browser::Page;
use crate::report::Report;

const TRACE_ID: &str = "0000000000000000000000000a11a11a";
const SPANS: u64 = 20_000;
/// So long is the chain that the trace begins with; the others hang in it in groups.
const DEPTH: u64 = 2_000;
/// It takes a second or two where nothing else runs.
const OPENS_WITHIN: Duration = Duration::from_secs(30);
const ROWS_MADE_MAX: u64 = 200;

/// Opens it, and moves about in it.
pub(in super::super) fn large<W: Write>(report: &mut Report<W>) {
    let Some(mut stage) = Stage::start("browser/large", report) else { return };
    let sent = report.test("browser/large: a file of 20,000 spans is taken", || {
        let now = stage.on_page(now_us)?;
        stage.upload(&large_file(now))
    });
    if sent.is_none() {
        return;
    }
    let address = format!("{}/trace/{TRACE_ID}", stage.viewer);
    report.test("browser/large: it opens", || stage.on_page(|page| opens(page, &address)));
    report.test("browser/large: moving about makes few rows", || stage.on_page(|page| moves(page, &address)));
    report.test("browser/large: its table opens", || {
        stage.on_page(|page| {
            page.goto(&format!("{address}?view=table"))?;
            page.wait_for("document.querySelectorAll('.numbers tbody tr').length > 100")
        })
    });
}

fn large_file(begin_us: u64) -> Value {
    let spans = (1..=SPANS).map(|id| {
        let in_chain = id <= DEPTH;
        let parent = if in_chain { id - 1 } else { id % DEPTH + 1 };
        let (start_us, duration_us) = if in_chain { (id, 2 * SPANS - 2 * id) } else { (id, 40) };
        let number = format!("step {}", id % 50);
        let tags = json!([{"key": "number", "type": "int64", "value": id}]);
        let process = usize::try_from(id % 8).unwrap_or_default();
        let span = Span {
            trace_id: TRACE_ID,
            id,
            parent,
            operation: &number,
            process,
            start_us,
            duration_us,
            tags,
            logs: json!([]),
        };
        span.json(begin_us)
    });
    file(TRACE_ID, &["web", "cart", "stock", "price", "mail", "bank", "queue", "store"], spans.collect())
}

fn opens(page: &mut Page<'_>, address: &str) -> Result<(), String> {
    let began = Instant::now();
    page.goto(address)?;
    page.wait_for(ROWS_ARE_THERE)?;
    page.wait_for_text(".trace-head", "20,000 spans")?;
    let rows = began.elapsed();
    page.wait_for("document.querySelector('.findings')")?;
    picture(page, "large-trace")?;
    if rows > OPENS_WITHIN { Err(format!("it took {rows:?}")) } else { Ok(()) }
}

fn moves(page: &mut Page<'_>, address: &str) -> Result<(), String> {
    page.goto(address)?;
    page.wait_for("document.querySelector('.findings')")?;
    page.press(&["j", "End"])?;
    page.wait_for("document.activeElement.getAttribute('aria-rowindex') === '20000'")?;
    few_rows(page)?;
    page.press(&["Home"])?;
    page.wait_for("document.activeElement.getAttribute('aria-rowindex') === '1'")?;
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")?;
    page.wait_for(
        "[...document.querySelectorAll('.row')].some((it) => it.getAttribute('aria-rowindex') > 8000)",
    )?;
    few_rows(page)?;
    page.press(&["/"])?;
    page.write("number=19999")?;
    page.wait_for_text(".finder output", "1 of 20000")?;
    page.press(&["Escape", "n"])?;
    page.wait_for("document.activeElement.classList.contains('match')")?;
    page.press(&["["])?;
    page.wait_for("document.querySelectorAll('.row').length < 20")?;
    page.press(&["]"])?;
    page.wait_for("document.querySelectorAll('.row').length > 20")?;
    few_rows(page)
}

fn few_rows(page: &mut Page<'_>) -> Result<(), String> {
    let made = page.evaluate("document.querySelectorAll('.row').length")?;
    match made.as_u64() {
        Some(1..=ROWS_MADE_MAX) => Ok(()),
        _ => Err(format!("{made} rows are made")),
    }
}
