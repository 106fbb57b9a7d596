//! `class.toml`: what counts for a class, written by its instructor into the folder of results.

use std::fs;
use std::path::Path;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show::path as display;
use ipclab_intake::spreadsheet;
use ipclab_report::{Base, LateRule, time};
use ipclab_spec::Tier;
use serde::Deserialize;

use super::count::Count;

/// The name of the file.
pub(crate) const RULES: &str = "class.toml";

/// What counts for a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The tiers that the class is graded on; empty: the file does not say.
    pub tiers: Vec<Tier>,
    /// The mark of what was not handed in; `None`: no mark.
    pub not_handed_in: Option<u32>,
    /// What being late costs; `None`: nothing.
    pub late: Option<LateRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    #[serde(default)]
    tiers: Vec<String>,
    not_handed_in: Option<Count>,
    late: Option<WrittenLate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenLate {
    deadline: Option<toml::Value>,
    zone: Option<String>,
    per_day: Option<String>,
    of: Option<String>,
    grace: Option<String>,
    slip_days: Option<Count>,
    cap: Option<String>,
    until_days: Option<Count>,
}

impl Rules {
    /// Reads the file of a folder of results. Where there is none, no rule is made.
    ///
    /// # Errors
    /// It cannot be read, or says what no rule can be.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let file = folder.join(RULES);
        match fs::read(&file) {
            // Windows's editors save with a byte order mark, or in two bytes a letter.
            Ok(bytes) => Self::parse(&spreadsheet::text(&bytes))
                .map_err(|why| Failure::usage(format!("reading {}: {why}", display(&file)))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::usage(format!(
                "reading {}: {}",
                display(&file),
                reason(&error)
            ))),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let written: Written =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let tier = |name: &String| {
            let known = Tier::ALL.into_iter().find(|tier| tier.name() == name);
            known.ok_or_else(|| {
                let names = Tier::ALL.map(Tier::name);
                format!("there is no tier {name:?}: {}", names.join(", "))
            })
        };
        Ok(Self {
            tiers: written.tiers.iter().map(tier).collect::<Result<_, _>>()?,
            not_handed_in: written.not_handed_in.map(|Count(points)| points),
            late: written.late.as_ref().map(late).transpose()?,
        })
    }
}

/// The rule as it is worked with. Every mistake is named by its key.
fn late(written: &WrittenLate) -> Result<LateRule, String> {
    let wrong = |key: &str, is: &str, wanted: &str| format!("late.{key} is {is:?}: {wanted}");
    let zone_s = match &written.zone {
        None => None,
        Some(zone) => Some(
            time::zone(zone).ok_or_else(|| wrong("zone", zone, "a zone is written as +01:00"))?,
        ),
    };
    let deadline = written.deadline.as_ref().map(|value| match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    // A moment that names no zone is in that of the file, else in the deadline's own.
    let zone_s = zone_s.or_else(|| time::zone_of(deadline.as_deref()?));
    let deadline = match (deadline, zone_s) {
        (None, _) => None,
        (Some(text), None) if time::moment(&text, 0).is_some() => {
            let wanted = "its zone is missing: 2026-03-01 23:59 +01:00, or zone = \"+01:00\" for all moments without one";
            return Err(wrong("deadline", &text, wanted));
        }
        (Some(text), zone_s) => {
            let at = time::moment(&text, zone_s.unwrap_or(0));
            let wanted = "a moment is written as 2026-03-01 23:59 +01:00";
            Some(at.ok_or_else(|| wrong("deadline", &text, wanted))?)
        }
    };
    let percent = |key: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => thousandths(text)
            .map(Some)
            .ok_or_else(|| wrong(key, text, "a part, of 0% to 100%, is written as \"10%\"")),
    };
    let per_day = percent("per-day", &written.per_day)?
        .ok_or("late.per-day is missing: what each day that has begun costs, such as \"10%\"")?;
    let grace_s = match &written.grace {
        None => 0,
        Some(text) => time::span(text).ok_or_else(|| {
            wrong(
                "grace",
                text,
                "a span is written as \"30 min\" or \"2 hours\"",
            )
        })?,
    };
    Ok(LateRule {
        deadline,
        zone_s: zone_s.unwrap_or(0),
        per_day,
        of: match written.of.as_deref() {
            None | Some("max") => Base::Max,
            Some("mark") => Base::Mark,
            Some(other) => {
                return Err(wrong(
                    "of",
                    other,
                    "\"max\", the points of the lab, or \"mark\"",
                ));
            }
        },
        grace_s,
        slip_days: written.slip_days.map_or(0, |Count(days)| days),
        cap: percent("cap", &written.cap)?,
        until_days: written.until_days.map(|Count(days)| days),
    })
}

