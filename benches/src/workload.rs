//! What is measured.

/// A string that the compiler cannot know.
pub fn user_name(n: usize) -> &'static str {
    const NAMES: [&str; 4] = ["ann@example.com", "bob@example.com", "eve@example.com", "joe@example.com"];
    std::hint::black_box(NAMES[n % NAMES.len()])
}

/// The work of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A root span, without tags.
    RootSpan,
    /// A root and a child, each with 4 tags (static text, run-time text, two integers) and an event of 2 fields.
    RootChildRich,
    /// A root and a child that the sampler rejects, without tags.
    Unsampled,
    /// A root with 100 children, without tags.
    Trace100,
    /// A root that is made current, and a child of whatever is current.
    WithActive,
    /// The child of a sampled span, without tags.
    ChildPlain,
    /// The child of a sampled span, with one integer.
    ChildOneTag,
    /// The child of a sampled span, with 4 tags (static text, run-time text, two integers) and an event of 1 field.
    ChildFull,
    /// A root that the sampler rejects, with 4 tags.
    UnsampledRoot,
    /// The child of an unsampled span, with 4 tags.
    UnsampledChild,
    /// The child of a sampled span, with 4 tags, whose operation is switched off by a pattern.
    SwitchedOff,
    /// The child of a sampled span, with one integer, whose tag is switched off by a pattern.
    TagOff,
}

impl Shape {
    /// All shapes, in the order of the tables.
    pub const ALL: [Self; 12] = [
        Self::RootSpan,
        Self::RootChildRich,
        Self::Unsampled,
        Self::Trace100,
        Self::WithActive,
        Self::ChildPlain,
        Self::ChildOneTag,
        Self::ChildFull,
        Self::UnsampledRoot,
        Self::UnsampledChild,
        Self::SwitchedOff,
        Self::TagOff,
    ];

    /// Its name in the tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RootSpan => "root_span",
            Self::RootChildRich => "root_child_rich",
            Self::Unsampled => "unsampled",
            Self::Trace100 => "trace_100",
            Self::WithActive => "with_active",
            Self::ChildPlain => "child_plain",
            Self::ChildOneTag => "child_one_tag",
            Self::ChildFull => "child_full",
            Self::UnsampledRoot => "unsampled_root",
            Self::UnsampledChild => "unsampled_child",
            Self::SwitchedOff => "switched_off",
            Self::TagOff => "tag_off",
        }
    }

    /// Spans that one operation exports.
    #[must_use]
    pub const fn spans(self) -> u64 {
        match self {
            Self::Unsampled | Self::UnsampledRoot | Self::UnsampledChild | Self::SwitchedOff => 0,
            Self::RootChildRich | Self::WithActive => 2,
            Self::Trace100 => 101,
            Self::RootSpan | Self::ChildPlain | Self::ChildOneTag | Self::ChildFull | Self::TagOff => 1,
        }
    }

    /// Spans that a loop of so many operations exports: children have a parent, one for the loop.
    #[must_use]
    pub const fn spans_of(self, count: usize) -> u64 {
        let parents = matches!(
            self,
            Self::ChildPlain | Self::ChildOneTag | Self::ChildFull | Self::SwitchedOff | Self::TagOff
        ) as u64;
        self.spans() * count as u64 + parents
    }

    /// What figures are divided by: a trace of 101 spans is told per span, all else per operation.
    #[must_use]
    pub const fn divisor(self) -> usize {
        match self {
            Self::Trace100 => 101,
            _ => 1,
        }
    }
}

/// One library under test: the shapes, as its own documentation would write them.
///
/// Methods are called in a loop that is compiled for the library, so that they can be inlined as in a program.
pub trait Library: Send + Sync {
    /// The library's name and version.
    const NAME: &'static str;
    /// It has a current span.
    const HAS_ACTIVE: bool = true;
    /// Spans, and tags, can be switched off by pattern while the program runs.
    const SWITCHES_SPANS: bool = false;
    const SWITCHES_TAGS: bool = false;
    /// Spans after which a thread should drain where nothing is to be lost, and no setting helps.
    const DRAIN_EVERY_SPANS: usize = usize::MAX;
    /// A span that is open, and what its children need of it.
    type Parent;

