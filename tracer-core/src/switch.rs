//! Operations, targets and tags that are switched off and on while the program runs.
//!
//! ```text
//! code | TRACER_SWITCH | file ──> rules ──> a stamp in each tracer ──(0: nothing is off)──> go on
//!                                             └──> what is known of the name ──(nothing)──> patterns
//! ```

mod file;
mod glob;
mod hook;
mod names;
mod rules;
mod texts;

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use self::file::WatchedFile;
pub(crate) use self::file::poll_files;
pub(crate) use self::glob::Glob;
use self::hook::CHANGE_MAX;
pub(crate) use self::hook::Hook;
use self::names::Names;
use self::rules::Rules;
pub use self::rules::SwitchError;

/// Switches operations, targets and tags off, and on again, while the program runs. Cloning shares it.
///
/// Rules are parted by commas or lines; a line that begins with `#` says nothing:
///
/// | rule | turns off |
/// |---|---|
/// | `operation:health*=off` | spans by their first operation name |
/// | `target:sqlx=off` | all spans of tracers whose [`Scope`](crate::Scope) has that name |
/// | `tag:db.statement=off` | tags by key |
///
/// `*` is any text, `?` one character, `!` at the front turns a pattern round (`operation:!db.*=off`: all but
/// these), and `\` takes the next character as it is. **The last rule that matches holds**; what none matches is
/// on. A span is on if both its target and its operation are.
///
/// A span that is off is not recorded, nor counted, and passes on its parent's context, so that what is below
/// it hangs on its parent; below a root that is off, traces begin. `sampling.priority` does not bring it back.
/// A tag that is off is left out; `error`, `span.kind` and `sampling.priority` still do what else they do.
///
/// Rules come from three places, and later ones overrule earlier ones: code ([`set`](Self::set)), the environment
/// ([`from_env`](Self::from_env)), a file ([`watch_file`](Self::watch_file)).
///
/// ```
/// use tracer_core::{Clock, Switch, testing::TestTracer};
///
/// let switch = Switch::new();
/// let test = TestTracer::build("shop", Clock::system(), |tracer| tracer.switch(&switch));
/// switch.set("operation:cache.*=off, tag:password=off")?;
///
/// let order = test.tracer().span("order").start();
/// let lookup = test.tracer().span("cache.get").child_of(order.context()).start();
/// let mut query = test.tracer().span("SELECT").child_of(lookup.context()).start();
/// query.set_tag("rows", 2).set_tag("password", "1234");
/// drop((query, lookup, order));
/// assert_eq!(test.tree(), "order\n└─ SELECT rows=2\n");
/// # Ok::<(), tracer_core::SwitchError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Switch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    names: Arc<Names>,
}

#[derive(Debug, Default)]
struct State {
    /// By [`Layer`]; a later one overrules.
    layers: [Arc<Rules>; 3],
    file: Option<WatchedFile>,
    hooks: Vec<&'static Hook>,
}

impl State {
    fn replace(&mut self, layer: Layer, rules: Rules, names: &Names) {
        if let Some(place) = self.layers.get_mut(layer as usize) {
            *place = Arc::new(rules);
        }
        for hook in &self.hooks {
            hook.take(&self.layers);
        }
        // Now: nobody decides by the old rules any more.
        names.forget();
    }
}

#[derive(Clone, Copy)]
enum Layer {
    Code,
    Environment,
    File,
}

impl Switch {
    /// A switch without rules: everything is on.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A switch with the rules of the environment variable `TRACER_SWITCH`, if it is set. What cannot be read
    /// there is logged, and the rest is kept.
    #[must_use]
    pub fn from_env() -> Self {
        let switch = Self::new();
        if let Some(text) = std::env::var_os("TRACER_SWITCH") {
            switch.set_leniently(Layer::Environment, &text.to_string_lossy(), "TRACER_SWITCH");
        }
        switch
    }

    /// Replaces the rules set by code; an empty text takes them back. Holds for spans that start, and tags that
    /// are set, after the call.
    ///
    /// # Errors
    /// [`SwitchError`], the first in the text; the rules are then as they were.
    pub fn set(&self, rules: &str) -> Result<(), SwitchError> {
        let (rules, errors) = Rules::parse(rules);
        match errors.into_iter().next() {
            Some(error) => Err(error),
            None => {
                self.0.state.lock().replace(Layer::Code, rules, &self.0.names);
                Ok(())
            }
        }
    }

    /// Takes rules from a file: now, and again whenever its time of change or its size is another. Replaces a
    /// file watched before.
    ///
    /// There is no thread for this: the workers of this process's pipelines look at the file at their interval,
    /// and [`poll_file`](Self::poll_file) does at once. What cannot be read in it is logged once, with its line,
    /// and the rest is kept. A file that is not there has no rules, and may come later. At most 64 KiB.
    pub fn watch_file(&self, path: impl Into<PathBuf>) {
        let mut state = self.0.state.lock();
        state.file = Some(WatchedFile::new(path.into()));
        drop(state);
        self.poll_file();
        file::watch(Arc::downgrade(&self.0));
    }

