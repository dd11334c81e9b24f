//! From an order on HotROD's page to the critical path of its trace.

use std::io::Write;

use super::{ROWS_ARE_THERE, Stage, TRIES, away, read};
use crate::browser::Page;
use crate::report::Report;

const FIRST_FINDING: &str = "document.querySelector('.findings li button')";

/// The link to the trace of an order that did not fail.
const ARRIVED: &str = "document.querySelector('#orders li:not(.failed) a[href*=\"/trace/\"]')";

/// A newcomer's first minute.
pub(in super::super) fn order<W: Write>(report: &mut Report<W>) {
    let Some(mut stage) = Stage::start("browser/order", report) else { return };
    let frontend = stage.hotrod.frontend().to_owned();
    let trace = report.test("browser/order: a car is ordered, its trace is a link away", || {
        stage.on_page(|page| ordered(page, &frontend))
    });
    let Some(trace) = trace else { return };
    report.test("browser/order: the trace names its critical path, and leads to it", || {
        stage.on_page(|page| {
            page.goto(&trace)?;
            page.wait_for(ROWS_ARE_THERE)?;
            critical_path(page)
        })
    });
    report.test("browser/order: a staircase is pointed out", || {
        stage.on_page(|page| {
            page.goto(&trace)?;
            page.wait_for_text(".findings", "one after the other")?;
            page.wait_for_text(".findings", "GetDriver")
        })
    });
    report.test("browser/order: a fix is switched, and its effect seen in a comparison", || {
        let viewer = stage.viewer.clone();
        stage.on_page(|page| fixed(page, &frontend, &viewer))
    });
    report.test(
        "browser/order: a route service that is away is an error on the page, a collector is nothing",
        || away::route(&mut stage),
    );
}

/// One order before a fix and one after it; the staircase is gone, and the comparison says what got quicker.
fn fixed(page: &mut Page<'_>, frontend: &str, viewer: &str) -> Result<(), String> {
    let before = ordered(page, frontend)?;
    page.click("document.querySelector('[name=driverParallel]')")?;
    // The page asks again what holds now.
    page.goto(&format!("{frontend}/"))?;
    page.wait_for("document.querySelector('[name=driverParallel]').checked")?;
    let after = ordered(page, frontend)?;
    page.goto(&after)?;
    page.wait_for(ROWS_ARE_THERE)?;
    page.wait_for_text(".findings", "Critical path")?;
    let findings = read(page, "document.querySelector('.findings').textContent")?;
    if findings.contains("GetDriver, one after the other") {
        return Err(format!("still a staircase: {findings}"));
    }
    let id = |address: &str| address.rsplit('/').next().unwrap_or_default().to_owned();
    page.goto(&format!("{viewer}/compare?a={}&b={}", id(&before), id(&after)))?;
    page.wait_for("document.querySelectorAll('.card').length === 3")?;
    page.wait_for_text(".card:last-child h2", "B less A")?;
    // How much quicker it is, a busy machine does not say for sure; that it is said, is.
    page.wait_for("/^[+−±]/.test(document.querySelector('.card:last-child .big').textContent)")?;
    page.wait_for(
        "[...document.querySelectorAll('tbody tr')].some((row) => row.textContent.includes('GetDriver'))",
    )
}

/// Orders a car, and answers where its trace is. One order in many fails, as redis does: then another is placed.
fn ordered(page: &mut Page<'_>, frontend: &str) -> Result<String, String> {
    page.goto(&format!("{frontend}/"))?;
    for _ in 0..TRIES {
        page.click("document.querySelector('button[data-customer]')")?;
        page.wait_for("[...document.querySelectorAll('#orders li')].every((it) => it.querySelector('a[href*=\"/trace/\"]'))")?;
        let arrived = page.evaluate(&format!("{ARRIVED} !== null"))?;
        if arrived == true {
            return read(page, &format!("{ARRIVED}.href"));
        }
    }
    Err(format!("{TRIES} orders failed"))
}

fn critical_path(page: &mut Page<'_>) -> Result<(), String> {
    page.wait_for_text(".findings", "Critical path")?;
    page.wait_for_text(".findings", "SQL SELECT")?;
    let first = read(page, &format!("{FIRST_FINDING}.textContent"))?;
    page.click(FIRST_FINDING)?;
    page.wait_for("document.activeElement.classList.contains('on-critical')")?;
    let row = read(page, "document.activeElement.querySelector('.operation').textContent")?;
    if !first.ends_with(&row) {
        return Err(format!("{first:?} leads to {row:?}"));
    }
    page.wait_for("document.querySelectorAll('.row .critical').length > 1")?;
    // What is off it can be hidden.
    page.click("document.querySelector('.controls input[type=checkbox]')")?;
    page.wait_for("[...document.querySelectorAll('.row')].every((it) => it.querySelector('.diamond'))")?;
    page.wait_for(
        "document.querySelectorAll('.row').length < 40 && location.search.includes('critical=only')",
    )
}
