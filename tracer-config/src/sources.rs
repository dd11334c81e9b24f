//! The layers that a value may come from, strongest first: builder, environment, file.

use std::collections::{BTreeMap, BTreeSet};

use crate::environment::Environment;
use crate::file::FileValues;
use crate::note::{Effective, Note, Origin};
use crate::setting::{Fate, SETTINGS, Setting, fate, printable};

/// A value of an unusable length is no setting.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// All that was set, what was found of use, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    builder: BTreeMap<&'static str, String>,
    pub(crate) environment: Environment,
    pub(crate) file: FileValues,
    looked_at: BTreeSet<&'static str>,
    pub(crate) effective: Vec<Effective>,
    pub(crate) notes: Vec<Note>,
}

/// A text, and who said it.
type Said<'a> = (&'a str, &'a Origin);

/// A value of use.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Found<T> {
    pub(crate) const fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// How strong it is: a builder's value goes before a variable, that before the file, that before a default.
    pub(crate) const fn strength(&self) -> u8 {
        match self.origin {
            Origin::Builder(_) => 3,
            Origin::Variable(_) => 2,
            Origin::File { .. } => 1,
            Origin::Default => 0,
        }
    }
}

impl Sources {
    pub(crate) fn new(builder: BTreeMap<&'static str, String>, environment: Environment) -> Self {
        Self { builder, environment, ..Self::default() }
    }

    /// Whether anything but the default says what it is.
    pub(crate) fn is_set(&self, setting: &'static Setting) -> bool {
        !self.texts(setting).is_empty()
    }

    /// The strongest value that can be read; what is stronger and cannot is noted.
    pub(crate) fn find<T>(
        &mut self,
        setting: &'static Setting,
        read: impl Fn(&str, &Origin) -> Result<T, String>,
    ) -> Option<Found<T>> {
        self.looked_at.insert(setting.key);
        let (mut refused, mut found) = (Vec::new(), None);
        for (text, origin) in self.texts(setting) {
            match read_one(&text, &origin, &read) {
                Ok(value) => {
                    found = Some((value, text, origin));
                    break;
                }
                Err(reason) => refused.push((text, origin, reason)),
            }
        }
        let shown =
            found.as_ref().map_or_else(|| setting.default.to_owned(), |(_, text, _)| setting.shown(text));
        for (text, origin, reason) in refused {
            self.refuse(setting, (&text, &origin), reason, shown.clone());
        }
        self.refuse_not_unicode(setting, &shown);
        let origin = found.as_ref().map_or(Origin::Default, |(_, _, origin)| origin.clone());
        self.effective.push(Effective { key: setting.key, value: shown, origin });
        found.map(|(value, _, origin)| Found::new(value, origin))
    }

    /// The values of all layers that can be read, strongest first; of those that cannot, nothing is used.
    pub(crate) fn find_all<T>(
        &mut self,
        setting: &'static Setting,
        read: impl Fn(&str, &Origin) -> Result<T, String>,
    ) -> Vec<Found<T>> {
        self.looked_at.insert(setting.key);
        let mut all = Vec::new();
        for (text, origin) in self.texts(setting) {
            match read_one(&text, &origin, &read) {
                Ok(value) => {
                    let value_shown = setting.shown(&text);
                    self.effective.push(Effective {
                        key: setting.key,
                        value: value_shown,
                        origin: origin.clone(),
                    });
                    all.push(Found::new(value, origin));
                }
                Err(reason) => self.refuse(setting, (&text, &origin), reason, "nothing of it".into()),
            }
        }
        self.refuse_not_unicode(setting, "nothing of it");
        all
    }

    /// Notes that a value is not used.
    pub(crate) fn refuse(
        &mut self,
        setting: &Setting,
        (text, origin): Said<'_>,
        reason: impl Into<String>,
        instead: String,
    ) {
        let (name, value) = (origin.named(), setting.shown(text));
        let reason = printable(&reason.into());
        self.notes.push(Note {
            name,
            value,
            reason,
            instead,
            is_malformed: true,
            is_builders: is_builders(origin),
            key: setting.key,
        });
    }

    /// Notes that a value that is well-formed has no use here.
    pub(crate) fn ignore(
        &mut self,
        setting: &Setting,
        (text, origin): Said<'_>,
        reason: &str,
        instead: &str,
    ) {
        let (name, value) = (origin.named(), setting.shown(text));
        self.notes.push(Note {
            name,
            value,
            reason: reason.into(),
            instead: instead.into(),
            is_malformed: false,
            is_builders: is_builders(origin),
            key: setting.key,
        });
    }

    /// Says what a setting came to, where that is no layer's text.
    pub(crate) fn amend(&mut self, setting: &Setting, value: impl Into<String>, origin: Origin) {
        let value = value.into();
        self.looked_at.insert(setting.key);
        for note in self.notes.iter_mut().filter(|note| note.key == setting.key) {
            // A default that depends has been told in words.
            if note.instead == setting.default {
                note.instead.clone_from(&value);
            }
        }
        match self.effective.iter_mut().find(|effective| effective.key == setting.key) {
            Some(effective) => (effective.value, effective.origin) = (value, origin),
            None => self.effective.push(Effective { key: setting.key, value, origin }),
        }
    }

    /// Notes all that was set and that nothing asked for, and all that looks like a setting and is none.
    pub(crate) fn note_the_rest(&mut self) {
        let forgotten: Vec<&'static Setting> =
            SETTINGS.iter().copied().filter(|setting| !self.looked_at.contains(setting.key)).collect();
        for setting in forgotten {
            for (text, origin) in self.texts(setting) {
                self.ignore(setting, (&text, &origin), "nothing that is configured uses it", "");
            }
        }
        let names: Vec<String> = self.environment.names().map(str::to_owned).collect();
        for name in names.iter().filter(|name| Setting::by_variable(name).is_none()) {
            let reason = match fate(name) {
                Fate::Foreign => continue,
                Fate::Ignored(why) => why,
                Fate::Unknown => "no variable of that name is known",
            };
            let value = self.environment.get(name).map_or_else(String::new, |_| "…".to_owned());
            let (name, reason, instead) = (printable(name), reason.to_owned(), String::new());
            self.notes.push(Note {
                name,
                value,
                reason,
                instead,
                is_malformed: false,
                is_builders: false,
                key: "",
            });
        }
    }

    /// What the layers say, strongest first.
    pub(crate) fn texts(&self, setting: &'static Setting) -> Vec<(String, Origin)> {
        let mut texts = Vec::new();
        if let Some(text) = self.builder.get(setting.key) {
            texts.push((text.clone(), Origin::Builder(setting.key)));
        }
        for &name in setting.variables {
            if let Some(text) = self.environment.get(name) {
                texts.push((text.to_owned(), Origin::Variable(name)));
            }
        }
        texts.extend(self.file.get(setting.key));
        texts
    }

    fn refuse_not_unicode(&mut self, setting: &'static Setting, instead: &str) {
        for &name in setting.variables {
            if self.environment.is_not_unicode(name) {
                self.refuse(setting, ("…", &Origin::Variable(name)), "not Unicode", instead.to_owned());
            }
        }
    }
}

const fn is_builders(origin: &Origin) -> bool {
    matches!(origin, Origin::Builder(_))
}

fn read_one<T>(
    text: &str,
    origin: &Origin,
    read: &impl Fn(&str, &Origin) -> Result<T, String>,
) -> Result<T, String> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(format!("longer than {VALUE_BYTES_MAX} bytes"));
    }
    read(text, origin)
}
