//! What a Jaeger may answer when it is asked for sampling strategies, in JSON and in protobuf: whatever is read can be
//! followed or is refused, and says the same when it is written in the other form and read again.
#![no_main]

use fuzz::strategies::{Form, Made, is_number, to_json, to_proto};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tracer_core::sampler::{AdjustableSampler, Sampler, SamplingParams, Strategy};
use tracer_core::{ConstSampler, TraceId};
use tracer_exporter_jaeger::answers::{strategy_from_json, strategy_from_proto};

#[derive(Arbitrary, Debug)]
enum Input {
    Bytes(Vec<u8>),
    Made(Made, Form),
}

fuzz_target!(|input: Input| {
    match input {
        Input::Bytes(bytes) => {
            for strategy in [strategy_from_json(&bytes), strategy_from_proto(&bytes)].into_iter().flatten() {
                check(&strategy);
            }
        }
        Input::Made(made, form) => {
            let strategy = made.strategy();
            if is_number(&strategy) {
                assert_eq!(strategy_from_json(to_json(&strategy, form).as_bytes()).as_ref(), Ok(&strategy));
                assert_eq!(strategy_from_proto(&to_proto(&strategy)).as_ref(), Ok(&strategy));
            }
            follow(&strategy);
        }
    }
});

fn check(strategy: &Strategy) {
    if is_number(strategy) {
        for form in [Form::Thrift, Form::Protobuf, Form::Texts] {
            let json = to_json(strategy, form);
            assert_eq!(strategy_from_json(json.as_bytes()).as_ref(), Ok(strategy), "{json}");
        }
        assert_eq!(strategy_from_proto(&to_proto(strategy)).as_ref(), Ok(strategy));
    }
    follow(strategy);
}

/// A strategy is followed, or refused and nothing changes.
fn follow(strategy: &Strategy) {
    let sampler = AdjustableSampler::new(ConstSampler::ON);
    let params = SamplingParams::root(TraceId::from_bytes([7; 16]), "op");
    let followed = sampler.apply(strategy).is_ok();
    let sampled = sampler.sample(&params).sampled;
    assert!(sampled.is_some());
    assert!(followed || sampled == Some(true), "{strategy:?}");
}
