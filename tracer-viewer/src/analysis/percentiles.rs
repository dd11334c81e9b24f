//! Percentiles of durations, by nearest rank: always one that occurred.

/// Durations that were seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durations(Vec<u64>);

/// The same, sorted.
#[derive(Clone, Debug)]
pub(crate) struct Sorted(Vec<u64>);

impl Durations {
    pub(crate) fn push(&mut self, ns: u64) {
        self.0.push(ns);
    }

    pub(crate) fn sorted(mut self) -> Sorted {
        self.0.sort_unstable();
        Sorted(self.0)
    }
}

impl Sorted {
    /// The smallest that at least so many percent do not exceed, in microseconds; 0 of none.
    pub(crate) fn percentile_us(&self, percent: usize) -> u64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or(0, |ns| ns / 1_000)
    }

    pub(crate) fn max_us(&self) -> u64 {
        self.0.last().map_or(0, |ns| ns / 1_000)
    }

    pub(crate) fn total_us(&self) -> u64 {
        self.0.iter().fold(0_u64, |total, ns| total.saturating_add(*ns)) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_that_occurred() {
        let of = |ns: &[u64]| Durations(ns.to_vec()).sorted();
        let hundred: Vec<u64> = (1..=100).rev().map(|us| us * 1_000).collect();
        let all = of(&hundred);
        assert_eq!([50, 95, 99, 100].map(|percent| all.percentile_us(percent)), [50, 95, 99, 100]);
        assert_eq!((all.max_us(), all.total_us()), (100, 5_050));
        assert_eq!([1, 50, 99].map(|percent| of(&[7_000]).percentile_us(percent)), [7, 7, 7]);
        assert_eq!([50, 99].map(|percent| of(&[1_000, 9_000]).percentile_us(percent)), [1, 9]);
        assert_eq!((of(&[]).percentile_us(50), of(&[]).max_us()), (0, 0));
    }
}
