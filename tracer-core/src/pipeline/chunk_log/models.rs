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
    publish(writer, row);
    true
}

fn publish(writer: &mut Writer, row: u8) {
    let mut room = writer.room(1).unwrap();
    room.bytes().fill(row);
    room.publish(1);
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

/// A chunk that presses beside a drain is in that drain, or wakes the worker for the next.
#[test]
fn pressure_beside_a_drain_is_not_forgotten() {
    model(|| {
        let budget = Arc::new(Budget::new(3, 0));
        let (mut writer, mut reader) = chunk_log(&budget, &Arc::default());
        // The worker was woken before, and begins its drain.
        assert!(budget.press());
        let appending = thread::spawn(move || {
            let pressed = (1..=3).filter(|row| {
                let appended = writer.prepare(1, Priority::Ordinary).unwrap();
                publish(&mut writer, *row);
                appended == Appended::UnderPressure
            });
            pressed.count()
        });
        budget.clear_pressure();
        drain_into(&mut reader, &mut Vec::new());
        let wakes = appending.join().unwrap();
        assert!(budget.used_bytes() == 0 || wakes == 1, "{} bytes, {wakes} wakes", budget.used_bytes());
    });
}

/// An ordinary row has nothing of the reserve, whoever takes from the budget beside it.
#[test]
fn the_reserve_is_never_had_by_ordinary_rows() {
    model(|| {
        let budget = Arc::new(Budget::new(2 * CHUNK_BYTES, CHUNK_BYTES));
        let other = Arc::clone(&budget);
        let last = thread::spawn(move || other.reserve(CHUNK_BYTES, Priority::Last).is_some());
        let ordinary = budget.reserve(CHUNK_BYTES, Priority::Ordinary);
        assert!(last.join().unwrap(), "others use half at most");
        assert!(ordinary.is_none_or(|taken| !taken.from_reserve));
        assert_eq!(budget.used_bytes(), CHUNK_BYTES * (1 + usize::from(ordinary.is_some())));
    });
}

/// Of all threads that press, one wakes the worker.
#[test]
fn pressure_wakes_once() {
    model(|| {
        let budget = Arc::new(Budget::new(4, 0));
        let cross = |budget: &Budget| {
            let taken = budget.reserve(2, Priority::Ordinary);
            taken.is_some_and(|taken| taken.are_pressing) && budget.press()
        };
        let other = Arc::clone(&budget);
        let reserving = thread::spawn(move || cross(&other));
        let mine = cross(&budget);
        assert_ne!(mine, reserving.join().unwrap());
        assert_eq!(budget.reserve(1, Priority::Ordinary), None);
    });
}
