//! The formats' rules in tables: what the files of cases leave out. Each row is what comes in, and
//! what goes out of a program that only passes it on; or nothing, where it is to be refused.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use tracer_propagation::{B3, Codec, Composite, Extracted, GrpcTraceBin, Jaeger, TraceContext, W3cBaggage};

type Headers = Vec<(String, Vec<u8>)>;

const IDS: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

/// What a codec passes on of one header with several values.
fn passed(codec: &dyn Codec, name: &str, values: &[&[u8]]) -> Vec<String> {
    let all: Vec<_> = values.iter().map(|value| (name, *value)).collect();
    passed_all(codec, &all)
}

fn passed_all(codec: &dyn Codec, headers: &[(&str, &[u8])]) -> Vec<String> {
    let mut carrier: Headers = headers.iter().map(|(name, value)| ((*name).into(), value.to_vec())).collect();
    let extracted = codec.extract(&carrier).unwrap_or_else(Extracted::from);
    codec.forward(&extracted, &mut carrier).unwrap();
    let mut lines: Vec<_> =
        carrier.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect();
    lines.sort();
    lines
}

#[test]
fn traceparent() {
    let valid = format!("00-{IDS}-01");
    let out = |flags: &str| vec![format!("traceparent: 00-{IDS}-{flags}")];
    let cases: Vec<(Vec<u8>, Vec<String>)> = vec![
        (format!("\t {valid} \t").into(), out("01")),
        (format!("00-{IDS}-ff").into(), out("03")),
        (format!("00-{IDS}-fe").into(), out("02")),
        (format!("00-{IDS}-fc").into(), out("00")),
        (format!("fe-{IDS}-02").into(), out("02")),
        (format!("01-{IDS}-01-").into(), out("01")),
        (format!("cc-{IDS}-01-\u{e9},x").into(), out("01")),
        ([format!("01-{IDS}-01-").as_bytes(), b"\xff"].concat(), out("01")),
        (format!("01-{IDS}-01.").into(), vec![]),
        (format!("01-{IDS}-0").into(), vec![]),
        (format!("ff-{IDS}-01-").into(), vec![]),
        (format!("{valid}-").into(), vec![]),
        (format!("{valid},{valid}").into(), vec![]),
        (format!("{valid},").into(), vec![]),
        (format!("\u{b}{valid}").into(), vec![]),
        (valid.to_uppercase().into(), vec![]),
        (valid.replace('-', "_").into(), vec![]),
        (valid.replace("00f0", "00F0").into(), vec![]),
        (valid.replace("4bf9", "4bg9").into(), vec![]),
        (valid.replace("4bf9", "4b\u{e9}").into(), vec![]),
        (valid.replace("4bf9", "4bo9").into(), vec![]),
        (valid.replace("4bf9", "4b`9").into(), vec![]),
        (valid.replace("4bf9", "4b:9").into(), vec![]),
        (valid.replace("4bf9", "4b/9").into(), vec![]),
        (b"01-00000000000000000000000000000000-00f067aa0ba902b7-01-x".to_vec(), vec![]),
    ];
    for (value, expected) in cases {
        let shown = String::from_utf8_lossy(&value);
        assert_eq!(passed(&TraceContext, "TraceParent", &[&value]), expected, "{shown}");
    }
    assert!(passed(&TraceContext, "traceparent", &[valid.as_bytes(), valid.as_bytes()]).is_empty());
    assert!(passed(&TraceContext, "traceparent", &[b"", valid.as_bytes()]).is_empty());
}

