//! Copies of texts that are nearly always short: with a few overlapping loads and stores, without a call.

/// Copies `from` into `to`; `None` if their lengths differ.
#[inline(always)]
pub(crate) fn copy_bytes(to: &mut [u8], from: &[u8]) -> Option<()> {
    if to.len() != from.len() {
        return None;
    }
    // The usual lengths first.
    match from.len() {
        8..=16 => copy_ends::<8>(to, from)?,
        4..=7 => copy_ends::<4>(to, from)?,
        17..=32 => copy_ends::<16>(to, from)?,
        2..=3 => copy_ends::<2>(to, from)?,
        1 => copy_ends::<1>(to, from)?,
        _ => to.copy_from_slice(from),
    }
    Some(())
}

/// Copies the first and the last `N` bytes, which are all where there are at most twice as many.
#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) -> Option<()> {
    let (first, last) = (*from.first_chunk::<N>()?, *from.last_chunk::<N>()?);
    *to.first_chunk_mut()? = first;
    *to.last_chunk_mut()? = last;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_copied_whole() {
        let from: Vec<u8> = (0..100).collect();
        for len in 0..from.len() {
            let mut to = vec![0xff; len];
            copy_bytes(&mut to, &from[..len]).unwrap();
            assert_eq!(to, from[..len]);
            assert_eq!(copy_bytes(&mut to, &from), None);
        }
    }
}
