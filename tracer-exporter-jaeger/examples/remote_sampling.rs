//! Follows a Jaeger's sampling strategies for a while, and tells each second how many traces were recorded:
//! `cargo run -p tracer-exporter-jaeger --example remote_sampling -- [URL [SERVICE [SECONDS]]]`.
//! Change Jaeger's file of strategies meanwhile.

#![expect(clippy::print_stdout, reason = "it is a program")]

use std::error::Error;
use std::time::{Duration, Instant};

use tracer_core::{Pipeline, Tracer};
use tracer_exporter_jaeger::{HttpStrategies, OtlpHttp, RemoteSampler};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "http://localhost:5778".to_owned());
    let service = args.next().unwrap_or_else(|| "sampled".to_owned());
    let seconds: u32 = args.next().map_or(Ok(5), |seconds| seconds.parse())?;

    let jaeger = HttpStrategies::builder().endpoint(url).build()?;
    println!("asking {} for the strategy of {service}", jaeger.endpoint());
    let sampler = RemoteSampler::builder(&service, jaeger).interval(Duration::from_secs(1)).start()?;
    let exporter = OtlpHttp::from_env()?;
    let pipeline = Pipeline::builder().export_timeout(exporter.timeout()).exporter(exporter).start();
    let tracer = Tracer::builder(&service).pipeline(&pipeline).sampler(sampler.clone()).build();

    for _ in 0..seconds {
        let (end, mut recorded, mut all) = (Instant::now() + Duration::from_secs(1), 0, 0);
        while Instant::now() < end {
            let span = tracer.span("GET /").start();
            recorded += u32::from(span.is_recording());
            all += 1;
            span.finish();
            std::thread::sleep(Duration::from_millis(5));
        }
        let stats = sampler.stats();
        println!(
            "{recorded} of {all} traces recorded; {} answers, {} strategies, {} failures",
            stats.answered, stats.changes, stats.failed
        );
    }
    sampler.shutdown(Duration::from_secs(1));
    // Where nobody takes spans, that is in the account.
    let _ = pipeline.shutdown(Duration::from_secs(5));
    println!("{}", pipeline.stats());
    Ok(())
}
