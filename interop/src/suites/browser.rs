//! Suite `browser`: the viewer's page as a person uses it, in a headless Chromium.
//!
//! | scenario | what is done |
//! |---|---|
//! | `order` | a car is ordered on HotROD's page, its trace opened from there, its critical path found |
//! | `trace` | one trace by keyboard and pointer; down to a file and up again |
//! | `views` | every other view, at 1280 and 400 pixels, light and dark |
//! | `hostile` | a trace whose every text tries to be markup |
//! | `large` | a trace of 20,000 spans |
//!
//! After each test the console must be free of errors, and no request may have gone elsewhere. With the
//! variable `INTEROP_SCREENSHOTS` pictures of all views go to the folder that it names.

mod away;
mod hostile;
mod large;
mod made;
mod order;
mod trace;
mod views;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::browser::{Browser, Page};
use crate::http::Client;
use crate::peers::Hotrod;
use crate::report::Report;

pub(super) use self::hostile::hostile;
pub(super) use self::large::large;
pub(super) use self::order::order;
pub(super) use self::trace::trace;
pub(super) use self::views::views;

/// The rows of a timeline are in view.
const ROWS_ARE_THERE: &str = "document.querySelectorAll('.row .bar').length > 0";

/// An order takes this part of the usual time.
const TIME_SCALE: &str = "0.2";

/// A large file may take a while on a busy machine.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// An order that fails so often does not fail by chance.
const TRIES: usize = 5;

/// What each scenario plays on: our HotROD with its viewer, and a browser.
struct Stage {
    hotrod: Hotrod,
    browser: Browser,
    viewer: String,
    client: Client,
}

impl Stage {
    /// Starts both; without a browser on this machine the scenario is left out.
    fn start<W: Write>(name: &str, report: &mut Report<W>) -> Option<Self> {
        let Some(program) = Browser::program() else {
            report.skip(name, "no Chromium on this machine; INTEROP_CHROMIUM may name one");
            return None;
        };
        report.test(&format!("{name}: starts"), || {
            let hotrod = Hotrod::ours(&["--time-scale", TIME_SCALE]).map_err(|error| error.to_string())?;
            let viewer = hotrod.viewer_page().ok_or("no viewer")?.to_owned();
            let browser = Browser::start(&program)?;
            Ok(Self { hotrod, browser, viewer, client: Client::new(ANSWER_DEADLINE) })
        })
    }

    /// Runs a test on a page of its own; then nothing may be left to complain about.
    fn on_page<T>(&mut self, run: impl FnOnce(&mut Page<'_>) -> Result<T, String>) -> Result<T, String> {
        let frontend = self.hotrod.frontend().to_owned();
        self.on_page_of(&frontend, run)
    }

    /// The same with another frontend.
    fn on_page_of<T>(
        &mut self,
        frontend: &str,
        run: impl FnOnce(&mut Page<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let origins = [self.viewer.as_str(), frontend];
        let mut page = self.browser.page()?;
        page.look(1280, 900, false)?;
        let result = run(&mut page);
        let complaints = page.complaints(&origins);
        if result.is_err() {
            picture(&mut page, "failed")?;
        }
        match (result, complaints.is_empty()) {
            (Ok(value), true) => Ok(value),
            (Ok(_), false) => Err(complaints.join("\n")),
            (Err(error), _) => Err(format!("{error}\n{}", complaints.join("\n"))),
        }
    }

    /// Orders cars, and answers the ids of the traces, the newest first.
    fn orders(&self, customers: &[&str]) -> Result<Vec<String>, String> {
        for (number, customer) in customers.iter().enumerate() {
            let baggage = format!("session=1,request=1-{number}");
            self.order(customer, &baggage)?;
        }
        crate::poll::until(ANSWER_DEADLINE, || {
            let found = self.ask("/api/viewer/traces?service=frontend&operation=%2Fdispatch")?;
            let traces = found["data"].as_array().cloned().unwrap_or_default();
            let whole = traces.iter().filter(|trace| trace["spans"].as_u64().is_some_and(|spans| spans > 30));
            let ids: Vec<String> =
                whole.filter_map(|trace| trace["traceID"].as_str().map(str::to_owned)).collect();
            if ids.len() >= customers.len() {
                Ok(ids)
            } else {
                Err(format!("{} traces are there", ids.len()))
            }
        })
    }

    /// Orders a car; again if redis failed three times on one driver, which happens.
    fn order(&self, customer: &str, baggage: &str) -> Result<(), String> {
        let mut status = 0;
        for _ in 0..TRIES {
            status = self.hotrod.dispatch(customer, baggage).map_err(|error| error.to_string())?.status;
            if status == 200 {
                return Ok(());
            }
        }
        Err(format!("customer {customer} answered {status} to each of {TRIES} orders"))
    }

    fn ask(&self, path: &str) -> Result<Value, String> {
        self.client.get_json(&format!("{}{path}", self.viewer)).map_err(|error| error.to_string())
    }

    /// Gives the viewer a file of traces.
    fn upload(&self, file: &Value) -> Result<(), String> {
        let url = format!("{}/api/viewer/traces", self.viewer);
        let answer =
            self.client.post_json(&url, &[], &file.to_string()).map_err(|error| error.to_string())?;
        if answer.status == 200 { Ok(()) } else { Err(format!("{url} answers {}", answer.status)) }
    }
}

/// Writes a picture, if anybody wants to see it.
fn picture(page: &mut Page<'_>, name: &str) -> Result<(), String> {
    let Some(folder) = std::env::var_os("INTEROP_SCREENSHOTS").map(PathBuf::from) else { return Ok(()) };
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    page.screenshot(&folder.join(format!("{name}.png")))
}

/// Nothing may be wider than the page.
fn fits(page: &mut Page<'_>, what: &str) -> Result<(), String> {
    let sizes =
        page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")?;
    if sizes[0].as_u64() <= sizes[1].as_u64() {
        Ok(())
    } else {
        Err(format!("{what} scrolls sideways: {sizes}"))
    }
}

/// What a person reads of an element.
fn read(page: &mut Page<'_>, expression: &str) -> Result<String, String> {
    let text = page.evaluate(expression)?;
    text.as_str().map(str::to_owned).ok_or_else(|| format!("{expression} is {text}"))
}
