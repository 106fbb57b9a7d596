//! Moments and spans of time as course systems, spreadsheets and people write them.
//!
//! Only what is needed to say how late something is: no calendar of time zones. A moment without a zone is in the zone
//! that the class's own file names.

mod span;

pub(crate) use span::DAY_S;
pub use span::{span, span_words};

/// Months by how their names begin, in the languages that course systems are used in most: two for `juin` and `juillet`.
const MONTHS: [(i64, &[&str]); 12] = [
    (1, &["jan", "ene", "gen", "xan", "ian", "oca", "янв", "січ"]),
    (2, &["feb", "fev", "sub", "фев", "лют"]),
    (3, &["mar", "maa", "мар", "бер"]),
    (4, &["apr", "avr", "abr", "nis", "апр", "кві"]),
    (5, &["may", "mai", "mei", "mag", "maj", "мая", "тра"]),
    (
        6,
        &["jun", "juin", "giu", "xun", "iun", "haz", "июн", "чер"],
    ),
    (
        7,
        &["jul", "juil", "lug", "xul", "iul", "tem", "июл", "лип"],
    ),
    (8, &["aug", "aou", "ago", "agu", "авг", "сер"]),
    (9, &["sep", "set", "eyl", "сен", "вер"]),
    (10, &["oct", "okt", "ott", "out", "eki", "окт", "жов"]),
    (11, &["nov", "noi", "kas", "ноя", "лис"]),
    (12, &["dec", "dez", "dic", "des", "ara", "дек", "гру"]),
];

/// A moment in seconds since 1970, UTC: `2026-03-01 10:00:00.0 -08:00`, `Sunday, 1 March 2026, 11:05 PM`. One without a zone
/// is in the zone `zone_s` seconds east of Greenwich. `None`: it cannot be told, and nothing is guessed.
#[must_use]
pub fn moment(text: &str, zone_s: i64) -> Option<i64> {
    let (local_s, own) = parts(text)?;
    Some(local_s - own.unwrap_or(zone_s))
}

/// The zone that a moment names itself, in seconds east of Greenwich.
#[must_use]
pub fn zone_of(text: &str) -> Option<i64> {
    parts(text)?.1
}

/// A moment on the clocks of its zone, and the zone that it names.
fn parts(text: &str) -> Option<(i64, Option<i64>)> {
    let text = text.trim();
    let dates = numeric_date(text).or_else(|| dotted_date(text));
    let dates = dates.or_else(|| written_date(text));
    let (date, rest) = dates.or_else(|| named_date(text))?;
    let (clock_s, rest) = clock(rest)?;
    let local_s = date * DAY_S as i64 + clock_s;
    match rest.trim() {
        "" => Some((local_s, None)),
        named => Some((local_s, Some(zone(named)?))),
    }
}

/// A zone in seconds east of Greenwich: `Z`, `UTC`, `+01:00`, `-0800`.
#[must_use]
pub fn zone(text: &str) -> Option<i64> {
    let text = text.trim();
    let bare = text.trim_start_matches("UTC").trim_start_matches("GMT");
    if matches!(text, "Z" | "z") || (bare.is_empty() && !text.is_empty()) {
        return Some(0);
    }
    let (sign, digits) = match bare.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-" | "−", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (numeric && hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)
}