#[test]
fn tracestate() {
    let parent = format!("00-{IDS}-01");
    let read = |fields: &[&[u8]]| {
        let mut headers: Vec<(&str, &[u8])> = vec![("traceparent", parent.as_bytes())];
        headers.extend(fields.iter().map(|field| ("TraceState", *field)));
        let lines = passed_all(&TraceContext, &headers);
        lines.iter().find_map(|line| line.strip_prefix("tracestate: ").map(str::to_owned)).unwrap_or_default()
    };
    let key = |length: usize| "k".repeat(length);
    let (longest, too_long) = (format!("{}=v", key(256)), format!("{}=v", key(257)));
    let (longest_value, too_long_value) =
        (format!("k={}", "v".repeat(256)), format!("k={}", "v".repeat(257)));
    let blank_end = format!("k={}  ", "v".repeat(256));
    let cases: [(&[&[u8]], &str); 30] = [
        (&[b"a=1", b"b=2", b"a=3"], "a=1,b=2"),
        (&[b",, a=1\t,\t,b=2 ,"], "a=1,b=2"),
        (&[b"a=1", b"", b" ,"], "a=1"),
        (&[b"a= 1"], "a= 1"),
        (&[b"a=1 2 "], "a=1 2"),
        (&[b"a=1 \t "], "a=1"),
        (&[b"0a=1,1@2@3=x,a*/_-@=y"], "0a=1,1@2@3=x,a*/_-@=y"),
        (&[b"a=!~\"#;:\\"], "a=!~\"#;:\\"),
        (&[b"ab=1,a=2,ab=3,a=4"], "ab=1,a=2"),
        (&[b"a=1,a=1"], "a=1"),
        (&[longest.as_bytes()], &longest),
        (&[longest_value.as_bytes()], &longest_value),
        (&[blank_end.as_bytes()], &longest_value),
        (&[too_long.as_bytes()], ""),
        (&[too_long_value.as_bytes()], ""),
        (&[b"a=1,b"], ""),
        (&[b"a=1,=b"], ""),
        (&[b"a=1,b="], ""),
        (&[b"a=1,b= "], ""),
        (&[b"a=1,b=\t"], ""),
        (&[b"a=1,b=1=2"], ""),
        (&[b"a=1,b==2"], ""),
        (&[b"a=1,b =2"], ""),
        (&[b"a=1,B=2"], ""),
        (&[b"a=1,@b=2"], ""),
        (&[b"a=1,_b=2"], ""),
        (&[b"a=1,b.c=2"], ""),
        (&[b"a=1,b=\x7f"], ""),
        (&[b"a=1,b=\xc3\xa9"], ""),
        (&[b"a=1", b"b=1\t2"], ""),
    ];
    for (fields, expected) in cases {
        let shown: Vec<_> = fields.iter().map(|field| String::from_utf8_lossy(field)).collect();
        assert_eq!(read(fields), expected, "{shown:?}");
    }
}

#[test]
fn baggage() {
    let cases: [(&[&[u8]], &str); 22] = [
        (&[b"a=1", b"b=2", b"a=3"], "b=2,a=3"),
        (&[b"\ta \t= 1 ; p ; q = 2 \t, ,"], "a=1;p;q=2"),
        (&[b"a=1=2=="], "a=1=2=="),
        (&[b"a="], "a="),
        (&[b"a=;p=;p"], "a=;p=;p"),
        (&[b"a=1+2"], "a=1+2"),
        (&[b"A=1,a=2"], "A=1,a=2"),
        (&[b"a%20b=1"], "a%20b=1"),
        (&[b"a=%20x%20"], "a=%20x%20"),
        (&[b"a=%2c%3B%5c%22"], "a=%2C%3B%5C%22"),
        (&[b"a=%2525"], "a=%2525"),
        (&[b"a=%zz%4"], "a=%25zz%254"),
        (&[b"a=%ff"], "a=%EF%BF%BD"),
        (&[b"a=%C3%A9"], "a=%C3%A9"),
        (&[b"a=%41"], "a=A"),
        (&[b"a,b=2"], "b=2"),
        (&[b"=1,b=2"], "b=2"),
        (&[b"a b=1,c=2"], "c=2"),
        (&[b"a=1 2,c=2"], "c=2"),
        (&[b"a=\"1\",c=2"], "c=2"),
        (&[b"a=\xc3\xa9,c=2"], "c=2"),
        (&[b"a=1;,c=2"], "c=2"),
    ];
    for (fields, expected) in cases {
        let shown: Vec<_> = fields.iter().map(|field| String::from_utf8_lossy(field)).collect();
        assert_eq!(passed(&W3cBaggage, "Baggage", fields), [format!("baggage: {expected}")], "{shown:?}");
    }
}

