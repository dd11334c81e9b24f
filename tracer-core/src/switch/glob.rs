//! Patterns: `*` is any text, `?` one character, `\` takes the next one as it is, and a leading `!` turns the
//! whole round.

/// A pattern, ready to be matched against whole names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    negated: bool,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Char(char),
    One,
    Many,
}

impl Glob {
    /// Every text is a pattern; a `\` at the end stands for itself.
    pub(crate) fn new(pattern: &str) -> Self {
        let (negated, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |rest| (true, rest));
        let mut parts = Vec::new();
        let mut chars = pattern.chars();
        while let Some(next) = chars.next() {
            let part = match next {
                '*' => Part::Many,
                '?' => Part::One,
                '\\' => Part::Char(chars.next().unwrap_or('\\')),
                other => Part::Char(other),
            };
            if part != Part::Many || parts.last() != Some(&Part::Many) {
                parts.push(part);
            }
        }
        Self { negated, parts }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.matches_plainly(name) != self.negated
    }

    /// Goes back to the last `*` alone, so time is bounded by both lengths multiplied.
    fn matches_plainly(&self, name: &str) -> bool {
        let (mut parts, mut rest) = (self.parts.as_slice(), name.chars());
        let mut retry = None;
        loop {
            let before = rest.clone();
            match (parts.split_first(), rest.next()) {
                (None, None) => return true,
                (Some((Part::Many, after)), _) => {
                    parts = after;
                    rest = before.clone();
                    retry = Some((after, before));
                    continue;
                }
                (Some((Part::One, after)), Some(_)) => {
                    parts = after;
                    continue;
                }
                (Some((Part::Char(wanted), after)), Some(found)) if *wanted == found => {
                    parts = after;
                    continue;
                }
                _ => {}
            }
            // Let the last `*` take one character more.
            let Some((after, mut from)) = retry.take() else { return false };
            if from.next().is_none() {
                return false;
            }
            (parts, rest) = (after, from.clone());
            retry = Some((after, from));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("health", "health", true),
            ("health", "healthz", false),
            ("health*", "healthz", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("?", "é", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("db.*.get", "db.users.by.get", true),
            ("db.*.get", "db.get", false),
            ("GET /*/x*", "GET /a/x/y", true),
            ("a**b", "ab", true),
            ("*ab", "aab", true),
            ("*a*b*c", "xaybzbc", true),
            ("!db.*", "db.get", false),
            ("!db.*", "http", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"\!a", "!a", true),
            (r"a\", r"a\", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern:?} on {name:?}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        let pattern = "*a".repeat(100);
        assert!(!Glob::new(&pattern).matches(&("a".repeat(2_000) + "b")));
    }
}
