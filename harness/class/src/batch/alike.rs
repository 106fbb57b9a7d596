//! Submissions of a class that are alike, beside how common that is in the class. A lead for the staff, and no verdict.

use std::collections::BTreeMap;

use ipclab_report::{Alike, AlikePair, Line};

use super::print::Print;

/// Less code beside the starter says nothing.
const CODE_MIN: usize = 12;
/// How many pairs are shown.
const PAIRS_MAX: usize = 30;
/// A pair is shown only if at least so many percent of the smaller submission are in both.
const SHARED_MIN: u32 = 60;
/// A pair is shown only if at most so many in ten thousand share as much: what is common in a class is no lead.
const COMMON_MAX: u32 = 200;
/// How many pairs say what is common, where there are more.
const COMPARED_MAX: u64 = 20_000;
/// A digest that more than so many submissions have leads to no pair.
const RARE_MAX: usize = 40;

/// The alike pairs of a class, by the prints of its submissions; `None`: there is nothing to compare.
pub(super) fn among(prints: &[(Line, Print)]) -> Option<Alike> {
    let known: Vec<&(Line, Print)> = prints
        .iter()
        .filter(|(_, print)| print.code().len() >= CODE_MIN)
        .collect();
    if known.len() < 2 {
        return None;
    }
    let mut groups: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, (_, print)) in known.iter().enumerate() {
        groups.entry(print.whole()).or_default().push(at);
    }
    // One of each group stands for it.
    let mut first: Vec<usize> = groups
        .values()
        .filter_map(|group| group.first().copied())
        .collect();
    first.sort_unstable();
    let base = Base::of(&known);
    let mut pairs: Vec<(u32, usize, usize)> = candidates(&known, &first)
        .into_iter()
        .map(|(a, b)| (known[a].1.shared(&known[b].1), a, b))
        .filter(|(shared, _, _)| *shared >= SHARED_MIN)
        .filter(|(shared, _, _)| base.share_of(*shared) <= COMMON_MAX || base.pairs < 100)
        .collect();
    pairs.sort_by_key(|(shared, a, b)| (std::cmp::Reverse(*shared), *a, *b));
    pairs.truncate(PAIRS_MAX);
    let ids = |group: &Vec<usize>| group.iter().map(|at| known[*at].0.clone()).collect();
    let mut same: Vec<Vec<Line>> = groups
        .values()
        .filter(|group| group.len() > 1)
        .map(ids)
        .collect();
    same.sort();
    Some(Alike {
        same,
        pairs: pairs
            .into_iter()
            .map(|(shared, a, b)| AlikePair {
                ids: [known[a].0.clone(), known[b].0.clone()],
                shared,
                so_many: base.share_of(shared),
                same_trace: known[a].1.same_trace(&known[b].1),
            })
            .collect(),
        median: base.median(),
        same_trace: base.same_trace,
        compared: base.pairs,
    })
}

/// Pairs that have anything in common that is rare.
fn candidates(known: &[&(Line, Print)], of: &[usize]) -> Vec<(usize, usize)> {
    let mut by_digest: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for at in of {
        for digest in known[*at].1.code() {
            by_digest.entry(*digest).or_default().push(*at);
        }
    }
    let mut pairs: BTreeMap<(usize, usize), u32> = BTreeMap::new();
    for having in by_digest.values().filter(|having| having.len() <= RARE_MAX) {
        for (n, a) in having.iter().enumerate() {
            for b in &having[n + 1..] {
                *pairs.entry((*a, *b)).or_default() += 1;
            }
        }
    }
    pairs.into_keys().collect()
}

/// How much pairs share by themselves in a class.
struct Base {
    /// How many pairs share so many percent, from 0 to 100.
    shared: [u64; 101],
    pairs: u64,
    /// Percent of the pairs that make the same calls in each case.
    same_trace: u32,
}

impl Base {
    /// Of all pairs, or of as many as are enough, spread evenly.
    fn of(known: &[&(Line, Print)]) -> Self {
        let count = known.len() as u64;
        let all = count * (count - 1) / 2;
        let step = all.div_ceil(COMPARED_MAX).max(1);
        let mut base = Self {
            shared: [0; 101],
            pairs: 0,
            same_trace: 0,
        };
        let mut same: u64 = 0;
        let mut next: u64 = 0;
        let mut n: u64 = 0;
        for a in 0..known.len() {
            for b in a + 1..known.len() {
                if n == next {
                    let (one, two) = (&known[a].1, &known[b].1);
                    base.shared[one.shared(two).min(100) as usize] += 1;
                    let (alike, of) = one.same_trace(two);
                    same += u64::from(of > 0 && alike == of);
                    base.pairs += 1;
                    next += step;
                }
                n += 1;
            }
        }
        base.same_trace = u32::try_from(same * 100 / base.pairs.max(1)).unwrap_or(100);
        base
    }

    /// How many of ten thousand pairs share at least as much.
    fn share_of(&self, shared: u32) -> u32 {
        let at_least: u64 = self.shared[shared.min(100) as usize..].iter().sum();
        u32::try_from(at_least * 10_000 / self.pairs.max(1)).unwrap_or(10_000)
    }

    fn median(&self) -> u32 {
        let mut seen = 0;
        for (percent, pairs) in (0..).zip(self.shared) {
            seen += pairs;
            if seen * 2 >= self.pairs {
                return percent;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::super::print::tests::{print, program};
    use super::among;
    use ipclab_report::Line;

    #[test]
    fn a_copy_is_a_lead_and_what_the_whole_class_shares_is_none() {
        let mut class: Vec<(Line, _)> = (0..30)
            .map(|n| (Line::new(&format!("s{n:02}")), print(&program(n + 1, 5))))
            .collect();
        class.push((
            Line::new("twin"),
            print(&program(4, 5).replace("total", "sum")),
        ));
        let half = format!("{}{}", program(7, 5), program(99, 2));
        class.push((Line::new("half"), print(&half)));
        class.sort_by(|a, b| a.0.cmp(&b.0));
        let alike = among(&class).unwrap();
        assert!(
            alike
                .same
                .contains(&vec![Line::new("s03"), Line::new("twin")]),
            "{:?}",
            alike.same
        );
        let ids: Vec<_> = alike.pairs.iter().map(|pair| pair.ids.clone()).collect();
        assert!(
            ids.contains(&[Line::new("half"), Line::new("s06")]),
            "{alike:?}"
        );
        assert!(
            alike.pairs.iter().all(|pair| pair.so_many <= 200),
            "{alike:?}"
        );
        assert_eq!(alike.compared, 32 * 31 / 2);
    }

    #[test]
    fn a_class_of_one_program_has_no_pairs_and_small_ones_say_nothing() {
        let same: Vec<(Line, _)> = (0..5)
            .map(|n| (Line::new(&n.to_string()), print(&program(1, 5))))
            .collect();
        let alike = among(&same).unwrap();
        assert_eq!(
            (alike.same.len(), alike.pairs.len(), alike.median),
            (1, 0, 100)
        );
        assert_eq!(among(&same[..1]), None);
        let small: Vec<(Line, _)> = (0..5)
            .map(|n| {
                (
                    Line::new(&n.to_string()),
                    print("int main(void) { return 0; }"),
                )
            })
            .collect();
        assert_eq!(among(&small), None);
    }
}
