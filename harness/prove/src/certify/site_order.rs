//! In which order sites are run. Every site comes once before any comes again, and each round is shuffled anew.

/// So many sites of `0..sites`, drawn with this seed.
pub(super) fn draw(sites: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut state = seed;
    let mut drawn = Vec::with_capacity(count);
    while sites > 0 && drawn.len() < count {
        let mut round: Vec<usize> = (0..sites).collect();
        for last in (1..round.len()).rev() {
            round.swap(last, (next(&mut state) % (last as u64 + 1)) as usize);
        }
        round.truncate(count - drawn.len());
        drawn.append(&mut round);
    }
    drawn
}

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(super) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn every_site_comes_once_in_each_round() {
        let drawn = draw(10, 25, 1);
        for round in drawn.chunks(10) {
            let mut sorted = round.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), round.len());
        }
        assert_eq!(drawn.len(), 25);
        assert_ne!(drawn[..10], drawn[10..20]);
        assert_ne!(drawn[..10], (0..10).collect::<Vec<_>>()[..]);
    }

    #[test]
    fn a_seed_draws_the_same_again() {
        assert_eq!(draw(50, 200, 7), draw(50, 200, 7));
        assert_ne!(draw(50, 200, 7), draw(50, 200, 8));
        assert_eq!(draw(0, 3, 7), [0; 0]);
    }
}
