//! `overrides.toml` and `overrides.csv`: what the instructor says by hand, beside the results that it is about.
//!
//! The tool only reads them. What stands there survives every regrading, since no run writes it.

use std::fmt;
use std::fs;
use std::path::Path;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show::path as display;
use ipclab_intake::spreadsheet;
use ipclab_report::{Given, Line, Override, gradebook};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use super::count::Count;

/// Names of the files.
const TOML: &str = "overrides.toml";
const CSV: &str = "overrides.csv";

/// Columns of the CSV, which are the keys of the TOML.
const KEYS: [&str; 11] = [
    "who",
    "cause",
    "mark",
    "case",
    "points",
    "late-days",
    "comment",
    "reason",
    "by",
    "when",
    "was",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, rename = "override", deserialize_with = "entries")]
    overrides: Vec<Spanned<WrittenOverride>>,
}

/// Entries; what was meant as one and is none is called what it is.
fn entries<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Spanned<WrittenOverride>>, D::Error> {
    struct Entries;

    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<Spanned<WrittenOverride>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("entries that each begin with [[override]], in double brackets")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = seq.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }

    deserializer.deserialize_seq(Entries)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenOverride {
    who: Option<String>,
    cause: Option<String>,
    mark: Option<Count>,
    case: Option<String>,
    points: Option<Count>,
    late_days: Option<Count>,
    comment: Option<String>,
    reason: Option<String>,
    by: Option<String>,
    when: Option<toml::Value>,
    was: Option<Count>,
}

/// Reads the files of a folder of results.
///
/// # Errors
/// One cannot be read, or an entry is none: every mistake is named.
pub(crate) fn read(folder: &Path) -> Result<Vec<Override>, Failure> {
    let mut all = Vec::new();
    let mut wrong = Vec::new();
    for (name, parse) in [
        (TOML, parse_toml as fn(&str) -> Result<Vec<Entry>, String>),
        (CSV, parse_csv),
    ] {
        let file = folder.join(name);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                let why = reason(&error);
                return Err(Failure::usage(format!("reading {}: {why}", display(&file))));
            }
        };
        if let Some(why) = gradebook::no_table(&bytes) {
            return Err(Failure::usage(format!("reading {}: {why}", display(&file))));
        }
        let entries = parse(&spreadsheet::text(&bytes))
            .map_err(|why| Failure::usage(format!("reading {}: {why}", display(&file))))?;
        for (place, written) in entries {
            let place = format!("{name}, {place}");
            match checked(written, &place) {
                Ok(one) => all.push(one),
                Err(why) => wrong.push(format!("{place}: {why}")),
            }
        }
    }
    if wrong.is_empty() {
        return Ok(all);
    }
    let name = display(folder);
    Err(Failure::usage(format!(
        "what is said by hand in {name} is wrong:\n  {}",
        wrong.join("\n  ")
    ))
    .remedy(
        "one entry gives one thing: mark, or case and points, or late-days, or a comment alone",
    ))
}

/// Where an entry stands, and what it says.
type Entry = (String, WrittenOverride);