    /// Reads the watched file again if it changed.
    pub fn poll_file(&self) {
        let mut state = self.0.state.lock();
        let Some(file) = &mut state.file else { return };
        let Some(text) = file.changed_text() else { return };
        let (rules, errors) = Rules::parse(&text);
        for error in errors {
            log::warn!("switch: {}: {error}", file.path().display());
        }
        state.replace(Layer::File, rules, &self.0.names);
    }

    fn set_leniently(&self, layer: Layer, text: &str, from: &str) {
        let (rules, errors) = Rules::parse(text);
        for error in errors {
            log::warn!("switch: {from}: {error}");
        }
        self.0.state.lock().replace(layer, rules, &self.0.names);
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.0.names)
    }

    /// Lets a tracer's hook follow this switch.
    pub(crate) fn govern(&self, hook: &'static Hook) {
        // A child that was forked while its parent changed the rules never gets the lock: nothing is off there.
        let Some(mut state) = self.0.state.try_lock_for(CHANGE_MAX) else { return };
        hook.take(&state.layers);
        state.hooks.push(hook);
    }

    /// Follows this switch no more: of a tracer that has no handle any more. Its open spans keep the last rules.
    pub(crate) fn release(&self, hook: &'static Hook) {
        let Some(mut state) = self.0.state.try_lock_for(CHANGE_MAX) else { return };
        state.hooks.retain(|other| !std::ptr::eq(*other, hook));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hook that stays, as a tracer's does, and is known to stay.
    fn hook(switch: &Switch) -> &'static Hook {
        static HOOKS: Mutex<Vec<&Hook>> = Mutex::new(Vec::new());
        let hook = Box::leak(Box::new(Hook::new("shop", 128, false, Some(switch))));
        HOOKS.lock().push(hook);
        hook
    }

    #[test]
    fn the_environment_overrules_code_and_the_rest_of_a_faulty_text_is_kept() {
        let switch = Switch::new();
        let hook = hook(&switch);
        switch.govern(hook);
        switch.set("operation:a=off, operation:b=off").unwrap();
        switch.set_leniently(Layer::Environment, "operation:a=on, what?, operation:c=off", "test");
        assert_eq!(["a", "b", "c", "d"].map(|name| hook.is_operation_off(name)), [false, true, true, false]);
        assert_eq!(["a", "b", "c"].map(|name| hook.is_dynamic_operation_off(name)), [false, true, true]);
        switch.set("target:shop=off").unwrap();
        assert!(hook.is_operation_off("d") && hook.is_dynamic_operation_off("d"));
    }

    #[test]
    fn without_a_rule_that_turns_off_nothing_is_looked_up() {
        let switch = Switch::new();
        let hook = hook(&switch);
        switch.govern(hook);
        switch.set("operation:*=on, target:other=off").unwrap();
        assert!(hook.is_start_usual() && hook.short_attributes_max() == 128);
    }

    #[test]
    fn a_key_and_an_operation_of_the_same_text_are_kept_apart() {
        let switch = Switch::new();
        let hook = hook(&switch);
        switch.govern(hook);
        switch.set("operation:x=off, tag:y=off").unwrap();
        for _ in 0..2 {
            assert!(hook.is_dynamic_operation_off("x") && !hook.is_tag_off("x"));
            assert!(!hook.is_dynamic_operation_off("y") && hook.is_tag_off("y"));
        }
    }

    #[test]
    fn another_text_at_the_same_address_is_another_key() {
        let switch = Switch::new();
        let hook = hook(&switch);
        switch.govern(hook);
        switch.set("tag:a*=off").unwrap();
        let mut key = String::from("abc");
        assert!(hook.is_tag_off(&key));
        key.replace_range(..1, "x");
        assert!(!hook.is_tag_off(&key));
        assert!(hook.is_tag_off(&"a".repeat(100)));
    }

    #[test]
    fn keys_of_all_lengths_are_told_apart_by_each_of_their_bytes() {
        let switch = Switch::new();
        let hook = hook(&switch);
        switch.govern(hook);
        switch.set("tag:!*x*=off").unwrap();
        for len in 0..60 {
            let key = "k".repeat(len);
            for _ in 0..2 {
                assert!(hook.is_tag_off(&key), "{len}");
                for at in 0..len {
                    let mut other = key.clone();
                    other.replace_range(at..=at, "x");
                    assert!(!hook.is_tag_off(&other), "{other}");
                    assert!(hook.is_tag_off(&key), "{len} after {at}");
                }
            }
        }
    }

    #[test]
    fn a_hook_that_is_released_keeps_its_last_rules() {
        let switch = Switch::new();
        let (hook, other) = (hook(&switch), hook(&switch));
        switch.govern(hook);
        switch.govern(other);
        switch.set("tag:a=off").unwrap();
        switch.release(hook);
        switch.set("").unwrap();
        assert_eq!([hook, other].map(|hook| hook.is_tag_off("a")), [true, false]);
    }
}
