//! Runs the tests with real peers: `interop [NAME…]`.

use std::io::{self, Write};
use std::process::ExitCode;

use interop::process::terminate_all;
use interop::report::Report;
use interop::suites::{self, Scenario};

/// As shells report the end by SIGINT.
const INTERRUPTED: i32 = 130;

const USAGE: &str = "usage: interop [NAME…]   runs the named suites, or all";

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    match run(&names) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nowhere is left to report that standard error is closed.
            let _ = writeln!(io::stderr(), "interop: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(names: &[String]) -> Result<bool, Box<dyn std::error::Error>> {
    if names.iter().any(|name| name == "-h" || name == "--help") {
        writeln!(io::stdout(), "{USAGE}")?;
        return Ok(true);
    }
    let scenarios: Vec<Scenario<io::Stdout>> = suites::select(names)?;
    ctrlc::set_handler(|| {
        terminate_all();
        std::process::exit(INTERRUPTED);
    })?;
    let mut report = Report::new(io::stdout());
    for scenario in scenarios {
        scenario.run(&mut report);
    }
    Ok(report.finish()?)
}
