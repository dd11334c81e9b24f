//! Loom's models of the log: every interleaving of a writer and a reader. Run by `ci/loom`.
//!
//! A chunk holds two rows of one byte.

use loom::thread;

use super::*;

fn model(check: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(4);
    builder.check(check);
}

fn append(writer: &mut Writer, row: u8) -> bool {
    if writer.prepare(1, Priority::Ordinary).is_err() {
        return false;
    }
    writer.room(1).unwrap().fill(row);
    writer.publish(1);
    true
}

fn append_all(mut writer: Writer, rows: u8) {
    for row in 1..=rows {
        assert!(append(&mut writer, row));
    }
}

fn drain_into(reader: &mut Reader, seen: &mut Vec<u8>) -> bool {
    reader.drain(|rows| seen.extend_from_slice(rows))
}

/// Rows come out once, whole and in order, whenever the reader looks; what is refused is told.
#[test]
fn appended_is_drained_or_refused() {
    model(|| {
        let budget = Arc::new(Budget::new(2 * CHUNK_BYTES, 0));
        let (mut writer, mut reader) = chunk_log(&budget, &Arc::default());
        let appending = thread::spawn(move || {
            let taken: Vec<u8> = (1..=5).filter(|row| append(&mut writer, *row)).collect();
            drop(writer);
            taken
        });
        let mut seen = Vec::new();
        drain_into(&mut reader, &mut seen);
        drain_into(&mut reader, &mut seen);
        let taken = appending.join().unwrap();
        while drain_into(&mut reader, &mut seen) {}
        assert_eq!(seen, taken);
    });
}

/// A drain that says "no more" has seen every row.
#[test]
fn the_end_comes_after_the_last_row() {
    model(|| {
        let budget = Arc::new(Budget::new(8 * CHUNK_BYTES, 0));
        let (writer, mut reader) = chunk_log(&budget, &Arc::default());
        let appending = thread::spawn(move || append_all(writer, 3));
        let mut seen = Vec::new();
        let more = drain_into(&mut reader, &mut seen);
        assert!(more || seen == [1, 2, 3], "{seen:?}");
        appending.join().unwrap();
    });
}

/// Whichever end goes first, the chain is freed once, and the budget is whole again.
#[test]
fn both_ends_may_go_at_any_moment() {
    model(|| {
        let budget = Arc::new(Budget::new(8 * CHUNK_BYTES, 0));
        let (writer, mut reader) = chunk_log(&budget, &Arc::default());
        let appending = thread::spawn(move || append_all(writer, 3));
        drain_into(&mut reader, &mut Vec::new());
        drop(reader);
        appending.join().unwrap();
        assert_eq!(budget.used_bytes(), 0);
    });
}

/// Of all threads that cross half of the budget, one wakes the worker.
#[test]
fn pressure_wakes_once() {
    model(|| {
        let budget = Arc::new(Budget::new(4, 0));
        let other = Arc::clone(&budget);
        let reserving = thread::spawn(move || other.reserve(2, Priority::Ordinary));
        let mine = budget.reserve(2, Priority::Ordinary);
        let theirs = reserving.join().unwrap();
        assert_eq!(
            [mine, theirs].into_iter().filter(|taken| taken.is_some_and(|taken| taken.pressed)).count(),
            1
        );
        assert_eq!(budget.reserve(1, Priority::Ordinary), None);
    });
}