#[test]
fn b3() {
    let short = "a3ce929d0e0e4736-00f067aa0ba902b7";
    let ids = IDS.to_owned();
    let cases: Vec<(String, String)> = vec![
        (format!("\t{ids}-d "), format!("{ids}-d")),
        (ids.clone(), ids.clone()),
        (format!("{ids}-00f067aa0ba902b8"), ids.clone()),
        (format!("0000000000000000{short}-1"), format!("{short}-1")),
        (format!("{short}-0-00f067aa0ba902b8"), format!("{short}-0")),
        ("0".into(), "0".into()),
        (format!("{ids}-D"), String::new()),
        (format!("{ids}-true"), String::new()),
        (format!("{ids}-"), String::new()),
        (format!("{ids}-1-"), String::new()),
        (format!("{ids}-1-00f067aa0ba902b8-"), String::new()),
        (format!("{ids}-1-00f067aa0ba902b8-1"), String::new()),
        (ids.to_uppercase(), String::new()),
        (ids.replace("4b", "b"), String::new()),
        ("D".into(), String::new()),
        ("2".into(), String::new()),
        ("1,0".into(), String::new()),
    ];
    for (value, expected) in cases {
        let expected: Vec<_> =
            (!expected.is_empty()).then(|| format!("b3: {expected}")).into_iter().collect();
        assert_eq!(passed(&B3::single(), "B3", &[value.as_bytes()]), expected, "{value}");
    }
    // Of repeated headers the first counts, also where it is malformed.
    assert_eq!(passed(&B3::single(), "b3", &[b"0", b"1"]), ["b3: 0"]);
    assert!(passed(&B3::single(), "b3", &[b"x", b"1"]).is_empty());
    let multi: [(&[u8], &str); 8] = [
        (b"TRUE", "1"),
        (b"False", "0"),
        (b" 1", "1"),
        (b"0\t", "0"),
        (b"", ""),
        (b"d", ""),
        (b"yes", ""),
        (b"01", ""),
    ];
    for (sampled, expected) in multi {
        let lines = passed(&B3::multi(), "X-B3-Sampled", &[sampled]);
        let expected: Vec<_> =
            (!expected.is_empty()).then(|| format!("x-b3-sampled: {expected}")).into_iter().collect();
        assert_eq!(lines, expected, "{sampled:?}");
    }
}

