//! Chance, repeatable if a seed is given.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

/// The random numbers of one simulated part. Each part has its own, so that with a seed the order
/// in which different parts draw does not matter.
#[derive(Debug)]
pub(crate) struct Random {
    seed: Option<u64>,
    numbers: Mutex<StdRng>,
}

impl Random {
    /// The numbers of the part of this name.
    pub(crate) fn new(seed: Option<u64>, name: &str) -> Self {
        let seed_of_part = seed.map_or_else(system_seed, |seed| seed ^ hash(name));
        Self { seed, numbers: Mutex::new(StdRng::seed_from_u64(seed_of_part)) }
    }

    /// Numbers for one piece of work. With a seed they depend on the work alone, and not on what
    /// ran before or beside it.
    pub(crate) fn for_work(&self, name: &str) -> Self {
        let seed = self.seed.map_or_else(|| self.numbers.lock().next_u64(), |seed| seed ^ hash(name));
        Self { seed: self.seed, numbers: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// From a normal distribution.
    pub(crate) fn normal(&self, mean: f64, deviation: f64) -> f64 {
        let standard: f64 = StandardNormal.sample(&mut *self.numbers.lock());
        mean + deviation * standard
    }

    /// Whether what happens in this share of all cases, from 0 to 1, happens now.
    pub(crate) fn chance(&self, share: f64) -> bool {
        self.numbers.lock().random::<f64>() < share
    }

    /// Below a bound that is not 0.
    pub(crate) fn below(&self, bound: u32) -> u32 {
        self.numbers.lock().random_range(0..bound.max(1))
    }
}

/// The standard library seeds its hash maps from the system.
fn system_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// FNV-1a: the same in each run, as the standard hasher is not.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(random: &Random) -> Vec<u32> {
        (0..8).map(|_| random.below(1000)).collect()
    }

    #[test]
    fn a_seed_repeats_and_parts_differ() {
        let numbers = draw(&Random::new(Some(7), "redis"));
        assert_eq!(draw(&Random::new(Some(7), "redis")), numbers);
        assert_ne!(draw(&Random::new(Some(7), "mysql")), numbers);
        assert_ne!(draw(&Random::new(Some(8), "redis")), numbers);
        assert_ne!(draw(&Random::new(None, "redis")), draw(&Random::new(None, "redis")));
    }

    #[test]
    fn work_with_a_seed_does_not_depend_on_what_ran_before() {
        let random = Random::new(Some(7), "route");
        let first = draw(&random.for_work("1,2 3,4"));
        random.below(5);
        assert_eq!(draw(&random.for_work("1,2 3,4")), first);
        let unseeded = Random::new(None, "route");
        assert_ne!(draw(&unseeded.for_work("a")), draw(&unseeded.for_work("a")));
    }

    #[test]
    fn the_normal_distribution_has_its_mean_and_deviation() {
        let random = Random::new(Some(1), "test");
        let drawn: Vec<f64> = (0..10_000).map(|_| random.normal(300.0, 30.0)).collect();
        let mean = drawn.iter().sum::<f64>() / 10_000.0;
        let variance = drawn.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 10_000.0;
        assert!((mean - 300.0).abs() < 2.0, "{mean}");
        assert!((variance.sqrt() - 30.0).abs() < 2.0, "{variance}");
    }
}
