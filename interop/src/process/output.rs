//! What a child prints, kept line by line within a bound.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

#[derive(Debug, Default)]
pub(super) struct Output {
    kept: Mutex<Kept>,
    /// Streams that are being read.
    open: AtomicUsize,
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
        this.open.fetch_add(1, Ordering::Relaxed);
        let read = move || {
            output.read_all(BufReader::new(stream));
            output.open.fetch_sub(1, Ordering::Release);
        };
        let spawned = thread::Builder::new().name(format!("output of {name}")).spawn(read);
        if spawned.is_err() {
            this.open.fetch_sub(1, Ordering::Relaxed);
        }
        spawned.map(drop)
    }

    /// Waits until all that was printed is here, but not for ever: a grandchild may hold a stream open.
    pub(super) fn wait_for_its_end(&self, deadline: Duration) {
        let _ = poll::until(deadline, || match self.open.load(Ordering::Acquire) {
            0 => Ok(()),
            open => Err(open),
        });
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
    fn the_end_of_a_slow_stream_is_waited_for() {
        struct Slow(Option<&'static [u8]>);

        impl Read for Slow {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                thread::sleep(Duration::from_millis(200));
                let Some(text) = self.0.take() else { return Ok(0) };
                buffer[..text.len()].copy_from_slice(text);
                Ok(text.len())
            }
        }

        let output = Arc::new(Output::default());
        Output::collect(&output, "slow", Slow(Some(b"at last\n"))).unwrap();
        output.wait_for_its_end(Duration::from_secs(60));
        assert_eq!(output.text(), "at last\n");
    }

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