#[test]
fn jaeger() {
    let out = "uber-trace-id: 4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:";
    let ids = "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:";
    let cases: [(String, Option<&str>); 20] = [
        (format!(" {ids}1\t"), Some("1")),
        (format!("{ids}01"), Some("1")),
        (format!("{ids}0B"), Some("b")),
        (format!("{ids}ff"), Some("b")),
        (format!("{ids}10"), Some("0")),
        (format!("{ids}2"), Some("2")),
        (format!("{ids}1").to_uppercase(), Some("1")),
        (format!("{ids}1").replace(':', "%3A"), Some("1")),
        (format!("{ids}1").replace(':', "%3a"), Some("1")),
        (format!("{ids}1").replacen(":0:", ":0000000000000000:", 1), Some("1")),
        (format!("{ids}1").replacen(':', "%3A", 1), None),
        (format!("{ids}001"), None),
        (ids.to_owned(), None),
        (format!("{ids}x"), None),
        (format!("{ids}-1"), None),
        (format!("{ids}1:"), None),
        (format!("0{ids}1"), None),
        (format!("{ids}1").replacen(":0:", "::", 1), None),
        (format!("{ids}1").replacen(":0:", ":g:", 1), None),
        ("0:1:0:1".to_owned(), None),
    ];
    for (value, flags) in cases {
        let expected: Vec<_> = flags.map(|flags| format!("{out}{flags}")).into_iter().collect();
        assert_eq!(passed(&Jaeger, "Uber-Trace-Id", &[value.as_bytes()]), expected, "{value}");
    }
    let baggage: [(&str, &[u8], &[&str]); 9] = [
        ("UberCtx-Key", b" a%20b+c ", &["uberctx-key: a%20b%20c"]),
        ("uberctx-k", b"100%", &["uberctx-k: 100%25"]),
        ("uberctx-k", b"%41%zz+", &["uberctx-k: %2541%25zz%2B"]),
        ("uberctx-k", b"", &["uberctx-k: "]),
        ("uberctx-", b"1", &[]),
        ("uberctxk", b"1", &["uberctxk: 1"]),
        ("jaeger-baggage", b" a = 1 ,b=2=3,c, d=x ", &["uberctx-a:  1", "uberctx-d: x"]),
        ("jaeger-baggage", b"a%3D1%2Cb%3D2", &["uberctx-a: 1", "uberctx-b: 2"]),
        ("jaeger-debug-id", b" find me ", &["jaeger-debug-id: find me"]),
    ];
    for (name, value, expected) in baggage {
        let expected: Vec<_> = expected.iter().map(|line| line.replace(":  1", ": %201")).collect();
        assert_eq!(passed(&Jaeger, name, &[value]), expected, "{name}: {value:?}");
    }
    let debug_beside_a_trace =
        passed_all(&Jaeger, &[("jaeger-debug-id", b"x"), ("uber-trace-id", format!("{ids}0").as_bytes())]);
    assert_eq!(debug_beside_a_trace, [format!("{out}0")]);
}

/// Ids of every number of digits, and flags of every byte, in one digit and in two.
#[test]
fn jaegers_widths_and_flags() {
    let digits = "123456789abcdef0123456789ABCDEF01";
    let value = |trace: usize, span: usize, parent: usize, flags: &str| {
        let [trace, span, parent] = [trace, span, parent].map(|length| &digits[..length]);
        format!("{trace}:{span}:{parent}:{flags}")
    };
    let read = |value: &str| Jaeger.extract(&vec![("uber-trace-id".to_owned(), value.as_bytes().to_vec())]);
    for length in 0..=33 {
        let trace = read(&value(length, 16, 16, "1")).ok().and_then(|extracted| extracted.context);
        assert_eq!(trace.is_some(), (1..=32).contains(&length), "{length}");
        if let Some(context) = trace {
            let padded = format!("{:0>32}", digits[..length].to_lowercase());
            assert_eq!(context.trace_id().to_string(), padded);
        }
        for wide in [value(32, length, 1, "1"), value(32, 1, length, "1")] {
            assert_eq!(read(&wide).is_ok(), (1..=16).contains(&length), "{wide}");
        }
    }
    for bits in 0..=u8::MAX {
        let forms = [format!("{bits:x}"), format!("{bits:02X}")];
        for form in forms {
            let extracted = read(&value(32, 16, 1, &form)).unwrap();
            let passed = passed(&Jaeger, "uber-trace-id", &[value(32, 16, 1, &form).as_bytes()]);
            assert!(passed[0].ends_with(&format!(":{:x}", bits & 0b1011)), "{form}: {passed:?}");
            assert_eq!(extracted.context.unwrap().is_sampled(), bits & 1 == 1, "{form}");
        }
    }
}

