//! Strategies as input, and as a Jaeger writes them: apart from the code that reads them.

use arbitrary::Arbitrary;
use serde_json::{Value, json};
use tracer_core::row::wire::put_bytes;
use tracer_core::sampler::{OperationStrategies, Strategy};

/// A strategy, with any numbers.
#[derive(Arbitrary, Debug)]
pub enum Made {
    Share(f64),
    Rate(f64),
    Operations { share: f64, lower: f64, upper: Option<f64>, operations: Vec<(String, f64)> },
}

/// Who writes JSON.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Form {
    /// `null` for what is not there, numbers for enumerations.
    Thrift,
    /// What is not there is left out, names for enumerations.
    Protobuf,
    /// Numbers as texts.
    Texts,
}

impl Made {
    pub fn strategy(self) -> Strategy {
        match self {
            Self::Share(share) => Strategy::Probabilistic(share),
            Self::Rate(rate) => Strategy::RateLimiting(rate),
            Self::Operations { share, lower, upper, operations } => {
                let mut strategies = OperationStrategies::new(share, lower);
                for (name, share) in operations {
                    strategies = strategies.operation(&name, share);
                }
                // 0 stands for none, in both forms.
                if let Some(upper) = upper.filter(|upper| *upper != 0.0) {
                    strategies = strategies.upper_bound(upper);
                }
                Strategy::PerOperation(strategies)
            }
        }
    }
}

/// Whether JSON has words for all of its numbers.
pub fn is_number(strategy: &Strategy) -> bool {
    match strategy {
        Strategy::Probabilistic(number) | Strategy::RateLimiting(number) => number.is_finite(),
        Strategy::PerOperation(strategies) => {
            let bounds = [strategies.default_probability, strategies.lower_bound_per_second];
            let mut all = bounds.into_iter().chain(strategies.upper_bound_per_second);
            all.all(f64::is_finite) && strategies.operations.values().all(|share| share.is_finite())
        }
        _ => false,
    }
}

/// As JSON of that form.
pub fn to_json(strategy: &Strategy, form: Form) -> String {
    let number = |number: f64| match form {
        Form::Texts => json!(number.to_string()),
        _ => json!(number),
    };
    let (kind, key, part) = match strategy {
        Strategy::Probabilistic(share) => {
            (0, "probabilisticSampling", json!({ "samplingRate": number(*share) }))
        }
        Strategy::RateLimiting(rate) => {
            (1, "rateLimitingSampling", json!({ "maxTracesPerSecond": number(*rate) }))
        }
        Strategy::PerOperation(strategies) => (0, "operationSampling", operations(strategies, number)),
        other => unreachable!("{other:?}"),
    };
    let mut answer = match form {
        Form::Thrift => json!({
            "strategyType": kind,
            "probabilisticSampling": null, "rateLimitingSampling": null, "operationSampling": null,
        }),
        Form::Protobuf if kind == 0 => json!({ "strategyType": "PROBABILISTIC" }),
        Form::Protobuf => json!({ "strategyType": "RATE_LIMITING" }),
        Form::Texts => json!({ "strategyType": kind.to_string() }),
    };
    answer[key] = part;
    answer.to_string()
}

fn operations(strategies: &OperationStrategies, number: impl Fn(f64) -> Value) -> Value {
    let operation = |(name, share): (&String, &f64)| json!({ "operation": name, "probabilisticSampling": { "samplingRate": number(*share) } });
    json!({
        "defaultSamplingProbability": number(strategies.default_probability),
        "defaultLowerBoundTracesPerSecond": number(strategies.lower_bound_per_second),
        "defaultUpperBoundTracesPerSecond": number(strategies.upper_bound_per_second.unwrap_or(0.0)),
        "perOperationStrategies": strategies.operations.iter().map(operation).collect::<Vec<_>>(),
    })
}

/// As `SamplingStrategyResponse`; a rate as the double that the schema announces.
pub fn to_proto(strategy: &Strategy) -> Vec<u8> {
    let mut answer = Vec::new();
    match strategy {
        Strategy::Probabilistic(share) => put_bytes(&mut answer, 0x12, &double(1, *share)),
        Strategy::RateLimiting(rate) => {
            answer.extend_from_slice(&[0x08, 1]);
            put_bytes(&mut answer, 0x1a, &double(1, *rate));
        }
        Strategy::PerOperation(strategies) => {
            let mut message = double(1, strategies.default_probability);
            message.extend(double(2, strategies.lower_bound_per_second));
            for (name, share) in &strategies.operations {
                let mut operation = Vec::new();
                put_bytes(&mut operation, 0x0a, name.as_bytes());
                put_bytes(&mut operation, 0x12, &double(1, *share));
                put_bytes(&mut message, 0x1a, &operation);
            }
            if let Some(bound) = strategies.upper_bound_per_second {
                message.extend(double(4, bound));
            }
            put_bytes(&mut answer, 0x22, &message);
        }
        other => unreachable!("{other:?}"),
    }
    answer
}

fn double(number: u8, value: f64) -> Vec<u8> {
    [&[number << 3 | 1][..], &value.to_le_bytes()].concat()
}
