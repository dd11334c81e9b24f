//! Every view but the trace's, with data, at both widths and in both schemes.

use std::io::Write;

use super::{Stage, fits, picture, read};
use crate::browser::Page;
use crate::report::Report;

/// Name, address and what is there when it is done.
const VIEWS: [(&str, &str, &str); 9] = [
    ("search", "/search", "document.querySelectorAll('.traces > li').length > 2"),
    ("live", "/live", "document.querySelectorAll('.traces > li').length > 2"),
    ("services", "/graph", "document.querySelectorAll('svg .service').length === 6"),
    ("operations", "/operations", "document.querySelectorAll('tbody tr').length > 6"),
    ("paths", "/aggregate", "document.querySelectorAll('tbody tr').length > 6"),
    ("attribution", "/attribution?key=param.driverID", "document.querySelectorAll('tbody tr').length > 3"),
    ("keys", "/attribution", "document.querySelectorAll('.keys a').length > 5"),
    ("compare", "/compare", "document.querySelectorAll('.offers a').length > 2"),
    ("health", "/health", "document.querySelectorAll('tbody tr').length > 3"),
];

/// Goes through all of them.
pub(in super::super) fn views<W: Write>(report: &mut Report<W>) {
    let Some(mut stage) = Stage::start("browser/views", report) else { return };
    let customers = ["123", "392", "731"];
    let Some(ids) = report.test("browser/views: cars are ordered", || stage.orders(&customers)) else {
        return;
    };
    let viewer = stage.viewer.clone();
    for (width, dark) in [(1280, false), (1280, true), (400, false), (400, true)] {
        let scheme = if dark { "dark" } else { "light" };
        report.test(&format!("browser/views: all at {width} pixels, {scheme}"), || {
            stage.on_page(|page| {
                page.look(width, 900, dark)?;
                all(page, &viewer, &ids, &format!("{width}-{scheme}"))
            })
        });
    }
    report.test("browser/views: two traces are chosen and compared", || {
        stage.on_page(|page| compared(page, &viewer))
    });
    report.test("browser/views: a point of the plot opens its trace", || {
        stage.on_page(|page| plotted(page, &viewer))
    });
    report.test("browser/views: a value of a tag leads to its traces", || {
        stage.on_page(|page| attributed(page, &viewer))
    });
    report.test("browser/views: conditions find, and wrong ones are told", || {
        stage.on_page(|page| searched(page, &viewer))
    });
    report.test("browser/views: a new trace appears by itself, and not while paused", || tailed(&mut stage));
}

fn all(page: &mut Page<'_>, viewer: &str, ids: &[String], look: &str) -> Result<(), String> {
    let [a, b, ..] = ids else { return Err("too few traces".to_owned()) };
    let comparison = format!("/compare?a={a}&b={b}");
    let trace = format!("/trace/{a}");
    let table = format!("/trace/{a}?view=table&by=operation");
    let more = [
        ("compared", comparison.as_str(), "document.querySelectorAll('tbody tr').length > 6"),
        ("trace", trace.as_str(), "document.querySelectorAll('.row .critical').length > 0"),
        ("table", table.as_str(), "document.querySelectorAll('tbody tr').length > 6"),
    ];
    for (name, path, is_there) in VIEWS.iter().chain(&more) {
        page.goto(&format!("{viewer}{path}"))?;
        page.wait_for(is_there)?;
        fits(page, name)?;
        picture(page, &format!("{name}-{look}"))?;
    }
    Ok(())
}

fn compared(page: &mut Page<'_>, viewer: &str) -> Result<(), String> {
    page.goto(&format!("{viewer}/search"))?;
    page.click("document.querySelectorAll('.traces input')[0]")?;
    page.click("document.querySelectorAll('.traces input')[1]")?;
    page.wait_for("[...document.querySelectorAll('.traces input')].filter((it) => it.disabled).length > 0")?;
    page.click("document.querySelector('.list-head a.button')")?;
    page.wait_for("location.pathname === '/compare' && document.querySelectorAll('.card').length === 3")?;
    let changes = "[...document.querySelectorAll('.delta')].map((it) => it.textContent)";
    // Each says by its sign, not by its colour alone, whether it is more or less.
    page.wait_for(&format!("{changes}.length > 5 && {changes}.every((it) => /^[+−±]/.test(it))"))?;
    page.click("document.querySelector('.line a.button')")?;
    page.wait_for("document.querySelectorAll('.card').length === 3")
}

fn plotted(page: &mut Page<'_>, viewer: &str) -> Result<(), String> {
    page.goto(&format!("{viewer}/search"))?;
    page.wait_for("document.querySelector('.scatter canvas')?.width > 100")?;
    page.evaluate("document.querySelector('.scatter canvas').focus()")?;
    page.press(&["End"])?;
    page.wait_for_text(".tip", "/dispatch")?;
    page.press(&["Enter"])?;
    page.wait_for("location.pathname.startsWith('/trace/') && document.querySelector('.row')")
}

fn attributed(page: &mut Page<'_>, viewer: &str) -> Result<(), String> {
    page.goto(&format!("{viewer}/attribution?key=http.route"))?;
    page.wait_for("document.querySelector('tbody a')")?;
    let value = read(page, "document.querySelector('tbody a').textContent")?;
    page.click("document.querySelector('tbody a')")?;
    page.wait_for("location.pathname === '/search' && document.querySelectorAll('.traces > li').length > 0")?;
    page.wait_for(&format!("document.querySelector('[name=tags]').value.includes({value:?})"))
}

fn searched(page: &mut Page<'_>, viewer: &str) -> Result<(), String> {
    page.goto(&format!("{viewer}/search?service=redis-manual&error=true"))?;
    page.wait_for("document.querySelectorAll('.traces > li').length > 0")?;
    page.wait_for("document.querySelector('[name=error]').checked")?;
    page.goto(&format!("{viewer}/search?service=no+such"))?;
    page.wait_for_text(".empty", "No trace")?;
    page.goto(&format!("{viewer}/search?tags=a+b"))?;
    page.wait_for_text(".problem", "key=value")
}

fn tailed(stage: &mut Stage) -> Result<(), String> {
    let viewer = stage.viewer.clone();
    // The page stays open while cars are ordered.
    let origins = [viewer.as_str()];
    let mut page = stage.browser.page()?;
    page.goto(&format!("{viewer}/live"))?;
    page.wait_for("document.querySelectorAll('.traces > li').length > 2")?;
    let shown = "document.querySelectorAll('.traces > li').length";
    let before = page.evaluate(shown)?;
    let order = || stage.hotrod.dispatch("567", "session=2").map_err(|error| error.to_string());
    order()?;
    page.wait_for(&format!("{shown} > {before}"))?;
    page.click("document.querySelector('.controls button')")?;
    page.wait_for_text("[role=status]", "Paused")?;
    let paused = page.evaluate(shown)?;
    order()?;
    page.evaluate("new Promise((done) => setTimeout(done, 2500))")?;
    if page.evaluate(shown)? != paused {
        return Err("a paused page went on".to_owned());
    }
    page.click("document.querySelector('.controls button')")?;
    page.wait_for(&format!("{shown} > {paused}"))?;
    let complaints = page.complaints(&origins);
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}
