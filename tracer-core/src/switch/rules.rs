//! Rules as text: `operation:health*=off, target:sqlx=off, tag:db.statement=off`.

use super::glob::Glob;

/// Bytes of a text of rules.
pub(super) const TEXT_BYTES_MAX: usize = 64 * 1024;
const RULES_MAX: usize = 256;
const PATTERN_BYTES_MAX: usize = 256;

/// Why a text is not taken as rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwitchError {
    /// Something else than `operation:…`, `target:…` or `tag:…` with `=on` or `=off`.
    #[error("line {line}: not a rule such as `operation:health*=off`: {rule:?}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// What stands there, cut.
        rule: String,
    },
    /// More than 256 rules.
    #[error("line {line}: more than {RULES_MAX} rules")]
    TooManyRules {
        /// Counted from 1.
        line: usize,
    },
    /// More than 64 KiB.
    #[error("rules of {bytes} bytes, more than {TEXT_BYTES_MAX}")]
    TooLong {
        /// The text's length.
        bytes: usize,
    },
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Operation,
    Target,
    Tag,
}

#[derive(Debug, PartialEq, Eq)]
struct Rule {
    subject: Subject,
    pattern: Glob,
    on: bool,
}

/// Rules in their order: the last that matches holds, and without any a thing is on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rules(Vec<Rule>);

impl Rules {
    /// Reads all rules that can be read, and says what is wrong with the others.
    pub(super) fn parse(text: &str) -> (Self, Vec<SwitchError>) {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        if text.len() > TEXT_BYTES_MAX {
            return (Self(rules), vec![SwitchError::TooLong { bytes: text.len() }]);
        }
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            if line.trim_start().starts_with('#') {
                continue;
            }
            for rule in split_rules(line).map(str::trim).filter(|rule| !rule.is_empty()) {
                if rules.len() == RULES_MAX {
                    errors.push(SwitchError::TooManyRules { line: line_number });
                    return (Self(rules), errors);
                }
                match parse_rule(rule) {
                    Some(rule) => rules.push(rule),
                    None => {
                        let rule = rule.chars().take(80).collect();
                        errors.push(SwitchError::Malformed { line: line_number, rule });
                    }
                }
            }
        }
        (Self(rules), errors)
    }

    /// Whether any rule could turn such a thing off.
    pub(super) fn can_turn_off(&self, subject: Subject) -> bool {
        self.0.iter().any(|rule| rule.subject == subject && !rule.on)
    }

    /// What the last rule that matches says.
    pub(super) fn state(&self, subject: Subject, name: &str) -> Option<bool> {
        let matching = |rule: &&Rule| rule.subject == subject && rule.pattern.matches(name);
        self.0.iter().rev().find(matching).map(|rule| rule.on)
    }
}

/// Splits at commas that no `\` stands before.
fn split_rules(line: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    line.split(move |c| {
        let splits = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
}

fn parse_rule(rule: &str) -> Option<Rule> {
    let (subject, rest) = rule.split_once(':')?;
    let (pattern, state) = rest.rsplit_once('=')?;
    let subject = match subject.trim() {
        "operation" => Subject::Operation,
        "target" => Subject::Target,
        "tag" => Subject::Tag,
        _ => return None,
    };
    let on = match state.trim() {
        "on" => true,
        "off" => false,
        _ => return None,
    };
    let pattern = pattern.trim();
    let usable = !matches!(pattern, "" | "!") && pattern.len() <= PATTERN_BYTES_MAX;
    usable.then(|| Rule { subject, pattern: Glob::new(pattern), on })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_matches_holds() {
        let (rules, errors) = Rules::parse("operation:db.*=off, operation:db.get=on\ntag:db.*=off");
        assert_eq!(errors, []);
        let operation = |name| rules.state(Subject::Operation, name);
        assert_eq!(
            (operation("db.put"), operation("db.get"), operation("http")),
            (Some(false), Some(true), None)
        );
        assert_eq!(rules.state(Subject::Tag, "db.get"), Some(false));
        assert!(!rules.can_turn_off(Subject::Target));
    }

    #[test]
    fn what_is_malformed_is_named_by_its_line_and_the_rest_is_kept() {
        let text = "# health checks\noperation:a=off,operation:b\n\nspan:c=off\ntag:=off\ntarget:d=maybe\ntag:e = off\n";
        let (rules, errors) = Rules::parse(text);
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts[0], "line 2: not a rule such as `operation:health*=off`: \"operation:b\"");
        let lines = errors.iter().map(|error| match error {
            SwitchError::Malformed { line, .. } => *line,
            other => panic!("{other}"),
        });
        assert_eq!(lines.collect::<Vec<_>>(), [2, 4, 5, 6]);
        assert_eq!(rules.state(Subject::Operation, "a"), Some(false));
        assert_eq!(rules.state(Subject::Tag, "e"), Some(false));
    }

    #[test]
    fn names_may_hold_commas_colons_and_equals_signs() {
        let (rules, errors) =
            Rules::parse(r"operation:a\,b=off, operation:GET /x?a=b=off, operation:a::b=off");
        assert_eq!(errors, []);
        for name in ["a,b", "GET /x?a=b", "a::b"] {
            assert_eq!(rules.state(Subject::Operation, name), Some(false), "{name}");
        }
    }

    #[test]
    fn the_number_and_length_of_rules_are_bounded() {
        let (rules, errors) = Rules::parse(&"tag:a=off\n".repeat(300));
        assert_eq!((rules.0.len(), errors), (RULES_MAX, vec![SwitchError::TooManyRules { line: 257 }]));
        let (rules, errors) = Rules::parse(&" ".repeat(TEXT_BYTES_MAX + 1));
        assert_eq!((rules.0.len(), errors), (0, vec![SwitchError::TooLong { bytes: TEXT_BYTES_MAX + 1 }]));
        let (rules, errors) = Rules::parse(&format!("tag:{}=off", "a".repeat(257)));
        assert_eq!((rules.0.len(), errors.len()), (0, 1));
    }
}
