//! Arbitrary blocks and headers through `grpc-trace-bin`: what is read can be written and is read
//! again the same.
#![no_main]

use fuzz::context::{context, flags};
use fuzz::grammar::check_sent;
use fuzz::headers::{Headers, extract};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use tracer_core::{SpanContext, SpanId, TraceFlags};
use tracer_propagation::{Codec, GrpcTraceBin};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(context) = GrpcTraceBin::from_bytes(bytes) {
        check_written(&context);
    }
    let headers = Headers::from([("Grpc-Trace-Bin".to_owned(), bytes.to_vec())]);
    if let Some(context) = extract(&GrpcTraceBin, &headers).context {
        check_written(&context);
    }
    // What is used up is no context.
    let _ = check_context(&mut Unstructured::new(bytes));
});

fn check_context(input: &mut Unstructured<'_>) -> Result<()> {
    let context = context(input)?.with_parent_id(SpanId::from_bytes([0; 8]));
    check_written(&context.with_flags(flags(input, &[TraceFlags::SAMPLED])?));
    Ok(())
}

/// As a block and as a header.
fn check_written(context: &SpanContext) {
    assert!(context.is_valid() && context.is_remote());
    let block = GrpcTraceBin::to_bytes(context).unwrap_or_default();
    assert_eq!(GrpcTraceBin::from_bytes(&block).as_ref(), Ok(context));
    for cut in 0..block.len() - 2 {
        assert!(GrpcTraceBin::from_bytes(&block[..cut]).is_err());
    }
    let mut sent = Headers::from([("GRPC-Trace-Bin".to_owned(), b"stale".to_vec())]);
    assert_eq!(GrpcTraceBin.inject(context, &mut sent), Ok(()));
    check_sent(&sent);
    let extracted = extract(&GrpcTraceBin, &sent);
    assert_eq!((extracted.context.as_ref(), extracted.error), (Some(context), None));
}
