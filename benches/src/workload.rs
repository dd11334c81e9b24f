//! What is measured.

/// A string that the compiler cannot know.
pub fn user_name(n: usize) -> &'static str {
    const NAMES: [&str; 4] = ["ann@example.com", "bob@example.com", "eve@example.com", "joe@example.com"];
    std::hint::black_box(NAMES[n % NAMES.len()])
}

/// One library under test. Its exporter counts spans and discards them.
pub trait Peer {
    /// The library's name and version.
    fn name(&self) -> &'static str;

    /// A root span, without tags.
    fn root_span(&mut self);

    /// A root and a child, each with 4 tags (static text, run-time text, two integers) and an event with 2 fields.
    fn root_child_rich(&mut self, n: usize);

    /// A root and a child that the sampler rejects, each with 4 tags.
    fn unsampled(&mut self, n: usize);

    /// A root that is made current, and a child of whatever is current.
    fn with_active(&mut self);

    /// Exports what has gathered; outside the timing.
    fn drain(&mut self);

    /// How many spans the exporter has seen.
    fn exported(&self) -> u64;
}

/// A workload, the spans of one operation, and how to run it.
pub struct Workload {
    pub name: &'static str,
    pub spans: u64,
    pub run: fn(&mut dyn Peer, usize),
}

/// All workloads, in the order of the table.
pub const WORKLOADS: [Workload; 4] = [
    Workload { name: "root_span", spans: 1, run: |peer, _| peer.root_span() },
    Workload { name: "root_child_rich", spans: 2, run: |peer, n| peer.root_child_rich(n) },
    Workload { name: "unsampled", spans: 0, run: |peer, n| peer.unsampled(n) },
    Workload { name: "with_active", spans: 2, run: |peer, _| peer.with_active() },
];
