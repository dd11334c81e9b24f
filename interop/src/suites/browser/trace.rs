//! One trace: by keyboard, by pointer, as a table, as a file.

use std::fs;
use std::io::Write;

use serde_json::Value;

use super::{ROWS_ARE_THERE, Stage, fits, read};
use crate::browser::Page;
use crate::report::Report;

const FOCUSED: &str = "document.activeElement.querySelector('.name')?.textContent ?? ''";
const COPY_ID: &str = "f00000000000000000123456789abcde";

/// All that can be done on the page of a trace.
pub(in super::super) fn trace<W: Write>(report: &mut Report<W>) {
    let Some(mut stage) = Stage::start("browser/trace", report) else { return };
    let Some(ids) = report.test("browser/trace: a car is ordered", || stage.orders(&["123"])) else { return };
    let Some(id) = ids.first() else { return };
    let address = format!("{}/trace/{id}", stage.viewer);
    report.test("browser/trace: by keyboard alone", || {
        stage.on_page(|page| {
            opened(page, &address)?;
            by_keyboard(page)
        })
    });
    report.test("browser/trace: an address shows the same again", || {
        stage.on_page(|page| {
            opened(page, &address)?;
            same_again(page)
        })
    });
    report.test("browser/trace: a drag zooms, a double click shows all", || {
        stage.on_page(|page| {
            opened(page, &address)?;
            zoomed(page)
        })
    });
    report.test("browser/trace: the table sorts, filters, and leads back", || {
        stage.on_page(|page| {
            opened(page, &address)?;
            as_table(page)
        })
    });
    report.test("browser/trace: down to a file and up again", || file(&mut stage, id));
    report.test("browser/trace: at 400 pixels nothing is cut off", || {
        stage.on_page(|page| {
            page.look(400, 800, true)?;
            opened(page, &address)?;
            page.press(&["j", "Enter"])?;
            page.wait_for("document.querySelector('.details')")?;
            fits(page, "the trace")
        })
    });
}

fn opened(page: &mut Page<'_>, address: &str) -> Result<(), String> {
    page.goto(address)?;
    page.wait_for(ROWS_ARE_THERE)?;
    page.wait_for("document.querySelector('.findings')")
}

fn by_keyboard(page: &mut Page<'_>) -> Result<(), String> {
    page.press(&["j"])?;
    page.wait_for(&format!("({FOCUSED}).includes('/dispatch')"))?;
    page.press(&["j", "j", "ArrowDown"])?;
    page.wait_for(&format!("({FOCUSED}).includes('SQL SELECT')"))?;
    page.press(&["Enter"])?;
    page.wait_for_text(".details", "sql.query")?;
    page.press(&["Enter"])?;
    page.wait_for("!document.querySelector('.details')")?;
    page.press(&["e"])?;
    page.wait_for("document.activeElement.classList.contains('failed')")?;
    page.press(&["c"])?;
    page.wait_for("document.activeElement.classList.contains('on-critical')")?;
    page.press(&["Home", "ArrowLeft"])?;
    page.wait_for("document.querySelectorAll('.row').length === 1")?;
    page.wait_for("document.activeElement.getAttribute('aria-expanded') === 'false'")?;
    page.press(&["ArrowRight", "End"])?;
    page.wait_for("Number(document.activeElement.getAttribute('aria-rowindex')) > 30")?;
    page.press(&["+", "+"])?;
    page.wait_for("location.search.includes('zoom=')")?;
    page.press(&["0"])?;
    page.wait_for("!location.search.includes('zoom=')")?;
    page.press(&["?"])?;
    page.wait_for("document.querySelector('dialog').open")?;
    page.press(&["Escape"])?;
    page.wait_for("!document.querySelector('dialog').open")?;
    page.press(&["/"])?;
    page.write("FindDriverIDs")?;
    page.wait_for_text(".finder output", "of")?;
    page.press(&["Escape", "n"])?;
    page.wait_for(&format!("({FOCUSED}).includes('FindDriverIDs')"))
}

/// Opens a span, folds another, zooms; then loads the address anew.
fn same_again(page: &mut Page<'_>) -> Result<(), String> {
    page.press(&["j", "j", "ArrowLeft", "j", "Enter", "z"])?;
    page.wait_for("['span=', 'fold=', 'zoom='].every((it) => location.search.includes(it))")?;
    let shown = "JSON.stringify([...document.querySelectorAll('.row')].map((it) => it.textContent))";
    let before = read(page, shown)?;
    let address = read(page, "location.href")?;
    page.goto("about:blank")?;
    opened(page, &address)?;
    page.wait_for("document.querySelector('.details')")?;
    // Marks come with the analysis.
    page.wait_for("document.querySelector('.row .diamond')")?;
    let after = read(page, shown)?;
    if before == after { Ok(()) } else { Err(format!("before {before}\nafter {after}")) }
}

