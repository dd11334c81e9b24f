//! `cargo bench --bench instructions`: instructions per operation, and their limits. Needs valgrind.
//! `-- --ours` leaves the peers out.

use std::process::ExitCode;

use benches::callgrind::{Count, count, keys, run_child};

/// A limit for each of our shapes.
const LIMITS: &str = include_str!("../limits.txt");

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    if let Some(child) = arguments.iter().position(|argument| argument == "--child") {
        run_child(arguments.get(child + 1).map_or("", String::as_str));
        return ExitCode::SUCCESS;
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS; // `cargo test`: valgrind may not be there
    }
    let with_peers = !arguments.iter().any(|argument| argument == "--ours");
    match table(with_peers) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot count instructions (is valgrind installed?): {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the table; whether all limits hold.
fn table(with_peers: bool) -> std::io::Result<bool> {
    println!("| library | shape | instructions | limit |\n|---|---|---|---|");
    let scratch = std::env::temp_dir().join(format!("instructions-{}", std::process::id()));
    let mut limits = limits();
    let mut all_hold = true;
    for key in keys() {
        let is_ours = key.starts_with("tracer-core");
        if !is_ours && !with_peers {
            continue;
        }
        std::fs::create_dir_all(&scratch)?;
        let counted = count(key, &scratch);
        std::fs::remove_dir_all(&scratch)?;
        for count in counted? {
            let at = limits.iter().position(|(name, _)| is_ours && *name == count.name);
            let limit = at.map(|at| limits.swap_remove(at).1);
            all_hold &= print(key, &count, limit);
        }
    }
    for (name, limit) in &limits {
        println!("| tracer-core | {name} | never counted | {limit} |");
    }
    Ok(all_hold && limits.is_empty())
}

/// Whether the limit holds.
fn print(key: &str, count: &Count, limit: Option<u32>) -> bool {
    let holds = limit.is_none_or(|limit| count.instructions <= f64::from(limit));
    let limit = limit.map_or("-".to_owned(), |limit| limit.to_string());
    let verdict = if holds { "" } else { " EXCEEDED" };
    println!("| {key} | {} | {:.1} | {limit}{verdict} |", count.name, count.instructions);
    holds
}

/// `name limit` a line; `#` begins a comment.
fn limits() -> Vec<(&'static str, u32)> {
    let lines = LIMITS.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let limit = |line: &'static str| {
        let (name, limit) = line.split_once(' ').expect("a name and a limit");
        (name, limit.trim().parse().expect("a whole number"))
    };
    lines.map(limit).collect()
}
