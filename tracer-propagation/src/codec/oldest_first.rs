//! Baggage in the order in which it was set: what was there first has the best right to a place in
//! a header of limited length.

use std::ops::ControlFlow;

use tracer_core::{Baggage, BaggageItem};

/// So many items are put in order without an allocation.
const USUAL_MAX: usize = 16;

/// Visits the items, the oldest first, until a break.
pub(crate) fn visit<'b>(baggage: &'b Baggage, visit: &mut dyn FnMut(BaggageItem<'b>) -> ControlFlow<()>) {
    let mut latest_first = baggage.iter();
    let (mut usual, mut count) = ([None; USUAL_MAX], 0);
    for (place, item) in usual.iter_mut().zip(&mut latest_first) {
        *place = Some(item);
        count += 1;
    }
    if count == USUAL_MAX {
        let older: Vec<_> = latest_first.collect();
        if older.into_iter().rev().try_for_each(&mut *visit).is_break() {
            return;
        }
    }
    let usual = usual.get(..count).unwrap_or_default();
    let _ = usual.iter().rev().flatten().copied().try_for_each(visit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_the_order_in_which_they_were_set() {
        for count in [0, 1, USUAL_MAX - 1, USUAL_MAX, USUAL_MAX + 1, 40] {
            let keys: Vec<_> = (0..count).map(|n| n.to_string()).collect();
            let baggage = keys.iter().fold(Baggage::new(), |baggage, key| baggage.with_item(key, "v"));
            let mut seen = Vec::new();
            visit(&baggage, &mut |item| {
                seen.push(item.key);
                ControlFlow::Continue(())
            });
            assert_eq!(seen, keys, "{count}");
        }
    }

    #[test]
    fn a_break_ends_the_visit() {
        let baggage = Baggage::new().with_item("a", "1").with_item("b", "2");
        let mut seen = Vec::new();
        visit(&baggage, &mut |item| {
            seen.push(item.key);
            ControlFlow::Break(())
        });
        assert_eq!(seen, ["a"]);
    }
}
