//! Random headers from a fixed seed, so that a failure repeats.

/// Headers as a message carries them: in order, with repeats.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// `splitmix64` (Steele, Lea and Flood, 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }
}

/// Changes, cuts, doubles or moves some bytes of a header, or repeats one.
pub(crate) fn damage(random: &mut Random, headers: &mut Headers) {
    let at = random.below(headers.len());
    let kind = random.below(6);
    let (_, value) = &mut headers[at];
    let place = random.below(value.len() + 1);
    match kind {
        0 => value.truncate(place),
        1 => value.insert(place, random.pick(b"0af,;:=+- \t%\xff\0\x80")),
        2 if place < value.len() => value[place] = random.next().to_le_bytes()[0],
        3 if place < value.len() => drop(value.remove(place)),
        4 => value.extend_from_within(place..),
        _ => {
            let copy = headers[at].clone();
            headers.push(copy);
        }
    }
}
