//! The program, in processes of their own, each with variables of its own.

use std::process::{Command, Output};

use super::servers::{Answer, Server};

fn doctor(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doctor"));
    let is_ours = |name: &str| ["OTEL_", "JAEGER_", "TRACER_"].iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_ours)) {
        command.env_remove(name);
    }
    let Output { status, stdout, stderr } =
        command.args(arguments).envs(variables.iter().copied()).output().unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[test]
fn it_ends_with_0_if_the_span_arrives_and_with_1_if_not() {
    let server = Server::http(|_| Answer::status(200));
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", server.url()), ("OTEL_SERVICE_NAME", "shop".into())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (code, said) = doctor(&["--timeout", "20"], &variables);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("ok: OTLP over HTTP to ") && said.contains("All is well."), "{said}");
    let line = said.lines().find(|line| line.trim_start().starts_with("service_name")).unwrap();
    assert!(line.contains("shop") && line.ends_with("OTEL_SERVICE_NAME"), "{line}");
    let (code, said) = doctor(&["--timeout", "20", "--set", "otlp.endpoint=http://127.0.0.1:9"], &variables);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("FAILED") && said.contains("nobody listens on 127.0.0.1:9"), "{said}");
}

#[test]
fn it_prints_settings_alone_and_says_what_is_malformed() {
    let (code, said) = doctor(&["--no-send"], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("A span was sent"), "{said}");
    let (code, said) = doctor(&["--no-send"], &[("OTEL_BSP_SCHEDULE_DELAY", "soon")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("OTEL_BSP_SCHEDULE_DELAY=\"soon\" is ignored"), "{said}");
    let (code, said) = doctor(&["--no-send"], &[("OTEL_SDK_DISABLED", "true")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("switched off"), "{said}");
}

#[test]
fn wrong_arguments_are_told() {
    for arguments in [&["--what"][..], &["--set", "x"], &["--timeout", "-1"], &["--file"]] {
        let (code, said) = doctor(arguments, &[]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("usage: doctor"), "{said}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let argument = std::ffi::OsStr::from_bytes(b"--\xff");
        let output = Command::new(env!("CARGO_BIN_EXE_doctor")).arg(argument).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    assert_eq!(doctor(&["--help"], &[]).0, Some(0));
    assert_eq!(doctor(&["--set", "no.key=1"], &[]).0, Some(1));
}