/// `2026-03-01`, `2026/03/01`, and what stands behind it.
fn numeric_date(text: &str) -> Option<(i64, &str)> {
    let bytes = text.as_bytes();
    let between = *bytes.get(4)?;
    let shape = bytes.len() >= 10
        && matches!(between, b'-' | b'/')
        && (0..10).all(|at| match at {
            4 | 7 => bytes[at] == between,
            _ => bytes[at].is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let part = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let date = days(part(0, 4)?, part(5, 7)?, part(8, 10)?)?;
    let rest = text[10..].trim_start_matches(['T', 't', ' ', ',']);
    Some((date, rest))
}

/// `1.3.2026`, and what stands behind it: with dots the day stands first everywhere. `3/1/2026` is two dates, and none here.
fn dotted_date(text: &str) -> Option<(i64, &str)> {
    let (day, rest) = text.split_once('.')?;
    let (month, rest) = rest.split_once('.')?;
    let (year, rest) = rest.split_at_checked(4)?;
    let number = |text: &str, most: usize| {
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit());
        (numeric && (1..=most).contains(&text.len())).then(|| text.parse::<i64>().ok())?
    };
    let date = days(number(year, 4)?, number(month, 2)?, number(day, 2)?)?;
    Some((date, rest.trim_start_matches([' ', ','])))
}

/// `2026年3月1日(日)`, and what stands behind it.
fn written_date(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = text.split_once('年')?;
    let (month, rest) = rest.split_once('月')?;
    let (day, rest) = rest.split_once('日')?;
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let date = days(number(year)?, number(month)?, number(day)?)?;
    // The day of the week stands before the time.
    Some((date, rest.trim_start_matches(|c: char| !c.is_ascii_digit())))
}

/// `Sunday, 1 March 2026`, `March 1, 2026`, `1. März 2026`, and what stands behind it.
fn named_date(text: &str) -> Option<(i64, &str)> {
    let (mut day, mut month, mut before) = (None, None, None);
    let mut at = 0;
    while let Some(word) = next_word(text, &mut at) {
        match (word.parse::<i64>(), day) {
            (Ok(number), None) => day = Some(number),
            (Ok(year), Some(day)) => {
                // A month before the day counts where none stands behind it: in `mardi 3 novembre` the first word only
                // begins like one.
                let date = days(year, month.or(before)?, day)?;
                let rest = text[at..].trim_start_matches([',', ' ', '.']);
                let clock = ["at ", "às "].iter().find_map(|at| rest.strip_prefix(at));
                return Some((date, clock.unwrap_or(rest)));
            }
            (Err(_), None) => before = named_month(word),
            (Err(_), Some(_)) => month = month.or_else(|| named_month(word)),
        }
    }
    None
}

fn named_month(word: &str) -> Option<i64> {
    let word = crate::names::folded(word).concat();
    let begins = |names: &&[&str]| names.iter().any(|name| word.starts_with(name));
    MONTHS
        .iter()
        .find(|(_, names)| begins(names))
        .map(|(month, _)| *month)
}

/// The next word of letters or of digits.
fn next_word<'a>(text: &'a str, at: &mut usize) -> Option<&'a str> {
    let rest = &text[*at..];
    let start = rest.find(char::is_alphanumeric)?;
    let digits = rest[start..].starts_with(|c: char| c.is_ascii_digit());
    let ends = |c: char| !c.is_alphanumeric() || c.is_ascii_digit() != digits;
    let length = rest[start..].find(ends).unwrap_or(rest.len() - start);
    *at += start + length;
    Some(&rest[start..start + length])
}

