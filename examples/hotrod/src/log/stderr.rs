//! Lines on stderr: the services', and those of the libraries (the `log` crate).

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::UNIX_EPOCH;

use log::{LevelFilter, Log, Metadata, Record};
use tracer_core::{Clock, TagRef};

/// Longer lines are cut: what a request brings may be long.
const LINE_BYTES_MAX: usize = 8 << 10;

/// A line that is being written.
#[derive(Debug)]
pub(crate) struct Line(String);

impl Line {
    /// Begins with the time, in seconds since 1970, and the level.
    pub(crate) fn new(level: &str) -> Self {
        let now = Clock::system().now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(format!("time={}.{:03} level={level}", now.as_secs(), now.subsec_millis()))
    }

    /// Adds a field, quoted where it is not plain.
    pub(crate) fn field(&mut self, key: &str, value: TagRef<'_>) {
        let text = match value {
            TagRef::Str(text) => quoted(text),
            TagRef::Bool(value) => value.to_string(),
            TagRef::I64(value) => value.to_string(),
            TagRef::U64(value) => value.to_string(),
            TagRef::F64(value) => value.to_string(),
            other => quoted(&format!("{other:?}")),
        };
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {key}={text}");
    }

    /// The whole line.
    pub(crate) fn into_string(mut self) -> String {
        let mut end = self.0.len().min(LINE_BYTES_MAX);
        while !self.0.is_char_boundary(end) {
            end -= 1;
        }
        self.0.truncate(end);
        self.0
    }
}

/// Writes a line at once, so that lines of several threads are not mixed. A stderr that is closed
/// is no reason to fail.
pub(crate) fn write(line: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Writes what the libraries say to stderr: warnings, and with `verbose` what they tell otherwise.
pub(crate) fn install(verbose: bool) {
    // Somebody else's logger stays, if there is one.
    if log::set_boxed_logger(Box::new(Libraries)).is_ok() {
        log::set_max_level(if verbose { LevelFilter::Info } else { LevelFilter::Warn });
    }
}

struct Libraries;

impl Log for Libraries {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut line = Line::new(&record.level().as_str().to_ascii_lowercase());
            line.field("target", record.target().into());
            line.field("message", (&record.args().to_string()).into());
            write(&line.into_string());
        }
    }

    fn flush(&self) {}
}

fn quoted(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_graphic() && it != '"' && it != '=';
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_forges_a_line() {
        for (text, written) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("a\nlevel=info", "\"a\\nlevel=info\""),
            ("\u{1b}[31m\"", "\"\\u{1b}[31m\\\"\""),
        ] {
            assert_eq!(quoted(text), written);
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let mut line = Line::new("info");
        line.field("message", (&"ä ".repeat(LINE_BYTES_MAX)).into());
        assert!(line.into_string().len() <= LINE_BYTES_MAX);
    }
}
