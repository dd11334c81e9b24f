//! Operations, targets and tags that are switched off and on while the program runs.
//!
//! ```text
//! code | TRACER_SWITCH | file ──> rules ──> a stamp in each tracer ──(0: nothing is off)──> go on
//!                                             └──> this thread's memory of decisions ──(new)──> patterns
//! ```

mod cache;
mod file;
mod glob;
mod rules;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use self::file::WatchedFile;
pub(crate) use self::file::poll_files;
pub(crate) use self::glob::Glob;
pub use self::rules::SwitchError;
use self::rules::{Rules, Subject};

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
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By [`Layer`]; a later one overrules.
    layers: [Arc<Rules>; 3],
    file: Option<WatchedFile>,
    hooks: Vec<&'static Hook>,
}

impl State {
    fn replace(&mut self, layer: Layer, rules: Rules) {
        if let Some(place) = self.layers.get_mut(layer as usize) {
            *place = Arc::new(rules);
        }
        for hook in &self.hooks {
            hook.take(&self.layers);
        }
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
                self.0.0.lock().replace(Layer::Code, rules);
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
        let mut state = self.0.0.lock();
        state.file = Some(WatchedFile::new(path.into()));
        drop(state);
        self.poll_file();
        file::watch(Arc::downgrade(&self.0));
    }

    /// Reads the watched file again if it changed.
    pub fn poll_file(&self) {
        let mut state = self.0.0.lock();
        let Some(file) = &mut state.file else { return };
        let Some(text) = file.changed_text() else { return };
        let (rules, errors) = Rules::parse(&text);
        for error in errors {
            log::warn!("switch: {}: {error}", file.path().display());
        }
        state.replace(Layer::File, rules);
    }

    fn set_leniently(&self, layer: Layer, text: &str, from: &str) {
        let (rules, errors) = Rules::parse(text);
        for error in errors {
            log::warn!("switch: {from}: {error}");
        }
        self.0.0.lock().replace(layer, rules);
    }

    /// Lets a tracer's hook follow this switch.
    pub(crate) fn govern(&self, hook: &'static Hook) {
        // A child that was forked while its parent changed the rules never gets the lock: nothing is off there.
        let Some(mut state) = self.0.0.try_lock_for(CHANGE_MAX) else { return };
        hook.take(&state.layers);
        state.hooks.push(hook);
    }
}

/// A tracer's end of its switch.
#[derive(Debug)]
pub(crate) struct Hook {
    /// What could be off (the lowest bits), under which rules (the others): the name of this hook's rules in
    /// the threads' memories. 0: nothing is off.
    stamp: AtomicU64,
    /// How many short attributes a span may have without a closer look: none while tags may be off. So a tag
    /// asks one question for its limit and for this switch.
    short_attributes_max: AtomicU32,
    limit: u32,
    target: String,
    layers: RwLock<[Arc<Rules>; 3]>,
}

const TARGET_IS_OFF: u64 = 1;
const OPERATIONS_MAY_BE: u64 = 2;
const TAGS_MAY_BE: u64 = 4;
const FLAG_BITS: u32 = 3;

const CHANGE_MAX: Duration = Duration::from_millis(10);

impl Hook {
    pub(crate) fn new(target: &str, short_attributes_max: u32) -> Self {
        Self {
            stamp: AtomicU64::new(0),
            short_attributes_max: AtomicU32::new(short_attributes_max),
            limit: short_attributes_max,
            target: target.to_owned(),
            layers: RwLock::default(),
        }
    }

    /// How many short attributes of a span need no closer look.
    #[inline(always)]
    pub(crate) fn short_attributes_max(&self) -> u32 {
        self.short_attributes_max.load(Ordering::Relaxed)
    }

    /// Whether no span is off.
    #[inline(always)]
    pub(crate) fn is_every_operation_on(&self) -> bool {
        self.stamp.load(Ordering::Relaxed) & (TARGET_IS_OFF | OPERATIONS_MAY_BE) == 0
    }

    /// Whether spans of a name that is part of the program are off.
    #[inline(always)]
    pub(crate) fn is_operation_off(&self, name: &'static str) -> bool {
        let stamp = self.stamp.load(Ordering::Relaxed);
        stamp & (TARGET_IS_OFF | OPERATIONS_MAY_BE) != 0
            && (stamp & TARGET_IS_OFF != 0 || self.look_up_static(stamp, name))
    }

