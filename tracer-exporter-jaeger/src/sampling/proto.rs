//! Jaeger's `SamplingStrategyResponse` in protobuf (`sampling.proto` of jaeger-idl).
//!
//! ```text
//! SamplingStrategyParameters = 1 service name
//! SamplingStrategyResponse = 1 type  2 { 1 double }  3 { 1 int32 }  4 PerOperationSamplingStrategies
//! PerOperationSamplingStrategies = 1 default share  2 lower bound  3 Operation*  4 upper bound
//! Operation = 1 name  2 { 1 double }
//! ```

#[cfg(any(feature = "grpc", test))]
use tracer_core::row::wire::put_bytes;
use tracer_core::row::wire::{Field, Fields, WireError};
use tracer_core::sampler::{OperationStrategies, Strategy};

const RATE_LIMITING: u64 = 1;

/// Asks for the strategy of a service.
#[cfg(any(feature = "grpc", test))]
pub(super) fn request(service_name: &str) -> Vec<u8> {
    let mut request = Vec::new();
    put_bytes(&mut request, 0x0a, service_name.as_bytes());
    request
}

/// Reads an answer, or says what is wrong with it.
pub(crate) fn read(answer: &[u8]) -> Result<Strategy, String> {
    let strategy = strategy(answer).map_err(|error| error.to_string())?;
    strategy.ok_or_else(|| "no strategy in it".to_owned())
}

fn strategy(answer: &[u8]) -> Result<Option<Strategy>, WireError> {
    let (mut strategy_type, mut probability, mut rate) = (0, None, None);
    for field in Fields::new(answer) {
        match field? {
            (1, field) => strategy_type = field.varint()?,
            (2, field) => probability = Some(Strategy::Probabilistic(double(field.bytes()?)?)),
            (3, field) => rate = Some(Strategy::RateLimiting(int32(field.bytes()?)?)),
            (4, field) => return Ok(Some(Strategy::PerOperation(per_operation(field.bytes()?)?))),
            _ => {}
        }
    }
    Ok(if strategy_type == RATE_LIMITING { rate.or(probability) } else { probability.or(rate) })
}

fn per_operation(message: &[u8]) -> Result<OperationStrategies, WireError> {
    let mut strategies = OperationStrategies::new(0.0, 0.0);
    for field in Fields::new(message) {
        match field? {
            (1, field) => strategies.default_probability = f64_of(field)?,
            (2, field) => strategies.lower_bound_per_second = f64_of(field)?,
            (3, field) => {
                if let Some((name, probability)) = operation(field.bytes()?)? {
                    strategies.operations.insert(name, probability);
                }
            }
            (4, field) => {
                strategies.upper_bound_per_second = Some(f64_of(field)?).filter(|bound| *bound != 0.0);
            }
            _ => {}
        }
    }
    Ok(strategies)
}

/// An operation and its share; without one it has the default.
fn operation(message: &[u8]) -> Result<Option<(String, f64)>, WireError> {
    let (mut name, mut probability) = ("", None);
    for field in Fields::new(message) {
        match field? {
            (1, field) => name = std::str::from_utf8(field.bytes()?).map_err(|_| WireError::NotUtf8)?,
            (2, field) => probability = Some(double(field.bytes()?)?),
            _ => {}
        }
    }
    Ok(probability.map(|probability| (name.to_owned(), probability)))
}

/// The field 1 of a message, a double.
fn double(message: &[u8]) -> Result<f64, WireError> {
    let mut number = 0.0;
    for field in Fields::new(message) {
        if let (1, field) = field? {
            number = f64_of(field)?;
        }
    }
    Ok(number)
}

/// The field 1 of a message, an `int32`; also a double, which the schema wants it to become.
fn int32(message: &[u8]) -> Result<f64, WireError> {
    let mut number = 0.0;
    for field in Fields::new(message) {
        number = match field? {
            (1, Field::Fixed64(bits)) => f64::from_bits(bits),
            (1, field) => {
                // An int32 is the lower half of its varint.
                let [b0, b1, b2, b3, ..] = field.varint()?.to_le_bytes();
                f64::from(i32::from_le_bytes([b0, b1, b2, b3]))
            }
            _ => number,
        };
    }
    Ok(number)
}

