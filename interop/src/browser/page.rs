//! What a person does with a page, and what is seen of it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::keys;
use super::wire::Wire;
use crate::poll;

/// How long something may take to appear on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// A page in a tab of its own; dropping it closes the tab.
#[derive(Debug)]
pub struct Page<'a> {
    wire: &'a mut Wire,
    target: String,
    session: String,
    /// What pages wrote to their console as errors, and where they sent requests.
    errors: Vec<String>,
    requests: Vec<String>,
}

impl<'a> Page<'a> {
    pub(super) fn open(wire: &'a mut Wire) -> Result<Self, String> {
        let target = wire.call(None, "Target.createTarget", &json!({"url": "about:blank"}))?;
        let target = text(&target["targetId"]);
        let attached =
            wire.call(None, "Target.attachToTarget", &json!({"targetId": target, "flatten": true}))?;
        let session = text(&attached["sessionId"]);
        let mut page = Self { wire, target, session, errors: Vec::new(), requests: Vec::new() };
        for domain in ["Page", "Runtime", "Log", "Network", "DOM"] {
            page.call(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(page)
    }

    /// Sets the size in pixels, and the colours.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn look(&mut self, width: u32, height: u32, dark: bool) -> Result<(), String> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size)?;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", &media).map(drop)
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub fn goto(&mut self, url: &str) -> Result<(), String> {
        let answer = self.call("Page.navigate", &json!({"url": url}))?;
        match answer.get("errorText") {
            Some(error) => Err(format!("{url}: {error}")),
            None => self.wait_for("document.readyState === 'complete'"),
        }
    }

    /// What an expression of JavaScript makes, once it is there.
    ///
    /// # Errors
    /// If it throws.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value, String> {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", &asked)?;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(format!("{expression}: {}", thrown["exception"]["description"])),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until an expression is true.
    ///
    /// # Errors
    /// If it never is; with what the page shows.
    pub fn wait_for(&mut self, expression: &str) -> Result<(), String> {
        let waited = poll::until(SOON, || match self.evaluate(&format!("Boolean({expression})")) {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(_) => Err(format!("never true: {expression}")),
            Err(error) => Err(error),
        });
        waited.map_err(|error| {
            let shown = self.evaluate("location.href + '\\n' + document.body.innerText.slice(0, 2000)");
            format!("{error}\nat {}", shown.map_or_else(|error| error, |shown| text(&shown)))
        })
    }

    /// Waits until the first element that meets a selector holds a text.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_text(&mut self, selector: &str, wanted: &str) -> Result<(), String> {
        let [selector, wanted] = [json!(selector), json!(wanted)];
        self.wait_for(&format!("document.querySelector({selector})?.textContent.includes({wanted})"))
    }

    /// Clicks with the pointer at the middle of an element, as found by an expression.
    ///
    /// # Errors
    /// If it is never there, or something lies over it.
    pub fn click(&mut self, element: &str) -> Result<(), String> {
        self.wait_for(element)?;
        let middle = format!(
            "(() => {{ const it = {element}; it.scrollIntoView({{ block: 'center' }}); \
             const box = it.getBoundingClientRect(); const at = [box.x + box.width / 2, box.y + box.height / 2]; \
             const top = document.elementFromPoint(...at); \
             return it.contains(top) || top?.contains(it) ? at : null; }})()"
        );
        let at = self.evaluate(&middle)?;
        let (Some(x), Some(y)) = (at[0].as_f64(), at[1].as_f64()) else {
            return Err(format!("{element} is hidden behind another"));
        };
        self.mouse("mouseMoved", x, y)?;
        self.mouse("mousePressed", x, y)?;
        self.mouse("mouseReleased", x, y)
    }

    /// Drags the pointer over an element, from one part of its width to another (0 to 1).
    ///
    /// # Errors
    /// If it is not there.
    pub fn drag(&mut self, element: &str, from: f64, to: f64) -> Result<(), String> {
        let place = format!(
            "(() => {{ const it = {element}.getBoundingClientRect(); return [it.x, it.y + it.height / 2, it.width]; }})()"
        );
        let at = self.evaluate(&place)?;
        let (Some(x), Some(y), Some(width)) = (at[0].as_f64(), at[1].as_f64(), at[2].as_f64()) else {
            return Err(format!("{element} has no place"));
        };
        self.mouse("mousePressed", x + from * width, y)?;
        self.mouse("mouseMoved", x + (from + to) / 2.0 * width, y)?;
        self.mouse("mouseMoved", x + to * width, y)?;
        self.mouse("mouseReleased", x + to * width, y)
    }

    /// Presses keys, one after the other.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn press(&mut self, names: &[&str]) -> Result<(), String> {
        for event in names.iter().flat_map(|name| keys::press(name)) {
            self.call("Input.dispatchKeyEvent", &event)?;
        }
        Ok(())
    }

