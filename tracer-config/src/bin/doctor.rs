//! Why no spans arrive: prints what is configured and where that comes from, sends a span to each end point, and
//! says what is wrong. Ends with 0 if all is well, with 1 if not.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use tracer_config::{Configuration, doctor, variables_table};

const USAGE: &str = "\
usage: doctor [OPTION…]   why no spans arrive
  --service NAME     the service, if nothing else says one: doctor
  --file PATH        a file of settings
  --set KEY=VALUE    a setting by its key; goes before the environment
  --timeout SECONDS  for each question to an end point: 5
  --no-send          only print the settings
  --variables        print the table of all settings
";

/// What was asked for.
#[derive(Debug)]
struct Options {
    service: String,
    settings: Vec<(String, String)>,
    patience: Duration,
    sends: bool,
    prints: Option<Print>,
}

#[derive(Clone, Copy, Debug)]
enum Print {
    Usage,
    Variables,
}

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let options = match Options::read(arguments) {
        Ok(options) => options,
        Err(error) => {
            // Nowhere is left to report that standard error is closed.
            let _ = write!(io::stderr(), "doctor: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "doctor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<bool, Box<dyn std::error::Error>> {
    match options.prints {
        Some(Print::Usage) => io::stdout().write_all(USAGE.as_bytes())?,
        Some(Print::Variables) => io::stdout().write_all(variables_table().as_bytes())?,
        None => {
            let builder = Configuration::builder(&options.service);
            let settings = options.settings.into_iter();
            let configuration =
                settings.fold(builder, |builder, (key, value)| builder.set(&key, value)).resolve()?;
            let report = if options.sends {
                doctor::examine(&configuration, options.patience)
            } else {
                doctor::look(&configuration)
            };
            write!(io::stdout(), "{report}")?;
            return Ok(report.is_well());
        }
    }
    Ok(true)
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            service: "doctor".into(),
            settings: Vec::new(),
            patience: Duration::from_secs(5),
            sends: true,
            prints: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
            match argument.as_str() {
                "--service" => options.service = value()?,
                "--file" => options.settings.push(("config_file".into(), value()?)),
                "--set" => {
                    let setting = value()?;
                    let (key, value) = setting.split_once('=').ok_or("--set wants KEY=VALUE")?;
                    options.settings.push((key.to_owned(), value.to_owned()));
                }
                "--timeout" => options.patience = seconds(&value()?)?,
                "--no-send" => options.sends = false,
                "--variables" => options.prints = Some(Print::Variables),
                "-h" | "--help" => options.prints = Some(Print::Usage),
                other => return Err(format!("no option is called {other:?}")),
            }
        }
        Ok(options)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.01..=3600.0).contains(seconds));
    let seconds =
        seconds.ok_or_else(|| format!("--timeout wants seconds from 0.01 to 3600, not {text:?}"))?;
    Ok(Duration::from_secs_f64(seconds))
}
