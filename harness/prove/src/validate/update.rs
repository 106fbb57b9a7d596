//! `--update`: writes what was seen into an `expected.toml` or a patch, and leaves everything else in it as it is.

use std::collections::BTreeMap;
use std::ops::Range;

use ipclab_spec::{Case, Expected, Spec};

use super::compare::{cause_name, must};
use super::probes::Expectation;
use super::seen::{CaseOutcome, ProbeOutcome};

/// The head of a file that does not exist yet.
const NEW: &str = "\
# Written by `ipclab validate --update`. Say what sets it apart, and words that its report must contain.
about = \"\"
says  = []
";

/// The text with what was seen in it; `None`: that is what it says already. What was not run or could not be judged
/// stays as it is; comments stay with their lines.
///
/// # Errors
/// The text is written in a way that cannot be changed here.
pub(super) fn rewritten(
    old: Option<&Expectation>,
    seen: &ProbeOutcome,
    spec: &Spec,
    cases: &[&Case],
) -> Result<Option<String>, &'static str> {
    let differs = |case: &&Case| {
        let came = seen.case(&case.id).map(|case| &case.came);
        came.is_some_and(|came| {
            !matches!(came, CaseOutcome::Unknown(_))
                && old.map_or(CaseOutcome::Pass, |old| must(old, &case.id)) != *came
        })
    };
    if old.is_some() && !cases.iter().any(differs) {
        return Ok(None);
    }
    let entry = |case: &Case| {
        let was = old.map_or(CaseOutcome::Pass, |old| must(old, &case.id));
        match seen.case(&case.id).map(|case| &case.came) {
            Some(CaseOutcome::Unknown(_)) | None => was,
            Some(came) => came.clone(),
        }
    };
    let mut fails: Vec<(&str, String)> = Vec::new();
    let mut skips: Vec<(&str, String)> = Vec::new();
    for case in &spec.cases {
        match entry(case) {
            CaseOutcome::Fail(aspects) => {
                let names: Vec<String> = aspects
                    .iter()
                    .map(|aspect| format!("{:?}", aspect.name()))
                    .collect();
                fails.push((&case.id, format!("[{}]", names.join(", "))));
            }
            CaseOutcome::Skipped(cause) => {
                skips.push((&case.id, format!("{:?}", cause_name(&cause))))
            }
            CaseOutcome::Pass | CaseOutcome::Unknown(_) => {}
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
    // Only what reads as it was meant is written: tables can be spelt in more ways than are known here.
    let meant = |expected: Expected| {
        let read = Expectation {
            text: String::new(),
            expected,
            patch: None,
        };
        let mut all = spec.cases.iter();
        all.all(|case| must(&read, &case.id) == entry(case))
    };
    if old.is_some_and(|old| !read_again(old, &text, spec).is_some_and(meant)) {
        return Err("write [fails] and [skips] as tables, one case a line");
    }
    Ok(Some(text))
}

/// What the new text says of the cases; `None`: it cannot be read, or is another patch than the old one.
fn read_again(old: &Expectation, text: &str, spec: &Spec) -> Option<Expected> {
    let Some(was) = &old.patch else {
        return ipclab_spec::expected("", text, spec).ok();
    };
    let (is, expected) = ipclab_spec::patch_expecting("", text, spec).ok()?;
    is.changes_as(was).then_some(expected)
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

#[cfg(test)]
mod tests {
    use ipclab_spec::{Aspect, Cause};

    use super::*;
    use crate::validate::seen::ProbeCase;

    fn spec() -> Spec {
        let case = |id: &str, more: &str| {
            format!(
                "[[case]]\nid = \"{id}\"\ntitle = \"t\"\ntier = \"core\"\ncovers = [\"Q1\"]\n\
                 points = {{ output = 1, exit = 1 }}\n{more}\n[case.actor.greeter]\n\
                 student = \"hello\"\nexit = 0\nstdout.lines = [\"Hello\"]\n"
            )
        };
        let text = format!(
            "format = 1\nlab = \"greet\"\ntitle = \"t\"\nunit = [\"Q1\"]\n\
             [program.hello]\nsource = \"hello.c\"\n{}{}{}",
            case("greets", ""),
            case("greets-again", "requires = [\"greets\"]"),
            case("bows", "")
        );
        ipclab_spec::parse("greet.toml", &text)
            .unwrap_or_else(|error| panic!("{error}"))
            .spec
    }

    fn seen(cases: &[(&str, CaseOutcome)]) -> ProbeOutcome {
        let case = |(id, came): &(&str, CaseOutcome)| ProbeCase {
            id: (*id).to_owned(),
            came: came.clone(),
            said: Vec::new(),
            patterns: Vec::new(),
            unmet_faults: Vec::new(),
        };
        ProbeOutcome {
            earned: 0,
            max: 0,
            tiers: BTreeMap::new(),
            exit_code: 1,
            style: Vec::new(),
            unbuilt: Vec::new(),
            cases: cases.iter().map(case).collect(),
        }
    }

    #[test]
    fn only_what_came_out_otherwise_is_written() {
        let spec = spec();
        let check = |text: &str, came: &[(&str, CaseOutcome)], expect: Result<Option<&str>, ()>| {
            let expected = ipclab_spec::expected("expected.toml", text, &spec);
            let old = Expectation {
                text: text.to_owned(),
                expected: expected.unwrap_or_else(|error| panic!("{error}")),
                patch: None,
            };
            let cases: Vec<&Case> = spec.cases.iter().collect();
            let written = rewritten(Some(&old), &seen(came), &spec, &cases);
            let expect = expect
                .map(|text| text.map(str::to_owned))
                .map_err(|()| "write [fails] and [skips] as tables, one case a line");
            assert_eq!(written, expect, "{text}");
        };
        let exit = || CaseOutcome::Fail(vec![Aspect::Exit]);
        let both = || CaseOutcome::Fail(vec![Aspect::Output, Aspect::Exit]);
        let plain = "about = \"x\" # why\n\n[fails]\n# a comment\ngreets = [\"exit\"]  # and one\n";

        // The same again, not judged, not asked for.
        check(
            plain,
            &[("greets", exit()), ("bows", CaseOutcome::Pass)],
            Ok(None),
        );
        check(
            plain,
            &[("greets", CaseOutcome::Unknown("broken".into()))],
            Ok(None),
        );
        check(plain, &[("bows", CaseOutcome::Pass)], Ok(None));
        // Changed, and comments kept.
        check(
            plain,
            &[("greets", both()), ("bows", exit())],
            Ok(Some(
                "about = \"x\" # why\n\n[fails]\n# a comment\ngreets = [\"output\", \"exit\"]  # and one\nbows   = [\"exit\"]\n",
            )),
        );
        // Gone, with what was said of it.
        check(
            plain,
            &[
                ("greets", CaseOutcome::Pass),
                ("greets-again", CaseOutcome::Skipped(Cause::Build)),
            ],
            Ok(Some(
                "about = \"x\" # why\n\n[fails]\n\n[skips]\ngreets-again = \"build\"\n",
            )),
        );
        check(
            "about = \"x\"",
            &[("bows", exit())],
            Ok(Some("about = \"x\"\n\n[fails]\nbows = [\"exit\"]\n")),
        );
        check(
            "about = \"x\"\nfails = { greets = [\"exit\"], bows = [\"exit\"] }\n",
            &[("bows", both())],
            Ok(Some(
                "about = \"x\"\n\n[fails]\ngreets = [\"exit\"]\nbows   = [\"output\", \"exit\"]\n",
            )),
        );
        check(
            "about = \"x\"\n[fails]\ngreets = [\n  \"exit\",\n]\n[skips]\ngreets-again = \"greets\"\n",
            &[("greets", both())],
            Ok(Some(
                "about = \"x\"\n[fails]\ngreets = [\"output\", \"exit\"]\n[skips]\ngreets-again = \"greets\"\n",
            )),
        );
        // Spelt in a way that is not known here: nothing is written.
        check(
            "about = \"x\"\nfails.greets = [\"exit\"]\n",
            &[("greets", both())],
            Ok(Some(
                "about = \"x\"\n\n[fails]\ngreets = [\"output\", \"exit\"]\n",
            )),
        );
        check(
            "about = \"x\"\n[ fails ]\ngreets = [\"exit\"]\nbows = [\"exit\"]\n",
            &[("greets", both())],
            Err(()),
        );
    }

    #[test]
    fn a_new_file_waits_for_words() {
        let spec = spec();
        let cases: Vec<&Case> = spec.cases.iter().collect();
        let came = seen(&[("greets", CaseOutcome::Fail(vec![Aspect::Exit]))]);
        let text = rewritten(None, &came, &spec, &cases);
        let text = text.expect("it can be written").expect("it is new");
        assert!(text.ends_with("\n[fails]\ngreets = [\"exit\"]\n"), "{text}");
        let said = ipclab_spec::expected("expected.toml", &text, &spec);
        let said = said
            .expect_err("its author has to say what it is about")
            .to_string();
        assert!(said.contains("this says nothing"), "{said}");
    }
}
