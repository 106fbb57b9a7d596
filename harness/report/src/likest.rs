//! "Did you mean": of the names that there are the one that is most like a name that there is not.

/// So like it has to be at least: 1 is the same, 0 nothing alike.
const LIKE_MIN: f64 = 0.8;

/// The name that may have been meant; `None`: none is like it.
pub fn likest<'a>(name: &str, there: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let like = |one: &str| strsim::jaro_winkler(one, name);
    let best = there.into_iter().max_by(|a, b| like(a).total_cmp(&like(b)));
    best.filter(|best| like(best) > LIKE_MIN)
}