/// `23:59:30.5`, `11:05 PM`, in seconds since midnight, and what stands behind it.
fn clock(text: &str) -> Option<(i64, &str)> {
    let number = |text: &'_ str| -> Option<(i64, usize)> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        Some((text.get(..digits)?.parse().ok()?, digits))
    };
    let (hours, length) = number(text)?;
    let rest = text[length..].strip_prefix(':')?;
    let (minutes, length) = number(rest)?;
    let mut rest = &rest[length..];
    let mut seconds = 0;
    if let Some(behind) = rest.strip_prefix(':') {
        let (number, length) = number(behind)?;
        seconds = number;
        rest = &behind[length..];
        if let Some(fraction) = rest.strip_prefix('.') {
            rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    let lower = rest.trim_start_matches([' ', '\u{202f}', '\u{a0}']);
    let half = |half: &str| {
        lower
            .get(..2)
            .is_some_and(|two| two.eq_ignore_ascii_case(half))
    };
    let (hours, rest) = match (half("am"), half("pm")) {
        (true, _) if (1..=12).contains(&hours) => (hours % 12, &lower[2..]),
        (_, true) if (1..=12).contains(&hours) => (hours % 12 + 12, &lower[2..]),
        (false, false) => (hours, rest),
        _ => return None,
    };
    let fits = hours <= 24 && minutes < 60 && seconds <= 60;
    fits.then_some((hours * 3600 + minutes * 60 + seconds, rest))
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        28 + i64::from(leap),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let before = lengths.get(..usize::try_from(month).ok()?.checked_sub(1)?)?;
    let length = lengths.get(before.len())?;
    if !(1970..=9999).contains(&year) || !(1..=*length).contains(&day) {
        return None;
    }
    let past = year - 1;
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    Some((year - 1970) * 365 + leaps(past) - leaps(1969) + before.iter().sum::<i64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::{moment, zone};

    #[test]
    fn moments_are_read_as_systems_write_them() {
        // 2026-03-01 12:00 UTC
        const NOON: i64 = 1_772_366_400;
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(moment(text, 3600), expected, "{text}");
        };
        check("2026-03-01T12:00:00Z", Some(NOON));
        // Gradescope, with the zone that it writes.
        check("2026-03-01 04:00:00.000000000 -08:00", Some(NOON));
        check("2026-03-01 04:00:00 -0800", Some(NOON));
        check("2026-03-01 12:00 UTC", Some(NOON));
        check("2026-03-01 13:00", Some(NOON));
        // Spreadsheets.
        check("2026/03/01 13:00", Some(NOON));
        check("1.3.2026 13:00", Some(NOON));
        check("01.03.2026, 13:00:00", Some(NOON));
        // Moodle, in several languages.
        check("Sunday, 1 March 2026, 1:00 PM", Some(NOON));
        check("Sonntag, 1. März 2026, 13:00", Some(NOON));
        check("dimanche 1 mars 2026, 13:00", Some(NOON));
        check("domingo, 1 de marzo de 2026, 13:00", Some(NOON));
        check("mardi 3 mars 2026, 13:00", Some(NOON + 2 * 86_400));
        check("March 1, 2026 at 1:00 pm", Some(NOON));
        check("domingo, 1 de março de 2026 às 13:00", Some(NOON));
        check("söndag, 1 mars 2026, 13:00", Some(NOON));
        check("воскресенье, 1 марта 2026, 13:00", Some(NOON));
        check("2026年 3月 1日(日) 13:00", Some(NOON));
        check("2026年3月1日 星期日 13:00", Some(NOON));
        // A day of the week that begins like a month: mardi, martes, maandag, martedì.
        const NOVEMBER: i64 = NOON + 247 * 86_400; // 2026-11-03 12:00 UTC, a Tuesday
        check("mardi 3 novembre 2026, 13:00", Some(NOVEMBER));
        check("martes, 3 de noviembre de 2026, 13:00", Some(NOVEMBER));
        check("martedì, 3 novembre 2026, 13:00", Some(NOVEMBER));
        check("maandag, 2 november 2026, 13:00", Some(NOVEMBER - 86_400));
        check("вівторок 3 листопада 2026 13:00", Some(NOVEMBER));
        check(
            "Sunday, 1 March 2026, 12:30 AM",
            Some(NOON - 12 * 3600 - 1800),
        );
        check("1970-01-01 01:00", Some(0));
        check("2024-02-29 01:00 +0000", Some(1_709_168_400));
        for wrong in [
            "",
            "-",
            "2026-02-29 10:00",
            "2026-13-01 10:00",
            "1/3/26 10:00",
            "1/3/2026 10:00",
            "1.3.26 10:00",
            "1.13.2026 10:00",
            "2026-03/01 10:00",
            "2026-03-01",
            "soon",
            "2026-03-01 25:00",
            "2026-03-01 10:00 XYZ",
            "2026-03-01 13:00 PM",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn zones_are_read() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(zone(text), expected, "{text}");
        check("+01:00", Some(3600));
        check("UTC+2", Some(7200));
        check("-0830", Some(-30_600));
        check("Z", Some(0));
        check("CET", None);
        check("+99", None);
        check("", None);
    }
}
