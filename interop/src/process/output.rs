//! What a child prints, kept line by line within a bound.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::poll;

/// Older lines go when a process prints more than this.
const MAX_BYTES: usize = 1024 * 1024;

/// A line longer than this is cut into several.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// How much of it an error message quotes.
const QUOTED_LINES: usize = 40;

/// How long is waited for the rest of it.
const END_MAX: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Output {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    bytes: usize,
    dropped_lines: u64,
}

impl Output {
    /// Reads a stream to its end on a thread of its own.
    pub(super) fn collect(
        this: &Arc<Self>,
        name: &str,
        stream: impl Read + Send + 'static,
    ) -> io::Result<()> {
        let output = Arc::clone(this);
        thread::Builder::new()
            .name(format!("output of {name}"))
            .spawn(move || output.read_all(BufReader::new(stream)))?;
        Ok(())
    }

    /// Waits until all that a process which has ended printed is kept; not long, since a child of its own may
    /// hold the streams.
    pub(super) fn wait_for_end(this: &Arc<Self>) {
        // Each stream's thread holds one until it has read to the end.
        let _ = poll::until(END_MAX, || if Arc::strong_count(this) > 1 { Err(()) } else { Ok(()) });
    }

    /// The first kept line that `pick` makes something of.
    pub(super) fn find<T>(&self, pick: impl Fn(&str) -> Option<T>) -> Option<T> {
        let kept = self.kept.lock();
        kept.lines.iter().find_map(|line| pick(line))
    }

    /// The last lines.
    pub(super) fn text(&self) -> String {
        let kept = self.kept.lock();
        let skipped = kept.lines.len().saturating_sub(QUOTED_LINES);
        let mut text = String::new();
        let left_out = kept.dropped_lines + skipped as u64;
        if left_out > 0 {
            text = format!("({left_out} lines before)\n");
        }
        for line in kept.lines.iter().skip(skipped) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn read_all(&self, mut stream: impl BufRead) {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = stream.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
            match read {
                Ok(1..) => self.add(String::from_utf8_lossy(&line).trim_end().to_owned()),
                Ok(0) | Err(_) => return,
            }
        }
    }

    fn add(&self, line: String) {
        let mut kept = self.kept.lock();
        kept.bytes += line.len();
        kept.lines.push_back(line);
        while kept.bytes > MAX_BYTES {
            let Some(oldest) = kept.lines.pop_front() else {
                return;
            };
            kept.bytes -= oldest.len();
            kept.dropped_lines += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_lines_go_and_are_counted() {
        let output = Output::default();
        let line = "x".repeat(1000);
        for number in 0..2000 {
            output.add(format!("{number} {line}"));
        }
        let kept = output.kept.lock();
        assert!(kept.bytes <= MAX_BYTES);
        assert_eq!(kept.dropped_lines + kept.lines.len() as u64, 2000);
        assert!(kept.lines.back().unwrap().starts_with("1999 "));
    }

    #[test]
    fn a_stream_without_line_ends_is_cut() {
        let output = Output::default();
        let bytes = vec![b'y'; 150_000];
        output.read_all(io::Cursor::new(bytes));
        assert_eq!(output.kept.lock().lines.len(), 3);
    }

    #[test]
    fn text_quotes_the_end_alone() {
        let output = Output::default();
        (0..50).for_each(|number| output.add(format!("line {number}")));
        let text = output.text();
        assert!(text.starts_with("(10 lines before)\nline 10\n"));
        assert!(text.ends_with("line 49\n"));
    }
}
