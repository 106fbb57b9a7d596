//! Assignment: to each of several wishes one of the things that fit it, and none to two (augmenting paths).

use std::collections::{BTreeMap, BTreeSet};

/// Gives each expected line a line of its own where that is possible; maps a line to the expectation that took it.
pub(crate) fn assign(fits: &[Vec<usize>]) -> BTreeMap<usize, usize> {
    fn place(
        k: usize,
        fits: &[Vec<usize>],
        taken: &mut BTreeMap<usize, usize>,
        tried: &mut BTreeSet<usize>,
    ) -> bool {
        for line in &fits[k] {
            if !tried.insert(*line) {
                continue;
            }
            let free = match taken.get(line).copied() {
                None => true,
                Some(other) => place(other, fits, taken, tried),
            };
            if free {
                taken.insert(*line, k);
                return true;
            }
        }
        false
    }
    let mut taken = BTreeMap::new();
    for k in 0..fits.len() {
        place(k, fits, &mut taken, &mut BTreeSet::new());
    }
    taken
}
