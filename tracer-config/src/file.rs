//! The file: TOML, since people write it by hand, with comments, and Rust programs have such files already.
//!
//! ```toml
//! service_name = "shop"
//! exporters = ["otlp"]
//!
//! [otlp]
//! endpoint = "http://${COLLECTOR:localhost}:4318"
//! headers = { x-tenant = "shop" }
//!
//! [resource]
//! "deployment.environment.name" = "test"
//! ```
//!
//! Tables only group keys: `otlp.endpoint` is the same as `endpoint` below `[otlp]`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::environment::Environment;
use crate::note::Origin;

/// More than all settings with comments.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// What a file says, by key.
#[derive(Debug, Default)]
pub(crate) struct FileValues {
    path: Arc<PathBuf>,
    values: BTreeMap<String, (String, usize)>,
    /// Keys that no setting has: name, line, and why if it is not that.
    pub(crate) unusable: Vec<(String, usize, String)>,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {path:?}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// It is too large to be a configuration.
    #[error("{path:?} is larger than 262144 bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is not TOML.
    #[error("{path:?}: line {line}: {cause}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
    /// Files are read with the crate's feature `file` only.
    #[error("{path:?} is not read: that needs this crate's feature `file`")]
    NoFeature {
        /// The file.
        path: PathBuf,
    },
}

impl FileValues {
    pub(crate) fn get(&self, key: &str) -> Option<(String, Origin)> {
        let (text, line) = self.values.get(key)?;
        let origin = Origin::File { path: Arc::clone(&self.path), line: *line, key: key.to_owned() };
        Some((text.clone(), origin))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(not(feature = "file"))]
pub(crate) fn read(path: &Path, _: &Environment) -> Result<FileValues, FileError> {
    let _ = FILE_BYTES_MAX;
    Err(FileError::NoFeature { path: path.to_owned() })
}

/// Reads a file, and puts the environment's variables in where it asks for them.
#[cfg(feature = "file")]
pub(crate) fn read(path: &Path, environment: &Environment) -> Result<FileValues, FileError> {
    use std::io::Read;
    let unreadable =
        |error: std::io::Error| FileError::Unreadable { path: path.to_owned(), cause: error.to_string() };
    let file = crate::detect::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    let malformed = |line, cause| FileError::Malformed { path: path.to_owned(), line, cause };
    let text = String::from_utf8(bytes).map_err(|_| malformed(1, "not UTF-8".to_owned()))?;
    let mut values =
        toml_values::parse(&text, environment).map_err(|(line, cause)| malformed(line, cause))?;
    values.path = Arc::new(path.to_owned());
    Ok(values)
}

#[cfg(feature = "file")]
mod toml_values {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    use toml::Spanned;
    use toml::de::{DeTable, DeValue};

    use super::FileValues;
    use crate::environment::Environment;
    use crate::parse::substituted;
    use crate::setting::Setting;

    /// What would end an item of a list of pairs.
    const PAIR: &AsciiSet = &CONTROLS.add(b',').add(b'=').add(b'%');

    /// Settings that are tables of their own.
    const TABLES: [&str; 3] = ["resource", "otlp.headers", "jaeger.tags"];

    type Malformed = (usize, String);

