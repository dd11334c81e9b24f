//! The program `hotrod`; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotrod::run(std::env::args_os())
}
