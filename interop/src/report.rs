//! The report of a run: a line for each test, and the sums at the end.

use std::io::{self, Write};
use std::time::Instant;

/// Counts tests and prints each as it ends.
#[derive(Debug)]
pub struct Report<W> {
    out: W,
    passed: usize,
    failed: usize,
    skipped: usize,
    write_error: Option<io::Error>,
}

impl<W: Write> Report<W> {
    /// An empty report that is written to `out`.
    pub fn new(out: W) -> Self {
        Self { out, passed: 0, failed: 0, skipped: 0, write_error: None }
    }

    /// Runs a test and prints its name, its result and its time. Answers what it made, if it
    /// passed, for the tests that build on it.
    pub fn test<T>(&mut self, name: &str, run: impl FnOnce() -> Result<T, String>) -> Option<T> {
        let began = Instant::now();
        let result = run();
        let seconds = began.elapsed().as_secs_f64();
        match result {
            Ok(value) => {
                self.passed += 1;
                self.print(&format!("{name} ... ok ({seconds:.1} s)"));
                Some(value)
            }
            Err(reason) => {
                self.failed += 1;
                self.print(&format!("{name} ... FAILED ({seconds:.1} s)"));
                for line in reason.lines() {
                    self.print(&format!("    {line}"));
                }
                None
            }
        }
    }

    /// Says loudly that tests were left out, and why.
    pub fn skip(&mut self, name: &str, reason: &str) {
        self.skipped += 1;
        self.print(&format!("{name} ... SKIPPED: {reason}"));
    }

    /// Prints the sums on a line of their own. Answers whether all is well: something ran,
    /// nothing failed, everything was written.
    ///
    /// # Errors
    /// The first error of writing.
    pub fn finish(mut self) -> io::Result<bool> {
        let skipped = if self.skipped > 0 { format!(", {} SKIPPED", self.skipped) } else { String::new() };
        self.print(&format!("{} passed, {} failed{skipped}", self.passed, self.failed));
        match self.write_error {
            Some(error) => Err(error),
            None => Ok(self.failed == 0 && self.passed > 0),
        }
    }

    fn print(&mut self, line: &str) {
        let written = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        if let Err(error) = written {
            self.write_error.get_or_insert(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(run: impl FnOnce(&mut Report<&mut Vec<u8>>)) -> (String, bool) {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out);
        run(&mut report);
        let well = report.finish().unwrap();
        (String::from_utf8(out).unwrap(), well)
    }

    #[test]
    fn all_passed_is_well() {
        let (text, well) = report(|it| assert_eq!(it.test("a", || Ok(7)), Some(7)));
        assert!(text.starts_with("a ... ok (0.0 s)\n"));
        assert!(text.ends_with("\n1 passed, 0 failed\n"));
        assert!(well);
    }

    #[test]
    fn one_failed_is_not_well() {
        let (text, well) = report(|it| {
            it.test("a", || Ok(()));
            it.test("b", || Err::<(), _>("why\nand how".into()));
        });
        assert!(text.contains("b ... FAILED (0.0 s)\n    why\n    and how\n"));
        assert!(text.ends_with("\n1 passed, 1 failed\n"));
        assert!(!well);
    }

    #[test]
    fn what_was_left_out_is_said() {
        let (text, well) = report(|it| {
            it.test("a", || Ok(()));
            it.skip("b", "no browser");
        });
        assert!(text.ends_with("b ... SKIPPED: no browser\n1 passed, 0 failed, 1 SKIPPED\n"));
        assert!(well);
    }

    #[test]
    fn nothing_run_is_not_well() {
        assert_eq!(report(|_| ()), ("0 passed, 0 failed\n".into(), false));
    }
}