/// `10%`, `2.5 %`
fn thousandths(text: &str) -> Option<u32> {
    let number = text.trim().strip_suffix('%')?.trim();
    let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(tenths) || tenths.len() != 1 {
        return None;
    }
    let all = whole.parse::<u32>().ok()?.checked_mul(10)? + tenths.parse::<u32>().ok()?;
    (all <= 1000).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::Rules;
    use ipclab_report::{Base, LateRule};

    #[test]
    fn the_class_s_file_says_what_counts() {
        let check = |text: &str, expected: Result<(usize, Option<u32>), &str>| {
            let rules = Rules::parse(text);
            match (rules, expected) {
                (Ok(rules), Ok(expected)) => {
                    assert_eq!((rules.tiers.len(), rules.not_handed_in), expected);
                }
                (Err(why), Err(says)) => assert!(why.contains(says), "{why}"),
                (rules, expected) => panic!("{text}: {rules:?}, {expected:?}"),
            }
        };
        check("", Ok((0, None)));
        check("not-handed-in = 0", Ok((0, Some(0))));
        check("tiers = ['core', 'robust']", Ok((2, None)));
        check("tiers = ['cor']", Err("no tier \"cor\": core"));
        check("tier = 'core'", Err("unknown field `tier`"));
        check(
            "not-handed-in = -1",
            Err("expected a whole number, 0 or more"),
        );
    }

    #[test]
    fn the_class_s_file_is_read_as_windows_saves_it() {
        const TEXT: &str = "# f\u{fc}r alle\r\nnot-handed-in = 0\r\n";
        let wide = TEXT.encode_utf16().flat_map(u16::to_le_bytes);
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(wide).collect();
        let marked = format!("\u{feff}{TEXT}").into_bytes();
        let windows: Vec<u8> = TEXT.chars().map(|c| u8::try_from(c).unwrap()).collect();
        for bytes in [TEXT.as_bytes().to_vec(), marked, wide, windows] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(super::RULES), bytes).unwrap();
            let rules = Rules::read(folder.path()).unwrap();
            assert_eq!(rules.not_handed_in, Some(0));
        }
    }

    #[test]
    fn what_being_late_costs_is_read_or_the_key_that_is_wrong_is_named() {
        const NOON: i64 = 1_772_366_400; // 2026-03-01 12:00 UTC
        let check = |text: &str, expected: Result<LateRule, &str>| match (
            Rules::parse(&format!("[late]\n{text}")),
            expected,
        ) {
            (Ok(rules), Ok(expected)) => assert_eq!(rules.late, Some(expected), "{text}"),
            (Err(why), Err(says)) => assert!(why.contains(says), "{why}"),
            (rules, expected) => panic!("{text}: {rules:?}, {expected:?}"),
        };
        let ten = LateRule {
            per_day: 100,
            ..LateRule::default()
        };
        check("per-day = '10%'", Ok(ten.clone()));
        check(
            "per-day = '10%'\ndeadline = 2026-03-01T13:00:00+01:00",
            Ok(LateRule {
                deadline: Some(NOON),
                zone_s: 3600,
                ..ten.clone()
            }),
        );
        check(
            "per-day = '2.5 %'\ndeadline = '2026-03-01 13:00'\nzone = '+01:00'\nof = 'mark'\ngrace = '30 min'\nslip-days = 2\ncap = '50%'\nuntil-days = 7",
            Ok(LateRule {
                deadline: Some(NOON),
                zone_s: 3600,
                per_day: 25,
                of: Base::Mark,
                grace_s: 1800,
                slip_days: 2,
                cap: Some(500),
                until_days: Some(7),
            }),
        );
        check("cap = '50%'", Err("late.per-day is missing"));
        check("per-day = '10'", Err("late.per-day is \"10\""));
        check("per-day = '101%'", Err("late.per-day"));
        check(
            "per-day = '10%'\ndeadline = '2026-03-01 13:00'",
            Err("its zone is missing"),
        );
        check(
            "per-day = '10%'\ndeadline = 'soon'",
            Err("late.deadline is \"soon\""),
        );
        check("per-day = '10%'\ngrace = 'a bit'", Err("late.grace"));
        check("per-day = '10%'\nzone = 'CET'", Err("late.zone"));
        check("per-day = '10%'\nof = 'all'", Err("late.of"));
        check("per-day = '10%'\nslip = 2", Err("unknown field `slip`"));
    }
}