    /// The same for a name made while running.
    #[inline]
    pub(crate) fn is_dynamic_operation_off(&self, name: &str) -> bool {
        let stamp = self.stamp.load(Ordering::Relaxed);
        stamp & (TARGET_IS_OFF | OPERATIONS_MAY_BE) != 0
            && (stamp & TARGET_IS_OFF != 0 || self.look_up(stamp, Subject::Operation, name))
    }

    /// Whether tags of a key are off.
    pub(crate) fn is_tag_off(&self, key: &str) -> bool {
        let stamp = self.stamp.load(Ordering::Relaxed);
        stamp & TAGS_MAY_BE != 0 && self.look_up(stamp, Subject::Tag, key)
    }

    #[inline(never)]
    fn look_up_static(&self, stamp: u64, name: &'static str) -> bool {
        cache::is_static_off(stamp, name, || self.decide(Subject::Operation, name))
    }

    #[inline(never)]
    fn look_up(&self, stamp: u64, subject: Subject, name: &str) -> bool {
        // The same text may be a key and an operation: the lowest bit, free here, tells them apart.
        let stamp = if subject == Subject::Tag { stamp | TARGET_IS_OFF } else { stamp & !TARGET_IS_OFF };
        cache::is_text_off(stamp, name, || self.decide(subject, name))
    }

    /// Matches the patterns. A change of rules is waited for, some microseconds; `None` if it does not end, as
    /// in a child that was forked while its parent changed them.
    #[cold]
    fn decide(&self, subject: Subject, name: &str) -> Option<bool> {
        let layers = self.layers.try_read_for(CHANGE_MAX)?;
        Some(is_off(&layers, subject, name))
    }

    /// Takes over rules. Who sees the new stamp finds the new rules: both change under the lock.
    fn take(&self, layers: &[Arc<Rules>; 3]) {
        static NEXT_STAMP: AtomicU64 = AtomicU64::new(1);
        let mut own = self.layers.write();
        own.clone_from(layers);
        let may_be = |subject| layers.iter().any(|rules| rules.can_turn_off(subject));
        let mut flags = 0;
        for (flag, is_set) in [
            (TARGET_IS_OFF, is_off(layers, Subject::Target, &self.target)),
            (OPERATIONS_MAY_BE, may_be(Subject::Operation)),
            (TAGS_MAY_BE, may_be(Subject::Tag)),
        ] {
            flags |= if is_set { flag } else { 0 };
        }
        let number = NEXT_STAMP.fetch_add(1, Ordering::Relaxed) << FLAG_BITS;
        self.stamp.store(if flags == 0 { 0 } else { number | flags }, Ordering::Relaxed);
        let short_max = if flags & TAGS_MAY_BE == 0 { self.limit } else { 0 };
        self.short_attributes_max.store(short_max, Ordering::Relaxed);
    }
}

fn is_off(layers: &[Arc<Rules>; 3], subject: Subject, name: &str) -> bool {
    layers.iter().rev().find_map(|rules| rules.state(subject, name)) == Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hook that stays, as a tracer's does, and is known to stay.
    fn hook() -> &'static Hook {
        static HOOKS: Mutex<Vec<&Hook>> = Mutex::new(Vec::new());
        let hook = Box::leak(Box::new(Hook::new("shop", 128)));
        HOOKS.lock().push(hook);
        hook
    }

    #[test]
    fn the_environment_overrules_code_and_the_rest_of_a_faulty_text_is_kept() {
        let switch = Switch::new();
        let hook = hook();
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
        let hook = hook();
        switch.govern(hook);
        switch.set("operation:*=on, target:other=off").unwrap();
        assert_eq!(hook.stamp.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_key_and_an_operation_of_the_same_text_are_kept_apart() {
        let switch = Switch::new();
        let hook = hook();
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
        let hook = hook();
        switch.govern(hook);
        switch.set("tag:a*=off").unwrap();
        let mut key = String::from("abc");
        assert!(hook.is_tag_off(&key));
        key.replace_range(..1, "x");
        assert!(!hook.is_tag_off(&key));
        assert!(hook.is_tag_off(&"a".repeat(100)));
    }
}