fn zoomed(page: &mut Page<'_>) -> Result<(), String> {
    page.drag("document.querySelector('.minimap')", 0.25, 0.5)?;
    page.wait_for("/zoom=\\d+-\\d+/.test(location.search)")?;
    let part = "(() => { const [from, to] = new URLSearchParams(location.search).get('zoom').split('-'); return to - from; })()";
    let first = page.evaluate(part)?.as_f64().unwrap_or(0.0);
    page.drag("document.querySelector('.marks')", 0.2, 0.6)?;
    page.wait_for(&format!("{part} < {first}"))?;
    let strip =
        "document.querySelector('.minimap').dispatchEvent(new MouseEvent('dblclick', { bubbles: true }))";
    page.evaluate(strip)?;
    page.wait_for("!location.search.includes('zoom=')")
}

fn as_table(page: &mut Page<'_>) -> Result<(), String> {
    page.click("document.querySelector('[role=tab][name=table]')")?;
    page.wait_for("document.querySelectorAll('.numbers tbody tr').length > 30")?;
    let duration =
        "[...document.querySelectorAll('.numbers thead button')].find((it) => it.textContent === 'Duration')";
    page.click(duration)?;
    page.wait_for(&format!("{duration}.parentElement.getAttribute('aria-sort') === 'descending'"))?;
    page.wait_for_text(".numbers tbody tr", "/dispatch")?;
    page.click("document.querySelector('[aria-label=\"Only spans with this text\"]')")?;
    page.write("finddriverids")?;
    page.wait_for("document.querySelectorAll('.numbers tbody tr').length === 1")?;
    page.click("document.querySelector('.numbers tbody .jump-to')")?;
    page.wait_for(&format!("({FOCUSED}).includes('FindDriverIDs')"))
}

/// What the download is, taken by another client under another id, is shown as the original is.
fn file(stage: &mut Stage, id: &str) -> Result<(), String> {
    let mut file: Value = stage.ask(&format!("/api/traces/{id}"))?;
    let text = file.to_string().replace(id, COPY_ID);
    file = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let spans = file["data"][0]["spans"].as_array().map_or(0, Vec::len);
    let path = std::env::temp_dir().join(format!("interop-browser-upload-{}.json", std::process::id()));
    fs::write(&path, file.to_string()).map_err(|error| error.to_string())?;
    let search = format!("{}/search", stage.viewer);
    let original = format!("{}/trace/{id}", stage.viewer);
    let result = stage.on_page(|page| {
        opened(page, &original)?;
        page.wait_for("document.querySelector('a[download]')?.download.endsWith('.json')")?;
        let same = "fetch(document.querySelector('a[download]').href).then((it) => it.json()).then((it) => it.data[0].traceID)";
        let downloaded = read(page, same)?;
        if downloaded != id {
            return Err(format!("the download is of {downloaded}"));
        }
        page.goto(&search)?;
        page.wait_for("document.querySelector('input[type=file]')")?;
        page.choose_file("input[type=file]", &path)?;
        page.wait_for(&format!("location.pathname === '/trace/{COPY_ID}'"))?;
        page.wait_for(ROWS_ARE_THERE)?;
        page.wait_for_text(".trace-head", &format!("{spans} spans"))
    });
    // A file that is not there is no harm.
    let _ = fs::remove_file(&path);
    result?;
    unreadable_file(stage)
}

fn unreadable_file(stage: &mut Stage) -> Result<(), String> {
    let path = std::env::temp_dir().join(format!("interop-browser-broken-{}.json", std::process::id()));
    fs::write(&path, "{\"data\": [{\"spans\"").map_err(|error| error.to_string())?;
    let search = format!("{}/search", stage.viewer);
    let mut page = stage.browser.page()?;
    let result = page.goto(&search).and_then(|()| {
        page.wait_for("document.querySelector('input[type=file]')")?;
        page.choose_file("input[type=file]", &path)?;
        page.wait_for("document.querySelector('.said .problem')?.textContent.length > 20")
    });
    let _ = fs::remove_file(&path);
    result
}