    fn root_span(&self);
    fn root_child_rich(&self, n: usize);
    fn unsampled(&self);
    fn trace_100(&self);
    fn with_active(&self);
    fn child_plain(&self, parent: &Self::Parent);
    fn child_one_tag(&self, parent: &Self::Parent, n: usize);
    fn child_full(&self, parent: &Self::Parent, n: usize);
    fn unsampled_root(&self, n: usize);
    fn unsampled_child(&self, parent: &Self::Parent, n: usize);

    /// What is switched off while it runs; nothing, where that cannot be done.
    fn switched_off(&self, _parent: &Self::Parent, _n: usize) {}
    fn tag_off(&self, _parent: &Self::Parent, _n: usize) {}

    /// A root that lives as long as a loop of children. It is exported too, but where it is unsampled.
    fn parent(&self) -> Self::Parent;
    /// One that the sampler rejected.
    fn unsampled_parent(&self) -> Self::Parent;

    /// Runs a loop of rejected spans in whatever surroundings the library wants for that.
    fn rejecting(&self, run: impl FnOnce()) {
        run();
    }

    /// Exports what has gathered, and waits for it.
    fn drain(&self);

    /// How many spans the exporter has seen.
    fn exported(&self) -> u64;
}

/// A [`Library`] behind a pointer: one virtual call for a whole loop.
pub trait Peer: Send + Sync {
    /// The library's name and version.
    fn name(&self) -> &'static str;
    /// Whether it can do this at all.
    fn supports(&self, shape: Shape) -> bool;
    /// Spans after which a thread should drain where nothing is to be lost, and no setting helps.
    fn drain_every_spans(&self) -> usize;
    /// Does it so many times.
    fn run(&self, shape: Shape, count: usize);
    /// Exports what has gathered, and waits for it.
    fn drain(&self);
    /// How many spans the exporter has seen.
    fn exported(&self) -> u64;
}

impl<L: Library> Peer for L {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn supports(&self, shape: Shape) -> bool {
        match shape {
            Shape::WithActive => L::HAS_ACTIVE,
            Shape::SwitchedOff => L::SWITCHES_SPANS,
            Shape::TagOff => L::SWITCHES_TAGS,
            _ => true,
        }
    }

    fn drain_every_spans(&self) -> usize {
        L::DRAIN_EVERY_SPANS
    }

    fn run(&self, shape: Shape, count: usize) {
        match shape {
            Shape::RootSpan => (0..count).for_each(|_| self.root_span()),
            Shape::RootChildRich => (0..count).for_each(|n| self.root_child_rich(n)),
            Shape::Unsampled => self.rejecting(|| (0..count).for_each(|_| self.unsampled())),
            Shape::Trace100 => (0..count).for_each(|_| self.trace_100()),
            Shape::WithActive => (0..count).for_each(|_| self.with_active()),
            Shape::ChildPlain => {
                let parent = self.parent();
                (0..count).for_each(|_| self.child_plain(&parent));
            }
            Shape::ChildOneTag => {
                let parent = self.parent();
                (0..count).for_each(|n| self.child_one_tag(&parent, n));
            }
            Shape::ChildFull => {
                let parent = self.parent();
                (0..count).for_each(|n| self.child_full(&parent, n));
            }
            Shape::UnsampledRoot => self.rejecting(|| (0..count).for_each(|n| self.unsampled_root(n))),
            Shape::UnsampledChild => self.rejecting(|| {
                let parent = self.unsampled_parent();
                (0..count).for_each(|n| self.unsampled_child(&parent, n));
            }),
            Shape::SwitchedOff => {
                let parent = self.parent();
                (0..count).for_each(|n| self.switched_off(&parent, n));
            }
            Shape::TagOff => {
                let parent = self.parent();
                (0..count).for_each(|n| self.tag_off(&parent, n));
            }
        }
    }

    fn drain(&self) {
        L::drain(self);
    }

    fn exported(&self) -> u64 {
        L::exported(self)
    }
}
