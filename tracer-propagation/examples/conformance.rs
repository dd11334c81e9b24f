//! Runs cases of codecs: `cargo run --release -p tracer-propagation --example conformance -- PATH…`
//!
//! A path is a file of cases, or a folder: all files in it that end in `.json`, in the order of
//! their names. Printed are a line for each file, then what failed, then the sums. The exit status
//! is 1 if a case failed, and 2 if there was nothing that could be run.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

#[path = "../tests/support/cases.rs"]
mod cases;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use cases::Report;

fn main() -> ExitCode {
    let paths: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        eprintln!("usage: conformance PATH...");
        return ExitCode::from(2);
    }
    match reports(&paths) {
        Ok(reports) => print(&reports),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn reports(paths: &[PathBuf]) -> Result<Vec<Report>, String> {
    let mut reports = Vec::new();
    for path in paths {
        let files = files(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if files.is_empty() {
            return Err(format!("{}: no files that end in .json", path.display()));
        }
        for file in files {
            let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            reports.push(cases::run(&text).map_err(|error| format!("{}: {error}", file.display()))?);
        }
    }
    Ok(reports)
}

fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    Ok(files)
}

fn print(reports: &[Report]) -> ExitCode {
    for report in reports {
        let passed = report.cases - report.failures.len();
        println!("{}: passed {passed} of {}", report.codec, report.cases);
    }
    for failure in reports.iter().flat_map(|report| &report.failures) {
        println!("{}: expected {}, got {}", failure.id, failure.expected, failure.actual);
    }
    let cases: usize = reports.iter().map(|report| report.cases).sum();
    let failed: usize = reports.iter().map(|report| report.failures.len()).sum();
    println!("{} passed, {failed} failed", cases - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
