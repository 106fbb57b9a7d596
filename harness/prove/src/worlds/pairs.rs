//! Pairwise covering: few choices of one value for each factor, in which any two values of different factors meet.
//!
//! Most of what goes wrong in one surrounding goes wrong by one or two things in it; all of their combinations would be
//! millions.

use std::collections::BTreeSet;

/// Two values of different factors, the lower factor first: (factor, value, factor, value).
type Pair = (usize, usize, usize, usize);

/// Choices that cover all pairs, without the one in which every factor has its first value. The same ones every time.
pub(super) fn draw(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut open: BTreeSet<Pair> = BTreeSet::new();
    for one in 0..sizes.len() {
        for other in one + 1..sizes.len() {
            for value in 0..sizes[one] {
                open.extend((0..sizes[other]).map(|second| (one, value, other, second)));
            }
        }
    }
    cover(&mut open, &vec![0; sizes.len()]);
    let mut choices = Vec::new();
    while let Some(first) = open.first().copied() {
        let choice = choose(&open, first, sizes);
        cover(&mut open, &choice);
        choices.push(choice);
    }
    choices
}

/// A choice that has this pair, and as many others as can be had by looking at one factor after the other.
fn choose(open: &BTreeSet<Pair>, (one, value, other, second): Pair, sizes: &[usize]) -> Vec<usize> {
    let mut chosen: Vec<Option<usize>> = vec![None; sizes.len()];
    (chosen[one], chosen[other]) = (Some(value), Some(second));
    for factor in 0..sizes.len() {
        if chosen[factor].is_some() {
            continue;
        }
        let gain = |value: usize| {
            let with = |(other, chosen): (usize, &Option<usize>)| {
                let second = (*chosen)?;
                let pair = if other < factor {
                    (other, second, factor, value)
                } else {
                    (factor, value, other, second)
                };
                open.contains(&pair).then_some(())
            };
            chosen.iter().enumerate().filter_map(with).count()
        };
        // Of those that gain as much, the last: the first value of each is the usual one.
        chosen[factor] = (0..sizes[factor]).max_by_key(|value| gain(*value));
    }
    chosen.into_iter().map(|value| value.unwrap_or(0)).collect()
}

fn cover(open: &mut BTreeSet<Pair>, choice: &[usize]) {
    for one in 0..choice.len() {
        for other in one + 1..choice.len() {
            open.remove(&(one, choice[one], other, choice[other]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_values_meet_in_few_choices() {
        let check = |sizes: &[usize], most: usize| {
            let mut choices = draw(sizes);
            assert!(choices.len() <= most, "{} for {sizes:?}", choices.len());
            choices.push(vec![0; sizes.len()]);
            for one in 0..sizes.len() {
                for other in one + 1..sizes.len() {
                    for (value, second) in (0..sizes[one])
                        .flat_map(|value| (0..sizes[other]).map(move |two| (value, two)))
                    {
                        let meets =
                            |choice: &Vec<usize>| choice[one] == value && choice[other] == second;
                        assert!(choices.iter().any(meets), "{one}={value} {other}={second}");
                    }
                }
            }
        };
        check(&[2, 2, 2], 5);
        check(&[3, 3, 2, 2, 2, 2, 4], 16);
        check(&[3, 3, 3, 2, 3, 2, 2, 2, 2, 2, 2, 2, 2, 3, 5, 3], 30);
        check(&[1, 2], 1);
    }
}
