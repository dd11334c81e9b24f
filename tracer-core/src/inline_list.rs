//! A short list that needs no allocation, and whose lifetime may shrink (`smallvec`'s may not).

/// A list of `Copy` items, the first few of them in place.
#[derive(Debug)]
pub(crate) struct InlineList<T, const N: usize> {
    inline: [T; N],
    len: usize,
    /// All items, once they are more than `N`.
    spilled: Vec<T>,
}

impl<T: Copy, const N: usize> InlineList<T, N> {
    /// An empty list; `filler` stands where no item is.
    #[inline]
    pub(crate) const fn new(filler: T) -> Self {
        Self { inline: [filler; N], len: 0, spilled: Vec::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        match self.inline.get_mut(self.len) {
            Some(place) => *place = item,
            None => self.spill(item),
        }
        self.len += 1;
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        self.inline.get(..self.len).unwrap_or(&self.spilled)
    }

    #[cold]
    fn spill(&mut self, item: T) {
        if self.spilled.is_empty() {
            self.spilled.extend_from_slice(&self.inline);
        }
        self.spilled.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_in_order_beyond_the_inline_ones() {
        let mut list = InlineList::<usize, 2>::new(0);
        for n in 0..5 {
            assert_eq!(list.as_slice(), (0..n).collect::<Vec<_>>());
            list.push(n);
        }
        assert_eq!(list.as_slice(), [0, 1, 2, 3, 4]);
    }
}
