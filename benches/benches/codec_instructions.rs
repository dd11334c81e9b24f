//! `cargo bench --bench codec_instructions`: instructions for reading and writing headers, and their
//! limits. Needs valgrind. `-- --ours` leaves the peers out.
//!
//! A shape is run N1 and N2 times under callgrind, which counts only inside [`codec_section`]; the
//! figure is the difference of both counts, divided by N2 - N1.

use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

use benches::codec::{Case, LIBRARIES, Library, Shape};

/// `name limit` a line: what was measured when the line was last changed, and 15 %.
const LIMITS: &str = include_str!("../codec_limits.txt");

/// How often a shape is run.
const COUNTS: [usize; 2] = [50, 250];

/// What callgrind looks for.
const SECTION: &str = "codec_section";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if let Some(child) = arguments.iter().position(|argument| argument == "--child") {
        run_child(arguments.get(child + 1).map_or("", String::as_str));
        return ExitCode::SUCCESS;
    }
    if !has("--bench") {
        return ExitCode::SUCCESS; // `cargo test`: valgrind may not be there
    }
    let libraries = if has("--ours") { LIBRARIES.get(..1).unwrap_or_default() } else { &LIBRARIES };
    match table(libraries) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot count instructions (is valgrind installed?): {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the table; whether all limits hold.
fn table(libraries: &[Library]) -> io::Result<bool> {
    let scratch = std::env::temp_dir().join(format!("codec-instructions-{}", std::process::id()));
    let mut columns = Vec::new();
    for library in libraries {
        std::fs::create_dir_all(&scratch)?;
        let counted = count(library, &scratch);
        std::fs::remove_dir_all(&scratch)?;
        columns.push(counted?);
    }
    println!("| shape | limit | {} |", columns_of(libraries, |library| library.name.to_owned()));
    println!("|---|---|{}", "---|".repeat(libraries.len()));
    let mut all_hold = true;
    for shape in Shape::ALL {
        let cell = |column: &Vec<(String, f64)>| {
            column.iter().find(|(name, _)| name == shape.name()).map(|(_, instructions)| *instructions)
        };
        let cells: Vec<_> = columns.iter().map(cell).collect();
        let limit = limit_of(shape);
        let ours = cells.first().copied().flatten().unwrap_or(f64::INFINITY);
        let holds = limit.is_some_and(|limit| ours <= limit);
        all_hold &= holds;
        let cells: Vec<_> =
            cells.iter().map(|cell| cell.map_or("-".to_owned(), |n| format!("{n:.0}"))).collect();
        let limit = limit.map_or("none".to_owned(), |limit| format!("{limit:.0}"));
        let verdict = if holds { "" } else { " EXCEEDED" };
        println!("| {} | {limit}{verdict} | {} |", shape.name(), cells.join(" | "));
    }
    Ok(all_hold)
}

fn columns_of(libraries: &[Library], column: impl Fn(&Library) -> String) -> String {
    libraries.iter().map(column).collect::<Vec<_>>().join(" | ")
}

fn limit_of(shape: Shape) -> Option<f64> {
    let lines = LIMITS.lines().filter_map(|line| line.split_once(' '));
    let mut limits = lines.filter(|(name, _)| *name == shape.name());
    limits.next()?.1.trim().parse().ok()
}

/// Counts one library's shapes in a child process of this program.
fn count(library: &Library, scratch: &Path) -> io::Result<Vec<(String, f64)>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--callgrind-out-file={}", scratch.join("out").display()))
        .args([format!("--toggle-collect={SECTION}"), format!("--dump-after={SECTION}")])
        .arg(std::env::current_exe()?)
        .args(["--child", library.name])
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut counted = Vec::new();
    for (place, name) in names.lines().enumerate() {
        let total = |number: usize| {
            let text = std::fs::read_to_string(scratch.join(format!("out.{number}")))?;
            parse_total(&text).ok_or_else(|| io::Error::other("a file of callgrind's cannot be read"))
        };
        let (few, many) = (total(2 * place + 1)?, total(2 * place + 2)?);
        counted.push((name.to_owned(), (many - few) / (COUNTS[1] - COUNTS[0]) as f64));
    }
    Ok(counted)
}

fn parse_total(text: &str) -> Option<f64> {
    let total =
        |line: &str| line.strip_prefix("totals: ").or(line.strip_prefix("summary: "))?.trim().parse().ok();
    text.lines().find_map(total)
}

/// The process that is counted: prints a name for each two dumps.
fn run_child(name: &str) {
    let library = LIBRARIES.iter().find(|library| library.name == name).expect("a library of this suite");
    for shape in Shape::ALL {
        let Some(mut case) = (library.case)(shape) else { continue };
        case(COUNTS[1]); // fills caches
        for count in COUNTS {
            codec_section(&mut case, count);
        }
        println!("{}", shape.name());
    }
}

/// The only code that is counted, with all that it calls.
// SAFETY: no other symbol has this name.
#[unsafe(no_mangle)]
#[inline(never)]
fn codec_section(case: &mut Case, count: usize) {
    std::hint::black_box(case)(std::hint::black_box(count));
    // No tail call: callgrind must see this function return.
    std::hint::black_box(());
}
