//! `--update`: writes what was seen into an `expected.toml`, and leaves everything else in it as it is.

use std::collections::BTreeMap;
use std::ops::Range;

use ipclab_spec::{Case, Spec};

use super::compare::{cause_name, must};
use super::probes::Expectation;
use super::seen::{Came, Seen};

/// A file that nobody has written yet.
const NEW: &str = "\
# Written by `ipclab validate --update`. Say what sets it apart, and words that its report must contain.
about = \"\"
says  = []
";

/// The text with what was seen in it; `None`: that is what it says already. What was not run or could not be judged
/// stays as it is; comments stay with their lines.
pub(crate) fn rewritten(
    old: Option<&Expectation>,
    seen: &Seen,
    spec: &Spec,
    cases: &[&Case],
) -> Option<String> {
    let differs = |case: &&Case| {
        let came = seen.case(&case.id).map(|case| &case.came);
        came.is_some_and(|came| {
            !matches!(came, Came::Unknown(_))
                && old.map_or(Came::Pass, |old| must(old, &case.id)) != *came
        })
    };
    if old.is_some() && !cases.iter().any(differs) {
        return None;
    }
    let entry = |case: &Case| {
        let was = old.map_or(Came::Pass, |old| must(old, &case.id));
        match seen.case(&case.id).map(|case| &case.came) {
            Some(Came::Unknown(_)) | None => was,
            Some(came) => came.clone(),
        }
    };
    let mut fails: Vec<(&str, String)> = Vec::new();
    let mut skips: Vec<(&str, String)> = Vec::new();
    for case in &spec.cases {
        match entry(case) {
            Came::Fail(aspects) => {
                let names: Vec<String> = aspects
                    .iter()
                    .map(|aspect| format!("{:?}", aspect.name()))
                    .collect();
                fails.push((&case.id, format!("[{}]", names.join(", "))));
            }
            Came::Skipped(cause) => skips.push((&case.id, format!("{:?}", cause_name(&cause)))),
            Came::Pass | Came::Unknown(_) => {}
        }
    }
    let mut text = old.map_or(NEW, |old| &old.text).to_owned();
    let places = |expectation: &Expectation| {
        let expected = &expectation.expected;
        let fails = expected.fails.iter();
        let fails = fails.map(|failing| (failing.case.clone(), failing.place.clone()));
        let skips = expected.skips.iter();
        let skips = skips.map(|skipping| (skipping.case.clone(), skipping.place.clone()));
        fails.chain(skips).collect()
    };
    let comments = take_out(&mut text, old.map_or(Vec::new(), places));
    put_in(&mut text, "fails", &fails, &comments);
    put_in(&mut text, "skips", &skips, &comments);
    Some(text)
}

/// What is written around an entry: lines above it, and the rest of its line.
type Comments = BTreeMap<String, (String, String)>;

/// Takes entries out of the text, whole lines each. Gives the comments that belong to them.
fn take_out(text: &mut String, mut places: Vec<(String, Range<usize>)>) -> Comments {
    let mut comments = Comments::new();
    places.sort_by_key(|(_, place)| std::cmp::Reverse(place.start));
    let mut gone = text.len();
    for (case, place) in places {
        // Entries of an inline table share a line, which went with the last of them.
        if place.end > gone {
            continue;
        }
        let mut start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
        let first = start;
        while let Some(above) = text[..start].strip_suffix('\n') {
            let line = above.rfind('\n').map_or(0, |at| at + 1);
            if !above[line..].trim_start().starts_with('#') {
                break;
            }
            start = line;
        }
        let end = text[place.end..]
            .find('\n')
            .map_or(text.len(), |at| place.end + at + 1);
        let rest = text[place.end..end].trim();
        let rest = if rest.starts_with('#') {
            format!("  {rest}")
        } else {
            String::new()
        };
        comments.insert(case, (text[start..first].to_owned(), rest));
        text.replace_range(start..end, "");
        gone = start;
    }
    comments
}

/// Puts entries below a table's header, which is added at the end where it is not there.
fn put_in(text: &mut String, table: &str, entries: &[(&str, String)], comments: &Comments) {
    let header = format!("[{table}]");
    let mut at = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim_end() == header {
            found = Some(at);
        }
    }
    if entries.is_empty() {
        return;
    }
    let place = found.unwrap_or_else(|| {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("\n{header}\n"));
        text.len()
    });
    let longest = entries
        .iter()
        .map(|(case, _)| case.len())
        .max()
        .unwrap_or(0);
    let mut block = String::new();
    if !text[..place].ends_with('\n') {
        block.push('\n');
    }
    for (case, value) in entries {
        let (above, rest) = comments
            .get(*case)
            .map_or(("", ""), |(above, rest)| (above, rest));
        block.push_str(&format!("{above}{case:longest$} = {value}{rest}\n"));
    }
    text.insert_str(place, &block);
}