fn parse_toml(text: &str) -> Result<Vec<Entry>, String> {
    let written: Written =
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    let entries = written.overrides.into_iter().enumerate();
    let placed = entries.map(|(n, entry)| {
        let before = text.get(..entry.span().start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        (format!("entry {} (line {line})", n + 1), entry.into_inner())
    });
    Ok(placed.collect())
}

fn parse_csv(text: &str) -> Result<Vec<Entry>, String> {
    let (delimiter, text) = spreadsheet::delimited(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let headers: Vec<String> = headers
        .iter()
        .map(|header| header.to_lowercase().replace(['_', ' '], "-"))
        .collect();
    if let Some(unknown) = headers
        .iter()
        .find(|header| !KEYS.contains(&header.as_str()))
    {
        return Err(format!(
            "there is no column {unknown:?}: {}",
            KEYS.join(", ")
        ));
    }
    let mut entries = Vec::new();
    for (n, record) in reader.records().enumerate() {
        let record = record.map_err(|error| error.to_string())?;
        let place = format!("row {}", n + 2);
        let cell = |key: &str| {
            let at = headers.iter().position(|header| header == key)?;
            let cell = record.get(at)?;
            (!cell.is_empty()).then(|| cell.to_owned())
        };
        let number = |key: &str| match cell(key) {
            None => Ok(None),
            Some(text) => text.parse().map(|number| Some(Count(number))).map_err(|_| {
                format!(
                    "{place}: {key} is {text:?}, and no whole number of points or days, 0 or more"
                )
            }),
        };
        entries.push((
            place.clone(),
            WrittenOverride {
                who: cell("who"),
                cause: cell("cause"),
                mark: number("mark")?,
                case: cell("case"),
                points: number("points")?,
                late_days: number("late-days")?,
                comment: cell("comment"),
                reason: cell("reason"),
                by: cell("by"),
                when: cell("when").map(toml::Value::String),
                was: number("was")?,
            },
        ));
    }
    Ok(entries)
}

/// What an entry gives: one thing, and signed where it gives points.
fn checked(written: WrittenOverride, place: &str) -> Result<Override, String> {
    let mut given: Vec<Given> = Vec::new();
    given.extend(written.mark.map(|Count(mark)| Given::Mark(mark)));
    given.extend(written.late_days.map(|Count(days)| Given::LateDays(days)));
    match (&written.case, written.points) {
        (Some(case), Some(Count(points))) => given.push(Given::Case {
            id: Line::new(case),
            points,
            max: 0,
        }),
        (Some(_), None) => return Err("case needs points".to_owned()),
        (None, Some(_)) => return Err("points need a case; the whole mark is: mark".to_owned()),
        (None, None) => {}
    }
    if given.len() > 1 {
        return Err("it gives more than one thing".to_owned());
    }
    let change = given.pop();
    if change.is_none() && written.comment.is_none() {
        return Err("it gives nothing: mark, case and points, late-days or comment".to_owned());
    }
    // An empty word names no student, and none of the class is meant by it.
    let named = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let (who, cause) = (named(written.who), named(written.cause));
    if who.is_none() && cause.is_none() {
        return Err("it says neither who nor cause".to_owned());
    }
    if change.is_some() {
        let signed = [
            ("reason", written.reason.is_some()),
            ("by", written.by.is_some()),
            ("when", written.when.is_some()),
        ];
        let missing: Vec<&str> = signed
            .iter()
            .filter(|(_, there)| !there)
            .map(|(key, _)| *key)
            .collect();
        if !missing.is_empty() {
            return Err(format!(
                "what changes a mark is signed; missing: {}",
                missing.join(", ")
            ));
        }
    }
    let line = |text: Option<String>| text.map(|text| Line::new(&text));
    let when = written.when.map(|when| match when {
        toml::Value::String(text) => text,
        other => other.to_string(),
    });
    Ok(Override {
        who,
        cause,
        change,
        comment: line(written.comment),
        reason: line(written.reason),
        by: line(written.by),
        when: line(when),
        was: written.was.map(|Count(was)| was),
        place: place.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    fn check(name: &str, text: &str, expected: Result<usize, &str>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        match (read(folder.path()), expected) {
            (Ok(all), Ok(count)) => assert_eq!(all.len(), count, "{text}"),
            (Err(failure), Err(says)) => assert!(failure.to_string().contains(says), "{failure}"),
            (all, expected) => panic!("{text}: {all:?}, {expected:?}"),
        }
    }

    const SIGNED: &str = "reason = 'the spec was wrong'\nby = 'Ada'\nwhen = 2026-03-04\n";

    #[test]
    fn an_entry_gives_one_thing_and_is_signed_where_it_gives_points() {
        let check = |entry: &str, expected: Result<usize, &str>| {
            check(
                "overrides.toml",
                &format!("[[override]]\n{entry}"),
                expected,
            );
        };
        let signed = |entry: &str| format!("{entry}\n{SIGNED}");
        check(&signed("who = 'bob'\nmark = 12"), Ok(1));
        check(
            &signed("who = 'bob'\ncase = 'two'\npoints = 2\nwas = 0"),
            Ok(1),
        );
        check(
            &signed("cause = 'two-1a2b3c'\ncase = 'two'\npoints = 2"),
            Ok(1),
        );
        check(&signed("who = 'bob'\nlate-days = 0"), Ok(1));
        check("cause = 'two-1a2b3c'\ncomment = 'see page 4'", Ok(1));
        check("who = 'bob'\nmark = 12", Err("missing: reason, by, when"));
        check(
            &signed("who = 'bob'\nmark = 12\nlate-days = 1"),
            Err("more than one thing"),
        );
        check(
            &signed("who = 'bob'\npoints = 2"),
            Err("points need a case"),
        );
        check(
            &signed("who = 'bob'\ncase = 'two'"),
            Err("case needs points"),
        );
        check(&signed("who = 'bob'"), Err("gives nothing"));
        check(&signed("mark = 3"), Err("neither who nor cause"));
        let whole = Err("expected a whole number, 0 or more");
        check(&signed("who = 'bob'\nmark = -1"), whole);
        check(&signed("who = 'bob'\nmark = 6.5"), whole);
        check(&signed("who = 'bob'\nlate-days = '2'"), whole);
        check(&signed("who = ' '\nmark = 3"), Err("neither who nor cause"));
        check("who = 'bob'\nnote = 'x'", Err("unknown field `note`"));
    }

    /// It said `expected a sequence`, and which entry of fifty was wrong had to be counted.
    #[test]
    fn a_mistake_is_found_by_its_line() {
        let check = |text: &str, expected: Result<usize, &str>| {
            check("overrides.toml", text, expected);
        };
        check(
            "[override]\nwho = 'bob'\ncomment = 'x'\n",
            Err("expected entries that each begin with [[override]], in double brackets"),
        );
        check(
            "# Ada\n\n[[override]]\nwho = 'a'\ncomment = 'x'\n\n[[override]]\nmark = 1\n",
            Err("overrides.toml, entry 2 (line 7): it says neither"),
        );
    }

    #[test]
    fn a_spreadsheet_says_the_same() {
        let check = |text: &str, expected: Result<usize, &str>| {
            check("overrides.csv", text, expected);
        };
        check(
            "who,mark,reason,by,when\nbob,12,x,Ada,2026-03-04\nann,3,y,Ada,2026-03-05\n",
            Ok(2),
        );
        check("\u{feff}who;comment\nbob;\"a; b\"\n", Ok(1));
        check("Who,Late days,Reason,By,When\nbob,0,ill,Ada,today\n", Ok(1));
        check(
            "who,mark,reason,by,when\nbob,12.5,x,Ada,today\n",
            Err("row 2: mark is \"12.5\", and no whole number"),
        );
        check("who,grade\nbob,12\n", Err("no column \"grade\""));
        check(
            "who,mark\nbob,12\n",
            Err("overrides.csv, row 2: what changes a mark is signed"),
        );
        check("", Ok(0));
    }

    /// A spreadsheet of Windows saves in its own encoding, or in two bytes a letter.
    #[test]
    fn a_spreadsheet_says_the_same_in_each_encoding() {
        const TEXT: &str = "sep=;\r\nwho;comment\r\nZo\u{eb} M\u{fc}ller;sch\u{f6}n\r\n";
        let windows: Vec<u8> = TEXT.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let wide = TEXT.encode_utf16().flat_map(u16::to_le_bytes);
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(wide).collect();
        for bytes in [TEXT.as_bytes().to_vec(), windows, wide] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("overrides.csv"), bytes).unwrap();
            let all = read(folder.path()).unwrap();
            assert_eq!(all[0].who.as_deref(), Some("Zo\u{eb} M\u{fc}ller"));
            assert_eq!(all[0].comment, Some("sch\u{f6}n".into()));
        }
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        check(
            "overrides.toml",
            "[[override]]\nwho = 'a'\n[[override]]\nmark = 1\n",
            Err("entry 2 (line 3): it says neither"),
        );
    }
}
