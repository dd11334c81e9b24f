//! A collector that takes its time, and what one request at a time and four make of it:
//!
//! ```sh
//! cargo run --release -p tracer-exporter-jaeger --example slow_collector -- 200 40000 10
//! ```
//!
//! Milliseconds for an answer, spans a second, seconds. The collector is a thread of this program.

#![expect(clippy::print_stdout, reason = "it is a program")]

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tracer_core::{Pipeline, Stats, Tracer};
use tracer_exporter_jaeger::OtlpHttp;

/// A quarter of the default, so that what does not get away shows soon.
const MEMORY_BYTES_MAX: usize = 8 << 20;

/// How often spans are made, a portion each time.
const TICK: Duration = Duration::from_millis(5);

fn main() -> Result<(), Box<dyn Error>> {
    let number = |at: usize, default: u32| match std::env::args().nth(at) {
        Some(text) => text.parse::<u32>().map_err(|error| format!("{text:?}: {error}")),
        None => Ok(default),
    };
    let (answer_ms, spans_per_second, seconds) = (number(1, 200)?, number(2, 40_000)?, number(3, 10)?);
    let collector = slow_collector(Duration::from_millis(answer_ms.into()))?;
    println!(
        "{spans_per_second} spans a second for {seconds} s, each answer after {answer_ms} ms, 8 MiB for spans:"
    );
    for sends in [1, 4] {
        let begun = Instant::now();
        let stats = run(collector, sends, spans_per_second, Duration::from_secs(seconds.into()))?;
        let taken = stats.exported as f64 / begun.elapsed().as_secs_f64();
        let lost = stats.finished - stats.exported;
        println!(
            "{sends} at a time: {taken:.0} spans/s taken, {lost} of {} lost ({} for want of memory)",
            stats.finished, stats.dropped.memory
        );
    }
    Ok(())
}

/// Makes spans at that pace, and says what became of them.
fn run(
    collector: SocketAddr,
    sends: usize,
    spans_per_second: u32,
    length: Duration,
) -> Result<Stats, Box<dyn Error>> {
    let exporter =
        OtlpHttp::builder().endpoint(format!("http://{collector}")).concurrent_sends_max(sends).build()?;
    let pipeline = Pipeline::builder().exporter(exporter).memory_bytes_max(MEMORY_BYTES_MAX).start();
    let tracer = Tracer::builder("slow-collector").pipeline(&pipeline).build();
    let (begun, mut made) = (Instant::now(), 0_u64);
    while begun.elapsed() < length {
        let due = (begun.elapsed().as_secs_f64() * f64::from(spans_per_second)) as u64;
        for n in made..due {
            let span = tracer.span("GET /orders").tag("http.request.method", "GET").tag("n", n);
            span.tag("customer", "Zoë of 221b Baker Street").start().finish();
        }
        made = made.max(due);
        std::thread::sleep(TICK);
    }
    pipeline.shutdown(Duration::from_secs(60))?;
    Ok(pipeline.stats())
}

/// Takes whatever is posted, and says so after a while; connections do not wait for each other.
fn slow_collector(pause: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::Builder::new().spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Its end is an error, too, and nobody's business.
            let serve = move || serve(&stream, pause).unwrap_or_default();
            let _ = std::thread::Builder::new().spawn(serve);
        }
    })?;
    Ok(address)
}

fn serve(stream: &TcpStream, pause: Duration) -> io::Result<()> {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        std::thread::sleep(pause);
        writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}