    pub(super) fn parse(text: &str, environment: &Environment) -> Result<FileValues, Malformed> {
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (line(text, at), error.message().to_owned())
        })?;
        let mut reading = Reading { text, environment, values: FileValues::default() };
        reading.table("", table.get_ref());
        Ok(reading.values)
    }

    struct Reading<'a> {
        text: &'a str,
        environment: &'a Environment,
        values: FileValues,
    }

    impl Reading<'_> {
        fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
            for (name, value) in table {
                let key = format!("{prefix}{}", name.get_ref());
                let line = line(self.text, name.span().start);
                match value.get_ref() {
                    DeValue::Table(pairs) if TABLES.contains(&key.as_str()) => self.pairs(key, line, pairs),
                    DeValue::Table(inner) if self.is_group(&key) => self.table(&format!("{key}."), inner),
                    _ if Setting::by_key(&key).is_none() => {
                        self.unusable(key, line, "no key of that name is known");
                    }
                    value => self.value(key, line, value),
                }
            }
        }

        /// Whether keys begin so.
        fn is_group(&self, key: &str) -> bool {
            let _ = self;
            crate::setting::SETTINGS
                .iter()
                .any(|setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
        }

        fn value(&mut self, key: String, line: usize, value: &DeValue<'_>) {
            match self.scalar_or_list(value) {
                Ok(text) => self.insert(key, line, text),
                Err(reason) => self.unusable(key, line, &reason),
            }
        }

        fn pairs(&mut self, key: String, line: usize, pairs: &DeTable<'_>) {
            let mut list = Vec::new();
            for (name, value) in pairs {
                match self.scalar(value) {
                    Ok(text) => {
                        let encoded = |part: &str| utf8_percent_encode(part, PAIR).to_string();
                        list.push(format!("{}={}", encoded(name.get_ref()), encoded(&text)));
                    }
                    Err(reason) => {
                        let line = self::line(self.text, name.span().start);
                        self.unusable(format!("{key}.{}", name.get_ref()), line, &reason);
                    }
                }
            }
            self.insert(key, line, list.join(","));
        }

        fn scalar_or_list(&self, value: &DeValue<'_>) -> Result<String, String> {
            let DeValue::Array(items) = value else { return self.text_of(value) };
            let items: Result<Vec<String>, String> = items.iter().map(|item| self.scalar(item)).collect();
            Ok(items?.join(","))
        }

        fn scalar(&self, value: &Spanned<DeValue<'_>>) -> Result<String, String> {
            self.text_of(value.get_ref())
        }

        fn text_of(&self, value: &DeValue<'_>) -> Result<String, String> {
            match value {
                DeValue::String(text) => {
                    substituted(text, |name| self.environment.get(name).map(str::to_owned))
                }
                DeValue::Integer(number) => Ok(number.to_string()),
                DeValue::Float(number) => Ok(number.to_string()),
                DeValue::Boolean(truth) => Ok(truth.to_string()),
                other => Err(format!("neither text, number nor truth but {}", other.type_str())),
            }
        }

        fn insert(&mut self, key: String, line: usize, text: String) {
            if !text.trim().is_empty() {
                self.values.values.insert(key, (text.trim().to_owned(), line));
            }
        }

        fn unusable(&mut self, key: String, line: usize, reason: &str) {
            self.values.unusable.push((key, line, reason.to_owned()));
        }
    }

    fn line(text: &str, at: usize) -> usize {
        text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn parsed(text: &str) -> Result<FileValues, Malformed> {
            parse(text, &[("HOST", "c")].into_iter().collect())
        }

        #[test]
        fn tables_group_keys_and_lines_are_known() {
            let text = "service_name = \"shop\"\nexporters = [\"otlp\", 'console']\n[otlp]\n\
                        endpoint = \"http://${HOST:x}:${PORT:4318}\"\ntimeout_ms = 2_000\n\
                        headers = { a = \"1,2\", \"b=\" = true }\n[resource]\n\"k.x\" = 1.5\n";
            let values = parsed(text).unwrap();
            let of = |key: &str| values.values.get(key).map(|(text, line)| (text.as_str(), *line)).unwrap();
            assert_eq!(of("service_name"), ("shop", 1));
            assert_eq!(of("exporters"), ("otlp,console", 2));
            assert_eq!(of("otlp.endpoint"), ("http://c:4318", 4));
            assert_eq!(of("otlp.timeout_ms"), ("2000", 5));
            assert_eq!(of("otlp.headers"), ("a=1%2C2,b%3D=true", 6));
            assert_eq!(of("resource"), ("k.x=1.5", 7));
            assert!(values.unusable.is_empty());
        }

        #[test]
        fn what_is_unknown_or_of_no_use_is_told_by_line() {
            let values = parsed("a = 1\n[otlp]\nend = 2\ntimeout_ms = 1979-05-27\n[x.y]\nz = 1\n").unwrap();
            let told: Vec<_> = values.unusable.iter().map(|(key, line, _)| (key.as_str(), *line)).collect();
            let mut sorted = told.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [("a", 1), ("otlp.end", 3), ("otlp.timeout_ms", 4), ("x", 5)]);
        }

        #[test]
        fn what_is_not_toml_is_told_with_its_line() {
            let (line, cause) = parsed("a = 1\nb = = 2\n").unwrap_err();
            assert_eq!(line, 2);
            assert!(!cause.is_empty());
            assert!(parsed(&"[".repeat(100_000)).is_err());
        }
    }
}
