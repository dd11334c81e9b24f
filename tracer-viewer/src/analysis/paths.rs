//! Spans by their path: the operations above them and their own, whatever the trace.

use std::collections::HashMap;

use super::forest::{Forest, Node};

/// More paths are not kept apart: what would need one is counted.
const PATHS_MAX: usize = 10_000;

/// A tree of operations, with something at each.
#[derive(Debug)]
pub(crate) struct Paths<'a, T> {
    places: Vec<Place<'a, T>>,
    known: HashMap<Step<'a>, usize>,
    left_out: usize,
}

/// An operation below others.
#[derive(Debug)]
pub(crate) struct Place<'a, T> {
    pub(crate) parent: Option<usize>,
    pub(crate) depth: usize,
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) at: T,
}

type Step<'a> = (Option<usize>, &'a str, &'a str);

impl<'a, T: Default> Paths<'a, T> {
    pub(crate) fn new() -> Self {
        Self { places: Vec::new(), known: HashMap::new(), left_out: 0 }
    }

    /// Calls for each span with what stands at its path.
    pub(crate) fn add(&mut self, forest: &Forest<'a>, mut each: impl FnMut(&mut T, &Node<'a>)) {
        // Parents stand before their children.
        let mut place_of: Vec<Option<usize>> = Vec::with_capacity(forest.nodes().len());
        for node in forest.nodes() {
            let above = node.parent.map(|parent| place_of.get(parent).copied().flatten());
            let place = match above {
                None => self.place(None, node),
                Some(Some(above)) => self.place(Some(above), node),
                Some(None) => None,
            };
            match place.and_then(|place| self.places.get_mut(place)) {
                Some(place) => each(&mut place.at, node),
                None => self.left_out += 1,
            }
            place_of.push(place);
        }
    }

    /// How many spans found no place.
    pub(crate) const fn left_out(&self) -> usize {
        self.left_out
    }

    /// All places in pre-order, siblings as they came first.
    pub(crate) fn into_pre_order(self) -> Vec<Place<'a, T>> {
        let mut children: Vec<Vec<usize>> = self.places.iter().map(|_| Vec::new()).collect();
        let mut stack = Vec::new();
        for (index, place) in self.places.iter().enumerate().rev() {
            match place.parent {
                Some(parent) => children.get_mut(parent).into_iter().for_each(|list| list.push(index)),
                None => stack.push(index),
            }
        }
        let mut places: Vec<_> = self.places.into_iter().map(Some).collect();
        let mut new_index = vec![0; places.len()];
        let mut ordered = Vec::with_capacity(places.len());
        while let Some(index) = stack.pop() {
            let Some(mut place) = places.get_mut(index).and_then(Option::take) else {
                continue;
            };
            place.parent = place.parent.and_then(|parent| new_index.get(parent).copied());
            if let Some(new_index) = new_index.get_mut(index) {
                *new_index = ordered.len();
            }
            ordered.push(place);
            // The list was filled from the end, so its last one is the first child.
            stack.extend(children.get(index).into_iter().flatten());
        }
        ordered
    }

    fn place(&mut self, parent: Option<usize>, node: &Node<'a>) -> Option<usize> {
        let step = (parent, node.service(), &*node.span.name);
        if let Some(known) = self.known.get(&step) {
            return Some(*known);
        }
        if self.places.len() >= PATHS_MAX {
            return None;
        }
        let above = parent.and_then(|parent| self.places.get(parent));
        let depth = above.map_or(0, |above| above.depth + 1);
        let (service, operation) = (step.1, step.2);
        self.places.push(Place { parent, depth, service, operation, at: T::default() });
        self.known.insert(step, self.places.len() - 1);
        Some(self.places.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    #[test]
    fn spans_of_one_path_share_a_place() {
        let one = Spans::new("s").named("a", 1, 0, (0, 9)).named("b", 2, 1, (1, 2)).named("c", 3, 2, (1, 2));
        let one = one.named("b", 4, 1, (3, 4)).named("d", 5, 1, (5, 6)).trace();
        let two = Spans::new("s").named("a", 1, 0, (0, 9)).named("e", 2, 1, (1, 2)).named("c", 3, 1, (1, 2));
        let two = two.named("z", 6, 0, (0, 1)).trace();
        let mut paths: Paths<'_, usize> = Paths::new();
        for trace in [&one, &two] {
            paths.add(&Forest::of(trace), |count, _| *count += 1);
        }
        let places = paths.into_pre_order();
        let text: Vec<_> = places
            .iter()
            .map(|place| format!("{:?} {}{} {}", place.parent, place.depth, place.operation, place.at))
            .collect();
        let expected = [
            "None 0a 2",
            "Some(0) 1b 2",
            "Some(1) 2c 1",
            "Some(0) 1d 1",
            "Some(0) 1e 1",
            "Some(0) 1c 1",
            "None 0z 1",
        ];
        assert_eq!(text, expected);
    }

    #[test]
    fn paths_beyond_the_limit_are_counted() {
        let root = Spans::new("s").span(1, 0, (0, 9));
        let chain = (2..=12_000).fold(root, |spans, id| spans.span(id, id - 1, (0, 9))).trace();
        let mut paths: Paths<'_, usize> = Paths::new();
        paths.add(&Forest::of(&chain), |count, _| *count += 1);
        assert_eq!(paths.left_out(), 2_000);
        assert_eq!(paths.into_pre_order().len(), 10_000);
    }
}