/// Every version with its flags, alone and with what a version to come may have behind them.
#[test]
fn traceparents_of_every_version() {
    for version in 0..=u8::MAX {
        for (rest, is_short) in [("", true), ("-", false), ("-x.y", false), (".", false), ("x", false)] {
            let value = format!("{version:02x}-{IDS}-01{rest}");
            let is_read = version != 0xff && (is_short || version != 0 && rest.starts_with('-'));
            let passed = passed(&TraceContext, "traceparent", &[value.as_bytes()]);
            let expected: Vec<_> = is_read.then(|| format!("traceparent: 00-{IDS}-01")).into_iter().collect();
            assert_eq!(passed, expected, "{value}");
        }
    }
}

/// All four states, in both formats, with ids of 64 and 128 bits, from either format to the other.
#[test]
fn b3s_states_in_both_formats() {
    let (short, span) = ("a3ce929d0e0e4736", "00f067aa0ba902b7");
    for trace in [short.to_owned(), format!("4bf92f3577b34da6{short}")] {
        for (state, multi) in
            [("", ""), ("-0", "x-b3-sampled: 0"), ("-1", "x-b3-sampled: 1"), ("-d", "x-b3-flags: 1")]
        {
            let single = format!("{trace}-{span}{state}");
            let mut lines = vec![format!("x-b3-spanid: {span}"), format!("x-b3-traceid: {trace}")];
            lines.extend((!multi.is_empty()).then(|| multi.to_owned()));
            lines.sort();
            assert_eq!(passed(&B3::multi(), "b3", &[single.as_bytes()]), lines, "{single}");
            let pairs: Vec<_> = lines.iter().filter_map(|line| line.split_once(": ")).collect();
            let headers: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
            assert_eq!(passed_all(&B3::single(), &headers), [format!("b3: {single}")], "{lines:?}");
        }
    }
}

#[test]
fn grpc_trace_bin() {
    let (trace, span) = ([vec![0], vec![7; 16]].concat(), [vec![1], vec![8; 8]].concat());
    let block = |parts: &[&[u8]]| [&[0_u8][..], &parts.concat()].concat();
    let cases: [(Vec<u8>, Option<bool>); 12] = [
        (block(&[&trace, &span, &[2, 1]]), Some(true)),
        (block(&[&[2, 1], &span, &trace]), Some(true)),
        (block(&[&trace, &span]), Some(false)),
        (block(&[&trace, &span, &[2, 0xfe]]), Some(false)),
        (block(&[&trace, &span, &[2, 1, 2, 0]]), Some(false)),
        (block(&[&trace, &span, &[9, 2, 1]]), Some(false)),
        (block(&[&trace, &span, &[2]]), None),
        (block(&[&[9], &trace, &span]), None),
        (block(&[&trace]), None),
        (block(&[&trace, &[1; 8]]), None),
        ([vec![1], trace.clone(), span.clone()].concat(), None),
        (vec![], None),
    ];
    for (block, is_sampled) in cases {
        let context = GrpcTraceBin::from_bytes(&block).ok();
        assert_eq!(context.map(|context| context.is_sampled()), is_sampled, "{block:?}");
    }
}

#[test]
fn what_is_malformed_or_absent_falls_through() {
    let composite = Composite::from_names("tracecontext,b3,jaeger").unwrap();
    let jaeger = ("uber-trace-id", b"1:2:0:1".as_slice());
    let winner = |headers: &[(&str, &[u8])]| {
        let all: Headers = headers.iter().map(|(name, value)| ((*name).into(), value.to_vec())).collect();
        composite.extract(&all).ok().and_then(|extracted| extracted.context).map(|c| c.trace_id().low_u64())
    };
    assert_eq!(winner(&[jaeger]), Some(1));
    assert_eq!(winner(&[("traceparent", b"x"), ("b3", b"y"), jaeger]), Some(1));
    assert_eq!(winner(&[jaeger, ("b3", b"00000000000000ff-00000000000000fe")]), Some(0xff));
    assert_eq!(winner(&[("b3", b"0"), jaeger]), Some(1));
    assert_eq!(winner(&[("uber-trace-id", b"0:0:0:0")]), None);
}