fn f64_of(field: Field<'_>) -> Result<f64, WireError> {
    match field {
        Field::Fixed64(bits) => Ok(f64::from_bits(bits)),
        _ => Err(WireError::WrongType),
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    /// The schema, as prost has it.
    #[derive(Clone, PartialEq, Message)]
    struct Response {
        #[prost(int32, tag = "1")]
        strategy_type: i32,
        #[prost(message, optional, tag = "2")]
        probabilistic: Option<Probabilistic>,
        #[prost(message, optional, tag = "3")]
        rate_limiting: Option<RateLimiting>,
        #[prost(message, optional, tag = "4")]
        operations: Option<PerOperation>,
        /// Of a later version.
        #[prost(string, tag = "99")]
        unknown: String,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    struct Probabilistic {
        #[prost(double, tag = "1")]
        sampling_rate: f64,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    struct RateLimiting {
        #[prost(int32, tag = "1")]
        max_traces_per_second: i32,
    }

    #[derive(Clone, PartialEq, Message)]
    struct PerOperation {
        #[prost(double, tag = "1")]
        default_probability: f64,
        #[prost(double, tag = "2")]
        lower_bound: f64,
        #[prost(message, repeated, tag = "3")]
        operations: Vec<Operation>,
        #[prost(double, tag = "4")]
        upper_bound: f64,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Operation {
        #[prost(string, tag = "1")]
        operation: String,
        #[prost(message, optional, tag = "2")]
        probabilistic: Option<Probabilistic>,
    }

    fn share(sampling_rate: f64) -> Option<Probabilistic> {
        Some(Probabilistic { sampling_rate })
    }

    #[test]
    fn every_form_is_read_as_prost_writes_it() {
        let operation = |name: &str, probabilistic| Operation { operation: name.into(), probabilistic };
        let operations = PerOperation {
            default_probability: 0.25,
            lower_bound: 0.5,
            operations: vec![operation("a", share(1.0)), operation("é", share(0.0)), operation("b", None)],
            upper_bound: 0.0,
        };
        let expected = OperationStrategies::new(0.25, 0.5).operation("a", 1.0).operation("é", 0.0);
        let bounded = PerOperation { upper_bound: 3.5, ..operations.clone() };
        let rate = |max_traces_per_second| Some(RateLimiting { max_traces_per_second });
        let none = Response { unknown: "later".into(), ..Response::default() };
        for (response, strategy) in [
            (Response { probabilistic: share(0.125), ..none.clone() }, Strategy::Probabilistic(0.125)),
            (Response { probabilistic: share(0.0), ..none.clone() }, Strategy::Probabilistic(0.0)),
            (
                Response {
                    strategy_type: 1,
                    rate_limiting: rate(9),
                    probabilistic: share(1.0),
                    ..none.clone()
                },
                Strategy::RateLimiting(9.0),
            ),
            (Response { rate_limiting: rate(-1), ..none.clone() }, Strategy::RateLimiting(-1.0)),
            (
                Response { operations: Some(operations), probabilistic: share(1.0), ..none.clone() },
                Strategy::PerOperation(expected.clone()),
            ),
            (
                Response { operations: Some(bounded), ..none.clone() },
                Strategy::PerOperation(expected.upper_bound(3.5)),
            ),
        ] {
            let message = response.encode_to_vec();
            assert_eq!(read(&message), Ok(strategy), "{response:?}");
            for end in 0..message.len() {
                // Whatever is cut off is an error or another strategy, and never a panic.
                let _ = read(&message[..end]);
            }
        }
        assert_eq!(read(&none.encode_to_vec()), Err("no strategy in it".into()));
        assert_eq!(read(&[]), Err("no strategy in it".into()));
        assert_eq!(read(&[0x12, 0x09, 0x09]), Err("message is cut off".into()));
        assert_eq!(read(&[0x12, 0x02, 0x08, 0x01]), Err("field has the wrong wire type".into()));
    }

    #[test]
    fn a_fractional_rate_as_the_schema_promises_it_is_read() {
        let mut message = vec![0x08, 0x01, 0x1a, 0x09, 0x09];
        message.extend_from_slice(&0.5_f64.to_le_bytes());
        assert_eq!(read(&message), Ok(Strategy::RateLimiting(0.5)));
    }

    #[test]
    fn a_request_names_the_service() {
        assert_eq!(request("shop"), [b"\x0a\x04shop".as_slice()].concat());
    }
}
