//! Spans of time as systems and people write them.

/// Seconds of a day.
pub(crate) const DAY_S: u64 = 24 * 60 * 60;

/// Units of spans in the same languages, in seconds.
const UNITS: [(u64, &[&str]); 6] = [
    (
        1,
        &[
            "s",
            "sec",
            "secs",
            "second",
            "seconds",
            "sekunde",
            "sekunden",
            "segundo",
            "segundos",
            "secondo",
            "secondi",
            "seconde",
            "secondes",
            "seconden",
            "segon",
            "segons",
            "seg",
            "segs",
            "secunde",
            "sn",
            "сек",
            "δευτερόλεπτο",
            "δευτερόλεπτα",
            "sek",
            "秒",
        ],
    ),
    (
        60,
        &[
            "m",
            "min",
            "mins",
            "minute",
            "minutes",
            "minuten",
            "minuto",
            "minutos",
            "minuut",
            "minut",
            "minuts",
            "minutu",
            "dk",
            "мин",
            "хв",
            "λεπτό",
            "λεπτά",
            "分",
            "分钟",
        ],
    ),
    (
        3600,
        &[
            "h",
            "hour",
            "hours",
            "stunde",
            "stunden",
            "heure",
            "heures",
            "hora",
            "horas",
            "ora",
            "ore",
            "oră",
            "uur",
            "uren",
            "timme",
            "timmar",
            "hores",
            "ordu",
            "saat",
            "ч",
            "час",
            "година",
            "години",
            "годин",
            "ώρα",
            "ώρες",
            "valanda",
            "valandos",
            "時間",
            "小时",
        ],
    ),
    (
        DAY_S,
        &[
            "d",
            "day",
            "days",
            "tag",
            "tage",
            "jour",
            "jours",
            "día",
            "días",
            "dia",
            "dias",
            "dies",
            "giorno",
            "giorni",
            "dag",
            "dagen",
            "dagar",
            "egun",
            "zi",
            "zile",
            "gün",
            "день",
            "дн",
            "днів",
            "ημέρα",
            "ημέρες",
            "diena",
            "dienos",
            "日",
            "天",
        ],
    ),
    (7 * DAY_S, &["w", "week", "weeks"]),
    (
        365 * DAY_S,
        &[
            "y", "year", "years", "jahr", "jahre", "an", "ans", "año", "años", "anno", "anni",
            "ano", "anos", "jaar", "jaren", "år", "any", "anys", "urte", "ani", "yıl", "г", "рік",
            "роки", "έτος", "έτη", "metai", "年",
        ],
    ),
];

/// A span in seconds: `30 min`, `2 days 3 hours`, `26:00:00`. `None`: it is none.
#[must_use]
pub fn span(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    if let Some((hours, rest)) = text.split_once(':') {
        let mut parts = rest.splitn(2, ':');
        let minutes: u64 = parts.next()?.parse().ok()?;
        let seconds: u64 = parts.next().map_or(Ok(0), str::parse).ok()?;
        let hours: u64 = hours.parse().ok()?;
        return (minutes < 60 && seconds < 60).then_some(hours * 3600 + minutes * 60 + seconds);
    }
    let (mut sum, mut found, mut rest) = (0_u64, false, text.as_str());
    loop {
        rest = rest
            .trim_start_matches([' ', ',', '\u{a0}'])
            .trim_start_matches("and ");
        if rest.is_empty() {
            return found.then_some(sum);
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(rest.len());
        let word = &rest[..letters];
        let (unit, _) = UNITS.iter().find(|(_, names)| names.contains(&word))?;
        rest = rest[letters..].trim_start_matches('.');
        sum = sum.saturating_add(number.saturating_mul(*unit));
        found = true;
    }
}

/// A span in words, rounded up to what people count in: `2 days 3 hours`, `40 minutes`.
#[must_use]
pub fn span_words(seconds: u64) -> String {
    let count = |number: u64, what: &str| {
        let s = if number == 1 { "" } else { "s" };
        format!("{number} {what}{s}")
    };
    let minutes = seconds.div_ceil(60);
    match minutes {
        0..60 => count(minutes, "minute"),
        60..1440 => match minutes % 60 {
            0 => count(minutes / 60, "hour"),
            rest => format!("{} {}", count(minutes / 60, "hour"), count(rest, "minute")),
        },
        _ => match minutes % 1440 / 60 {
            0 => count(minutes / 1440, "day"),
            rest => format!("{} {}", count(minutes / 1440, "day"), count(rest, "hour")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{span, span_words};

    #[test]
    fn spans_are_read_and_written() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(span(text), expected, "{text}");
        check("30 min", Some(1800));
        check("26:00:05", Some(93_605));
        check("00:00:00", Some(0));
        check("2 days 3 hours", Some(183_600));
        check("1 day, 2 hours", Some(93_600));
        check("3h", Some(10_800));
        check("45 mins 10 secs", Some(2710));
        check("2 Tage 3 Stunden", Some(183_600));
        check("2 jours 3 heures", Some(183_600));
        check("2 дн. 3 час.", Some(183_600));
        for wrong in ["", "3", "soon", "-1 day", "1:99", "2 fortnights"] {
            check(wrong, None);
        }
        let check = |seconds: u64, expected: &str| assert_eq!(span_words(seconds), expected);
        check(1, "1 minute");
        check(3600, "1 hour");
        check(3661, "1 hour 2 minutes");
        check(183_600, "2 days 3 hours");
        check(86_400, "1 day");
    }
}