    /// Types a text where the focus is.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn write(&mut self, text: &str) -> Result<(), String> {
        self.call("Input.insertText", &json!({"text": text})).map(drop)
    }

    /// Chooses a file in a field for files.
    ///
    /// # Errors
    /// If there is no such field.
    pub fn choose_file(&mut self, selector: &str, path: &Path) -> Result<(), String> {
        let document = self.call("DOM.getDocument", &json!({}))?;
        let asked = json!({"nodeId": document["root"]["nodeId"], "selector": selector});
        let node = self.call("DOM.querySelector", &asked)?;
        let files = json!({"nodeId": node["nodeId"], "files": [path]});
        self.call("DOM.setFileInputFiles", &files).map(drop)
    }

    /// Writes a picture of what is in view.
    ///
    /// # Errors
    /// If it cannot be made or written.
    pub fn screenshot(&mut self, path: &Path) -> Result<(), String> {
        let shot = self.call("Page.captureScreenshot", &json!({}))?;
        let picture = STANDARD.decode(text(&shot["data"])).map_err(|error| error.to_string())?;
        fs::write(path, picture).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// What went wrong since the last call: errors on the console, exceptions, dialogs, and requests to
    /// other origins than these.
    pub fn complaints(&mut self, origins: &[&str]) -> Vec<String> {
        self.note_events();
        let mut complaints: Vec<String> = self.errors.drain(..).collect();
        let own = |url: &str| {
            let is_local = ["data:", "blob:", "about:"].iter().any(|scheme| url.starts_with(scheme));
            is_local
                || origins
                    .iter()
                    .any(|origin| url.strip_prefix(origin).is_some_and(|path| path.starts_with('/')))
        };
        let foreign = self.requests.drain(..).filter(|url| !own(url));
        complaints.extend(foreign.map(|url| format!("a request to another origin: {url}")));
        complaints
    }

    fn mouse(&mut self, kind: &str, x: f64, y: f64) -> Result<(), String> {
        let pressed = u32::from(kind != "mouseReleased");
        let event =
            json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": pressed, "clickCount": 1});
        self.call("Input.dispatchMouseEvent", &event).map(drop)
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Result<Value, String> {
        let answer = self.wire.call(Some(&self.session), method, parameters);
        self.note_events();
        answer
    }

    fn note_events(&mut self) {
        for event in self.wire.take_events() {
            if event["sessionId"] != self.session.as_str() {
                continue;
            }
            let parameters = &event["params"];
            match event["method"].as_str() {
                Some("Network.requestWillBeSent") => self.requests.push(text(&parameters["request"]["url"])),
                Some("Runtime.exceptionThrown") => {
                    self.errors.push(parameters["exceptionDetails"]["exception"]["description"].to_string());
                }
                Some("Log.entryAdded") if parameters["entry"]["level"] == "error" => {
                    self.errors
                        .push(format!("{} {}", parameters["entry"]["text"], parameters["entry"]["url"]));
                }
                Some("Runtime.consoleAPICalled") if parameters["type"] == "error" => {
                    self.errors.push(parameters["args"].to_string());
                }
                Some("Page.javascriptDialogOpening") => {
                    self.errors.push(format!("a dialog: {}", parameters["message"]));
                }
                _ => {}
            }
        }
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        let _ = self.wire.call(None, "Target.closeTarget", &json!({"targetId": self.target}));
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
