//! What the protocol needs to know of a key.

use serde_json::{Value, json};

/// The parameters of pressing a key, by the name that pages see, as `Enter`, `j`, `?`.
pub(super) fn press(key: &str) -> [Value; 2] {
    let (code, number, text) = match key {
        "Enter" => ("Enter".to_owned(), 13, "\r"),
        "Tab" => ("Tab".to_owned(), 9, ""),
        "Escape" => ("Escape".to_owned(), 27, ""),
        " " => ("Space".to_owned(), 32, " "),
        "End" => ("End".to_owned(), 35, ""),
        "Home" => ("Home".to_owned(), 36, ""),
        "ArrowLeft" => ("ArrowLeft".to_owned(), 37, ""),
        "ArrowUp" => ("ArrowUp".to_owned(), 38, ""),
        "ArrowRight" => ("ArrowRight".to_owned(), 39, ""),
        "ArrowDown" => ("ArrowDown".to_owned(), 40, ""),
        character => (String::new(), 0, character),
    };
    let down = json!({
        "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" },
        "key": key, "code": code, "windowsVirtualKeyCode": number, "text": text,
    });
    [down, json!({"type": "keyUp", "key": key, "code": code, "windowsVirtualKeyCode": number})]
}
