//! Lists of baggage restrictions from a text: what is read allows no more than it says.
#![no_main]

use fuzz::text::Text;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tracer_exporter_jaeger::baggage_restrictions_from_json;

#[derive(Arbitrary, Debug)]
enum Input {
    Text(String),
    List(Vec<(String, Option<u16>)>),
}

fuzz_target!(|input: (Input, Text)| {
    let (input, value) = input;
    match input {
        Input::Text(text) => {
            if let Ok(restrictions) = baggage_restrictions_from_json(&text) {
                let _ = restrictions.check("key", &value);
            }
        }
        Input::List(list) => check(&list, &value),
    }
});

fn check(list: &[(String, Option<u16>)], value: &str) {
    let entry = |(key, length): &(String, Option<u16>)| serde_json::json!({ "baggageKey": key, "maxValueLength": length });
    let text = serde_json::Value::from(list.iter().map(entry).collect::<Vec<_>>()).to_string();
    let read = baggage_restrictions_from_json(&text);
    let is_good = list.iter().all(|(key, _)| !key.is_empty());
    assert_eq!(read.is_ok(), is_good, "{text}");
    let Ok(restrictions) = read else { return };
    for (key, _) in list {
        // Of several for one key the last counts.
        let length = list.iter().rfind(|(other, _)| other == key).and_then(|(_, length)| *length);
        let length = length.map_or(2048, usize::from);
        let kept = restrictions.check(key, value).unwrap();
        assert!(kept.len() <= length && value.starts_with(kept), "{key:?}");
        assert!(kept.len() == value.len() || kept.len() + 4 > length, "{key:?}: cut too short");
    }
    assert_eq!(
        restrictions.check("\0 in no list", value).is_some(),
        list.iter().any(|(key, _)| key == "\0 in no list")
    );
}
