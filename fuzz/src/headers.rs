//! Headers as input, a line each, and what codecs make of them.

use tracer_propagation::{Codec, Extracted};

/// Headers as a message carries them: in order, with repeats.
pub type Headers = Vec<(String, Vec<u8>)>;

/// The headers of an input: lines of `name: value`; other lines are left out.
#[must_use]
pub fn of_lines(input: &[u8]) -> Headers {
    input.split(|byte| *byte == b'\n').filter_map(of_line).collect()
}

/// What a codec reads; an error stands in the result.
#[must_use]
pub fn extract(codec: &dyn Codec, headers: &Headers) -> Extracted {
    codec.extract(headers).unwrap_or_else(Extracted::from)
}

fn of_line(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..colon]).ok()?;
    Some((name.to_owned(), line[colon + 1..].to_vec()))
}
