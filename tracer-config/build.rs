//! Notes the compiler's version, for `process.runtime.version`.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).arg("--version").output().ok();
    let said = output.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    // "rustc 1.85.0 (4d91de4e4 2025-02-17)"
    let version = said.split_whitespace().nth(1).unwrap_or_default();
    println!("cargo::rustc-env=TRACER_CONFIG_RUSTC_VERSION={version}");
}
