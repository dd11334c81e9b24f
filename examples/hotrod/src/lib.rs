//! HotROD, rides on demand: the demo of distributed tracing, as a program and for its tests.
//!
//! ```text
//! browser ─> frontend /dispatch ─┬─ HTTP ─> customer ─> mysql          (simulated)
//!                                ├─ gRPC ─> driver ─> redis-manual     (simulated)
//!                                └─ HTTP ─> route, ten times, through a pool of three workers
//! ```
//!
//! Where things are: `app` starts and stops everything; `services/` has a file per service;
//! `simulated/` what they wait for; `tracing_setup` the tracers; `debug` what a process tells of itself;
//! `load` orders many cars, and `tour` does so in each setting. There is no tracing code round
//! calls and handlers: `tracer-http` does it, set up in `http/` and `services/driver`.

mod app;
pub mod cli;
mod debug;
mod http;
mod load;
mod log;
mod metrics;
mod proto;
mod services;
mod simulated;
mod tour;
mod tracing_setup;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

pub use self::app::{Addresses, App, StartError};
use self::cli::{Action, Cli, Command, Settings};
pub use self::http::client::InvalidAddress;
use self::log::stderr;

/// Runs the program until SIGINT or SIGTERM: 0 if it then ended well, 1 if it could not start, 2
/// for unusable arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Where stdout or stderr is closed there is nobody to tell.
            let _ = error.print();
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    stderr::install(cli.settings.verbose);
    let ended = Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string());
    let ended = ended.and_then(|runtime| run_on(runtime, &cli));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            stderr::write(&format!("hotrod: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn run_on(runtime: Runtime, cli: &Cli) -> Result<(), String> {
    let ended = runtime.block_on(async {
        // Listened to before anything starts, so that no signal is missed.
        let signals = signals().map_err(|error| format!("no signals: {error}"))?;
        match cli.action.clone().unwrap_or_default() {
            Action::Run(command) => serve(command, &cli.settings, signals).await,
            Action::Load(options) => load::command(&options, signals).await,
            Action::Tour(options) => tour::command(&options, &cli.settings, signals).await,
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended
}

/// Runs services until a signal.
async fn serve(command: Command, settings: &Settings, mut signals: mpsc::Receiver<()>) -> Result<(), String> {
    let app = tokio::select! {
        app = App::start(command, settings) => app.map_err(|error| error.to_string())?,
        _ = signals.recv() => return Ok(()),
    };
    print_addresses(command, app.addresses());
    signals.recv().await;
    stop(app, signals).await;
    Ok(())
}

/// Ends in order; at once, if that is asked for a second time.
async fn stop(app: App, mut signals: mpsc::Receiver<()>) {
    tokio::select! {
        () = app.stop() => {}
        _ = signals.recv() => {}
    }
}

/// A message for each SIGINT and SIGTERM.
#[cfg(unix)]
fn signals() -> std::io::Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// A message for each Ctrl-C.
#[cfg(not(unix))]
fn signals() -> std::io::Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(
        async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).await.is_ok() {} },
    );
    Ok(receiver)
}

/// Tells where everything is, on stdout, for people and scripts.
fn print_addresses(command: Command, addresses: &Addresses) {
    let mut lines = String::new();
    let mut add = |name: &str, url: Option<&str>| {
        if let Some(url) = url {
            lines.push_str(&format!("{name}: {url}\n"));
        }
    };
    add("HotROD", addresses.frontend.as_deref());
    if command != Command::All {
        add("customer", addresses.customer.as_deref());
        add("driver", addresses.driver.as_deref());
        add("route", addresses.route.as_deref());
    }
    add("viewer", addresses.viewer.as_deref());
    add("OTLP", addresses.otlp.as_deref());
    print(&lines);
}

/// Writes to stdout, at once. A stdout that is closed is no reason to stop.
fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
